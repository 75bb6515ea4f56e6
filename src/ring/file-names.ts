/** Which paths of clients may be looked up at all. Everything else is left to the operating system, and checked by what it finds. */

import { RingError } from "../errors/index.js";

/** The path of a request cannot name a file: it is empty, or has a NUL character. Code `RING_BAD_PATH`, status 400. */
export class BadPathError extends RingError {
  constructor() {
    super("RING_BAD_PATH", "the path of the request is empty or has a NUL character; it names no file", {
      status: 400,
    });
  }
}

const SEPARATORS = /[/\\]/;

/** Is one of the names `..`, with either separator? */
export function hasParentName(path: string): boolean {
  return path.includes("..") && path.split(SEPARATORS).includes("..");
}

/** Does one of the names begin with a dot? `.`, `..` and `.well-known` (RFC 8615) do not count. */
export function hasHiddenName(path: string): boolean {
  return path.split(SEPARATORS).some((name) => name.startsWith(".") && !NOT_HIDDEN.has(name));
}

const NOT_HIDDEN = new Set([".", "..", ".well-known"]);

// Another separator; drives and alternate streams (:); what no name may have, `\\?\` among it; short names (GIT~1).
// oxlint-disable-next-line no-control-regex
const FORBIDDEN_ON_WINDOWS = /[\\:<>"|?*\u0000-\u001f]|~\d/;
const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|com[\d¹²³]|lpt[\d¹²³])[ .]*(?:\..*)?$/i;
// Windows takes them away, so that `secret.` is `secret`.
const TRAILING = /[. ]$/;

/**
 * Would Windows take the path for something else than files and folders below the root: a drive, a server, a device, an
 * alternate stream, a name in disguise? Elsewhere a name is a name.
 */
export function isStrangeOn(platform: string, path: string): boolean {
  if (platform !== "win32") return false;
  if (FORBIDDEN_ON_WINDOWS.test(path)) return true;
  return path.split("/").some((name) => DEVICE.test(name) || (TRAILING.test(name) && name !== "." && name !== ".."));
}
