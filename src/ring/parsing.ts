/** Pieces of header syntax. Source: `ring.util.parsing`. */

/** RFC 9110, section 5.6.2: code units that may stand in a token. */
const TOKEN = table("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

function table(characters: string): Uint8Array {
  const codes = new Uint8Array(128);
  for (const character of characters) codes[character.charCodeAt(0)] = 1;
  return codes;
}

/** May the code unit stand in a token? */
export function isTokenCode(code: number): boolean {
  return TOKEN[code] === 1;
}

/** Is the whole text a token? */
export function isToken(text: string): boolean {
  return text !== "" && tokenEnd(text, 0) === text.length;
}

function tokenEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && isTokenCode(text.charCodeAt(at))) at++;
  return at;
}

/**
 * What a token or a quoted string means: the quotes go, backslashes stay, as in Ring; undefined if the whole text is
 * neither.
 */
export function parseValue(text: string): string | undefined {
  return valueAt(text, 0, (after) => after === text.length);
}

const QUOTE = 34;
const BACKSLASH = 92;

/** The token or quoted string that starts here, provided that what comes after it is as it should be. */
function valueAt(text: string, from: number, isEnd: (after: number) => boolean): string | undefined {
  if (text.charCodeAt(from) !== QUOTE) {
    const end = tokenEnd(text, from);
    return end > from && isEnd(end) ? text.slice(from, end) : undefined;
  }
  // A quote after a backslash may belong to the value, or end it if nothing else does: the longest value counts.
  let close = text.indexOf('"', from + 1);
  while (close !== -1 && close > from + 1 && text.charCodeAt(close - 1) === BACKSLASH) {
    close = text.indexOf('"', close + 1);
  }
  if (close !== -1 && isEnd(close + 1)) return text.slice(from + 1, close);
  const last = close === -1 ? text.length : close;
  for (let at = text.lastIndexOf('"', last - 1); at > from; at = text.lastIndexOf('"', at - 1)) {
    if (isEnd(at + 1)) return text.slice(from + 1, at);
  }
  return undefined;
}

const isBlank = (code: number): boolean => code === 32 || (code >= 9 && code <= 13);
/** What nearly every content-type with a charset looks like: one parameter, and a token for its value. */
const ONLY_CHARSET = /^[^;]*;[ \t]*charset=([\w!#$%&'*+.^`|~-]+)$/i;
const CHARSET = /charset=/gi;
const LINE_END = /[\n\r\u0085\u2028\u2029]|$/g;

/**
 * The charset parameter of a content-type: after a semicolon, directly or after anything that ends in a blank; of several
 * the last one after a blank, else the first. Linear in time, whatever a client sends.
 *
 * @see Source: `ring.util.parsing/find-content-type-charset`.
 */
export function findContentTypeCharset(contentType: string): string | undefined {
  if (!contentType.includes(";")) return undefined;
  const only = ONLY_CHARSET.exec(contentType);
  if (only !== null) return only[1];
  const candidates = [...contentType.matchAll(CHARSET)];
  if (candidates.length === 0) return undefined;
  const isEnd = (after: number): boolean => {
    let at = after;
    while (isBlank(contentType.charCodeAt(at))) at++;
    return at === contentType.length || contentType.charCodeAt(at) === 59;
  };
  const direct = new Map<number, string>();
  const blanks: { at: number; value: string }[] = [];
  for (const { index, 0: name } of candidates) {
    const before = contentType.charCodeAt(index - 1);
    if (before !== 59 && !isBlank(before)) continue;
    const value = valueAt(contentType, index + name.length, isEnd);
    if (value === undefined) continue;
    if (before === 59) direct.set(index - 1, value);
    else blanks.push({ at: index - 1, value });
  }
  let next = 0;
  let lineEnd = -1;
  let last: { at: number; value: string } | undefined;
  for (let at = contentType.indexOf(";"); at !== -1; at = contentType.indexOf(";", at + 1)) {
    if (at > lineEnd) {
      // What lies between the semicolon and the blank is one line.
      LINE_END.lastIndex = at;
      lineEnd = LINE_END.exec(contentType)?.index ?? contentType.length;
      last = undefined;
      while ((blanks[next]?.at ?? Infinity) <= lineEnd) last = blanks[next++];
    }
    if (last !== undefined && last.at > at) return last.value;
    const value = direct.get(at);
    if (value !== undefined) return value;
  }
  return undefined;
}
