import { httpContract } from "../contract/http.js";
import { hosts } from "./hosts.js";

for (const host of hosts) httpContract(host);
