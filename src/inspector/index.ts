/** What an inspector of this process is made of. */
export { isLocal } from "./access.js";
export { inspectionOf } from "./inspection.js";
export { PAGE, POLICY } from "./page/index.js";
export { timed } from "./parts.js";
export { type Recorder, startRecorder } from "./recorder.js";
