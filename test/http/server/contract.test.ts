import { httpContract } from "../../contract/http.js";
import { middlewareContract } from "../../contract/middleware.js";
import { h2c, http1 } from "./hosts.js";

for (const host of [http1, h2c]) {
  httpContract(host);
  middlewareContract(host);
}
