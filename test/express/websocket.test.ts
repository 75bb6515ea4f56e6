import { websocketContract } from "../contract/websocket.js";
import { mounts } from "./websocket-mounts.js";

for (const mount of mounts) websocketContract(mount);
