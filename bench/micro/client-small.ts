import { startServer } from "./client-server.js";
import { type Task, together, withAxios, withFetch, withGot, withKit, withNode, withUndici } from "./clients.js";

export const operations = 100;

const send = together(operations, `${await startServer()}/small`);

export const ring: Task = send(withKit);
export const undici: Task = send(withUndici);
export const fetched: Task = send(withFetch);
export const axios: Task = send(withAxios);
export const got: Task = send(withGot);
export const nodeHttp: Task = send(withNode);
