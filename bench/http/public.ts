import { fileURLToPath } from "node:url";

/** The demo's folder of static files, in which most requests of a site find nothing. */
export const publicFolder: string = fileURLToPath(new URL("../../examples/demo/public", import.meta.url));
