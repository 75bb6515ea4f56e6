/**
 * A text as a URL; undefined if it is none. Not by `URL.canParse`, which in Node 20, once it is compiled, takes some with
 * characters beyond ASCII for none; and without Node's error, which repeats the text, and the password in it.
 */
export function parseUrl(text: string | URL, base?: string | URL): URL | undefined {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}
