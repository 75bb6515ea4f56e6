/**
 * URLs as `java.net.URL` resolves them, which is what Ring's redirects do: nothing is escaped, decoded or lower-cased, and
 * only paths that are relative lose their dots.
 */

/** A URL in its pieces; a piece that is absent is not written. */
export interface UrlParts {
  readonly scheme: string;
  readonly authority: string;
  /** Begins with "/". */
  readonly path: string;
  /** What follows "?". */
  readonly query?: string | undefined;
  /** What follows "#". */
  readonly fragment?: string | undefined;
}

/** The scheme that a reference begins with, in lower case; undefined if it is relative. */
export function schemeOf(reference: string): string | undefined {
  return /^([a-z][a-z\d+.-]*):/i.exec(reference)?.[1]?.toLowerCase();
}

/** The port in the authority of a URL or reference, as it is written; undefined without one. */
export function portOf(reference: string): string | undefined {
  const authority = /^(?:[a-z][a-z\d+.-]*:)?\/\/([^/?#]*)/i.exec(reference)?.[1] ?? "";
  const host = authority.slice(authority.indexOf("@") + 1);
  const colon = host.indexOf(":", host.startsWith("[") ? host.indexOf("]") + 1 : 0);
  return colon === -1 ? undefined : host.slice(colon + 1);
}

/** Is it a port, or nothing, as RFC 3986 has it? */
export function isPort(text: string): boolean {
  return /^\d*$/.test(text);
}

/** The URL as text. */
export function formatUrl({ scheme, authority, path, query, fragment }: UrlParts): string {
  let text = `${scheme}://${authority}${path}`;
  if (query !== undefined) text += `?${query}`;
  if (fragment !== undefined) text += `#${fragment}`;
  return text;
}

/** Control characters and blanks at the ends, which Java does not count. */
export function trimUrl(text: string): string {
  let start = 0;
  let end = text.length;
  while (end > start && text.charCodeAt(end - 1) <= 32) end--;
  while (start < end && text.charCodeAt(start) <= 32) start++;
  return text.slice(start, end);
}

/**
 * Resolves a reference without a scheme: `//host/path`, `/path`, `path`, `?query`, `#fragment` or nothing.
 *
 * A host that is empty (`///path`) is none: all of it is a path.
 */
export function resolveReference(base: UrlParts, reference: string): UrlParts {
  if (reference === "") return base;
  const hash = reference.indexOf("#");
  const fragment = hash === -1 ? undefined : reference.slice(hash + 1);
  const whole = hash === -1 ? reference : reference.slice(0, hash);
  const { scheme } = base;
  if (whole === "") return { ...base, fragment };
  const question = whole.indexOf("?");
  const query = question === -1 ? undefined : whole.slice(question + 1);
  const hier = question === -1 ? whole : whole.slice(0, question);
  const authority = authorityOf(hier);
  if (authority !== "") return { scheme, authority, path: hier.slice(authority.length + 2), query, fragment };
  const path = hier === "" ? folderOf(base.path) : hier.startsWith("/") ? hier : mergePaths(base.path, hier);
  return { scheme, authority: base.authority, path, query, fragment };
}

function authorityOf(hier: string): string {
  if (!hier.startsWith("//")) return "";
  const slash = hier.indexOf("/", 2);
  return hier.slice(2, slash === -1 ? hier.length : slash);
}

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf("/") + 1);

/** A relative path after the folder of another one, without the dots that can go; those beyond the root stay. */
function mergePaths(base: string, relative: string): string {
  const [, ...segments] = (folderOf(base) + relative).split("/");
  const last = segments.pop() ?? "";
  const kept: string[] = [];
  for (const segment of segments) {
    if (segment === ".") continue;
    // Java lets the first one beyond the root stand, and those right after it, but takes back what it let stand after that.
    const isStuck = kept.length === 0 || (kept.length === 1 && kept[0] === "..");
    if (segment !== ".." || isStuck) kept.push(segment);
    else kept.pop();
  }
  // Two dots at the end stand if others stand already.
  const isHeld = kept.length === 0 || kept[0] === "..";
  if (last === ".." && !isHeld) kept.pop();
  const folder = kept.length === 0 ? "/" : `/${kept.join("/")}/`;
  return last === "." || (last === ".." && !isHeld) ? folder : folder + last;
}
