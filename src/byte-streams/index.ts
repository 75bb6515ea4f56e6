/** Representations of bytes. Source: `clj-commons.byte-streams`; begins with the file region. */
export { type FileRegion, FileRegionError, file, fileRegion, HttpFile } from "./http-file.js";
