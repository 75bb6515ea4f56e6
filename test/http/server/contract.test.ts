import { httpContract } from "../../contract/http.js";
import { middlewareContract } from "../../contract/middleware.js";
import { http1 } from "./hosts.js";

httpContract(http1);
middlewareContract(http1);
