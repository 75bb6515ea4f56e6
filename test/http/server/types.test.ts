import { describe, expect, it } from "@jest/globals";
import type { Deferred } from "../../../src/deferred/index.js";
import { type Server, type ServerOptions, startServer } from "../../../src/http/index.js";
import type { RingRequest } from "../../../src/ring/types.js";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <T extends true>(value: T): T => value;

/** Never run: what compiles is the test. */
function compiled(handler: (request: RingRequest & { readonly session: object }) => null): void {
  // @ts-expect-error there is no such option
  void startServer(() => null, { port: 0, idleTimeOut: 5 });
  // @ts-expect-error a port is a number
  void startServer(() => null, { port: "80" });
  // @ts-expect-error there are two versions
  void startServer(() => null, { port: 0, httpVersions: ["http3"] });
  // @ts-expect-error it is key
  void startServer(() => null, { port: 0, sslContext: { privateKey: "" } });
  // @ts-expect-error client certificates are asked for by clientAuth
  void startServer(() => null, { port: 0, sslContext: { requestCert: true } });
  // @ts-expect-error an error is answered with a response
  void startServer(() => null, { port: 0, errorHandler: () => "oops" });
  // @ts-expect-error the handler needs a session, which no middleware gives it
  void startServer(handler, { port: 0 });
  const spread: ServerOptions = { port: 0, ...(Math.random() > 1 && { idleTimeout: undefined }) };
  void startServer(async ({ uri }) => ({ status: 200, body: uri }), spread);
}

describe("the type of startServer", () => {
  it("is that of a deferred of a server", () => {
    expect(holds<Equal<ReturnType<typeof startServer>, Deferred<Server>>>(true)).toBe(true);
    expect(typeof compiled).toBe("function");
  });
});
