/** The Range header: which bytes are asked for (RFC 9110, 14.1.2). */

/** Bytes from `start` up to and including `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

const SPEC = /^(\d*)-(\d*)$/;

/** One range inside of `size` bytes; null if none of it is there, undefined if it is not well formed. */
function parseRange(spec: string, size: number): ByteRange | null | undefined {
  const [, first = "", last = ""] = SPEC.exec(spec.trim()) ?? [];
  if (first === "" && last === "") return undefined;
  if (first === "") return Number(last) === 0 ? null : { start: Math.max(0, size - Number(last)), end: size - 1 };
  const start = Number(first);
  const end = last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (last !== "" && Number(last) < start) return undefined;
  return start < size ? { start, end } : null;
}

/** Ranges that overlap or touch become one, where the first of them stood, so that no byte is sent twice. */
function combined(ranges: readonly ByteRange[]): ByteRange[] {
  const merged: { start: number; end: number; place: number }[] = [];
  const ordered = ranges.map((range, place) => ({ ...range, place })).sort((a, b) => a.start - b.start);
  for (const range of ordered) {
    const last = merged.at(-1);
    if (last === undefined || range.start > last.end + 1) merged.push(range);
    else {
      last.end = Math.max(last.end, range.end);
      last.place = Math.min(last.place, range.place);
    }
  }
  return merged.sort((a, b) => a.place - b.place).map(({ start, end }) => ({ start, end }));
}

/**
 * Reads a Range header against a body of `size` bytes: the ranges that are there, without overlaps, in the order asked for;
 * none if none of them is there; undefined if the header is to be ignored: another unit, not well formed, or more than
 * `maxRanges` ranges.
 */
export function parseByteRanges(header: string, size: number, maxRanges: number): readonly ByteRange[] | undefined {
  const [, list = ""] = /^\s*bytes\s*=(.*)$/is.exec(header) ?? [];
  // One more than allowed is enough to know.
  const specs = list.split(",", maxRanges + 1);
  if (list.trim() === "" || specs.length > maxRanges) return undefined;
  const ranges = specs.map((spec) => parseRange(spec, size));
  if (ranges.includes(undefined)) return undefined;
  return combined(ranges.filter((range) => range !== null && range !== undefined));
}
