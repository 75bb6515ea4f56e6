import { describe, expect, it } from "@jest/globals";
import { RingError } from "../../src/errors/index.js";
import { StatusError } from "../../src/http/client/errors.js";
import { WebsocketHandshakeError } from "../../src/http/websocket/errors.js";
import { failureResponse } from "../../src/message/index.js";
import { EventSourceStatusError } from "../../src/sse/errors.js";
import { withLog } from "../contract/host.js";

const unexplained = [500, "Internal Server Error", 1];
const upstream = { status: 404, headers: {}, body: "" } as unknown as ConstructorParameters<typeof StatusError>[0];

describe("failureResponse", () => {
  it.each([
    [
      "tells what a client can do something about",
      new RingError("A", "too long", { status: 413 }),
      [413, "too long", 0],
    ],
    [
      "gives no more than the name of a status of the server's own",
      new RingError("A", "secret", { status: 503 }),
      [503, "Service Unavailable", 1],
    ],
    ["gives 500 for an error without a status", new RingError("A", "secret"), unexplained],
    ["gives 500 for a status that is no error's", new RingError("A", "secret", { status: 302 }), unexplained],
    ["gives 500 for a status that there is not", new RingError("A", "secret", { status: 799 }), unexplained],
    ["gives 500 for errors that are not the kit's", Object.assign(new Error("secret"), { status: 404 }), unexplained],
    ["gives 500 for null", null, unexplained],
    ["keeps what a service has answered to itself", new StatusError(upstream), unexplained],
    [
      "keeps where a websocket was refused to itself",
      new WebsocketHandshakeError("ws://inside", "says no", { status: 401 }),
      unexplained,
    ],
    ["keeps what an event source was answered to itself", new EventSourceStatusError(404), unexplained],
  ])("%s", async (_does, error, [status, body, logged]) => {
    await withLog(async (log) => {
      const response = failureResponse(error, "GET /");
      expect([response.status, response.body, log.length]).toEqual([status, body, logged]);
    });
  });
});
