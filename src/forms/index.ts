/** Multipart forms, read whole. */
export { FormReading, MAX_FIELDS_SIZE } from "./form-reading.js";
