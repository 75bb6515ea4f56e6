/** What every host of Ring handlers does, sentence by sentence. */
import type { Host } from "./host.js";
import { bodiesContract } from "./http-bodies.js";
import { flowContract } from "./http-flow.js";
import { requestContract } from "./http-request.js";
import { responseContract } from "./http-response.js";

export function httpContract(host: Host): void {
  requestContract(host);
  responseContract(host);
  bodiesContract(host);
  flowContract(host);
}
