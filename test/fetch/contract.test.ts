import { httpContract } from "../contract/http.js";
import { host } from "./hosts.js";

httpContract(host);
