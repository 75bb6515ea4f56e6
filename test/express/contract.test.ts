import { httpContract } from "../contract/http.js";
import { middlewareContract } from "../contract/middleware.js";
import { hosts } from "./hosts.js";

for (const host of hosts) {
  httpContract(host);
  middlewareContract(host);
}
