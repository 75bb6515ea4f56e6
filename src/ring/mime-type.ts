/** Media types by file extension. Source: `ring.util.mime-type`. */

// biome-ignore format: a table
const EXTENSIONS: Readonly<Record<string, string>> = {
  "application/atom+xml": "atom", "application/dart": "dart", "application/dash+xml": "mpd", "application/edn": "edn",
  "application/gzip": "gz", "application/java-archive": "jar", "application/json": "json", "application/msword": "doc",
  "application/octet-stream": "bin class dll dmg dms exe lha lzh", "application/pdf": "pdf",
  "application/pkix-cert": "cer", "application/pkix-crl": "crl", "application/postscript": "ai eps ps",
  "application/rss+xml": "rss", "application/rtf": "rtf", "application/vnd.ms-excel": "xls",
  "application/vnd.ms-fontobject": "eot", "application/vnd.ms-powerpoint": "ppt",
  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
  "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx", "application/wasm": "wasm",
  "application/x-7z-compressed": "7z", "application/x-bzip": "bz2", "application/x-deb": "deb",
  "application/x-dvi": "dvi", "application/x-iso9660-image": "iso", "application/x-mpegurl": "m3u8",
  "application/x-rar-compressed": "rar", "application/x-shockwave-flash": "swf", "application/x-tar": "tar",
  "application/x-x509-ca-cert": "crt", "application/zip": "zip",
  "audio/aac": "aac", "audio/flac": "flac", "audio/mpeg": "mp3", "audio/ogg": "oga ogg",
  "font/ttf": "ttf", "font/woff": "woff", "font/woff2": "woff2",
  "image/bmp": "bmp", "image/gif": "gif", "image/jpeg": "jpe jpeg jpg", "image/png": "png", "image/svg+xml": "svg",
  "image/tiff": "tif tiff", "image/webp": "webp", "image/x-cmu-raster": "ras", "image/x-icon": "ico",
  "image/x-portable-anymap": "pnm", "image/x-portable-bitmap": "pbm", "image/x-portable-graymap": "pgm",
  "image/x-portable-pixmap": "ppm", "image/x-xbitmap": "xbm", "image/x-xpixmap": "xpm", "image/x-xwindowdump": "xwd",
  "text/cache-manifest": "appcache", "text/css": "css", "text/csv": "csv", "text/html": "htm html",
  "text/javascript": "js mjs", "text/plain": "asc rb rd txt", "text/sgml": "sgm sgml", "text/x-setext": "etx",
  "text/xml": "xml",
  "video/mp2t": "ts", "video/mp4": "m4v mp4", "video/mpeg": "mpe mpeg mpg", "video/ogg": "ogv",
  "video/quicktime": "mov qt", "video/webm": "webm", "video/x-flv": "flv", "video/x-ms-wmv": "wmv",
  "video/x-msvideo": "avi",
};

const byExtension = new Map<string, string>();
for (const [type, extensions] of Object.entries(EXTENSIONS)) {
  for (const extension of extensions.split(" ")) byExtension.set(extension, type);
}

/** The media types known by extension (lower case, without the dot). @see Source: `ring.util.mime-type/default-mime-types`. */
export const defaultMimeTypes: Readonly<Record<string, string>> = Object.freeze(
  Object.assign(Object.create(null) as Record<string, string>, Object.fromEntries(byExtension)),
);

/** Media types by extension: lower case, without the dot; null hides a default. */
export type MimeTypes = Readonly<Record<string, string | null | undefined>>;

/**
 * The media type of a file name, path or URI by its extension, in any case; undefined if it has none or it is unknown.
 *
 * The string is taken as it is: `x.js?v=1` has no known extension.
 *
 * @param mimeTypes Looked at before the defaults.
 * @example
 * extMimeType("/img/logo.PNG"); // => "image/png"
 * @see Source: `ring.util.mime-type/ext-mime-type`.
 */
export function extMimeType(filename: string, mimeTypes?: MimeTypes | null): string | undefined {
  const dot = filename.lastIndexOf(".");
  if (dot === -1 || dot === filename.length - 1) return undefined;
  if (filename.indexOf("/", dot) !== -1 || filename.indexOf("\\", dot) !== -1) return undefined;
  const extension = filename.slice(dot + 1).toLowerCase();
  if (mimeTypes !== undefined && mimeTypes !== null && Object.hasOwn(mimeTypes, extension)) {
    return mimeTypes[extension] ?? undefined;
  }
  return byExtension.get(extension);
}
