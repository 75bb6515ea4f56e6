import { createServer } from "node:tls";
import { describe, expect, it } from "@jest/globals";
import express from "express";
import { mountInFront, type ServerOptions, startServer } from "../../../src/http/index.js";
import { describeWith } from "../../needs.js";
import { certificate, openssl } from "../certificate.js";
import { started } from "./start.js";

const handler = () => ({ body: "ok" });

/** What is said about options, in place. */
function complaint(options: object): string {
  try {
    void startServer(handler, { port: 0, ...options });
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    expect(code).toBe("RING_INVALID_ARGUMENT");
    return message;
  }
  throw new Error("the options were taken");
}

describe("the options of startServer", () => {
  it.each<[string, object, string]>([
    ["no address", { port: undefined }, "needs a port, a socketAddress or a listenSocket"],
    ["a port beyond the last", { port: 65_536 }, "port must be a whole number from 0 to 65535"],
    ["a port as text", { port: "80" }, "port must be a whole number"],
    ["a port of an address", { socketAddress: { port: -1 } }, "socketAddress.port must be"],
    ["an empty path", { socketAddress: { path: "" } }, "socketAddress.path must be the path"],
    ["a misspelt name", { idleTimeOut: 5 }, 'startServer has no option "idleTimeOut": there are errorHandler,'],
    ["a name of every object", { toString: 1 }, 'startServer has no option "toString": there are'],
    ["epoll", { epoll: true }, 'startServer has no option "epoll": Node has one transport'],
    ["transport", { transport: "nio" }, 'startServer has no option "transport": Node has one'],
    ["shutdownExecutor", { shutdownExecutor: true }, "there are no threads to end"],
    ["validateHeaders", { validateHeaders: false }, "headers are always validated"],
    ["compressionLevel", { compressionLevel: 6 }, "see compressionOptions"],
    ["pipelineTransform", { pipelineTransform: handler }, "see serverTransform and onConnection"],
    ["streamGoAwayHandler", { streamGoAwayHandler: handler }, "it opens none"],
    ["a negative time", { idleTimeout: -1 }, "idleTimeout must be a whole number of milliseconds from 0"],
    ["a fraction", { maxHeaderSize: 1.5 }, "maxHeaderSize must be a whole number of bytes from 0"],
    ["no number", { maxRequestBodySize: Number.NaN }, "maxRequestBodySize must be a whole number of bytes"],
    ["a close code that must not be sent", { websocketCloseCode: 1006 }, "1006 is no close code that may be sent"],
    ["endless shutdown", { shutdownTimeout: Number.POSITIVE_INFINITY }, "shutdownTimeout must be a number of seconds"],
    ["contradicting times", { headersTimeout: 2, requestTimeout: 1 }, "headersTimeout (2 milliseconds) is longer than"],
    ["an executor", { executor: {} }, "executor.maxConcurrent must be a whole number"],
    ["an executor of none", { executor: { maxConcurrent: 0 } }, "executor.maxConcurrent must be at least 1"],
    ["a pool of threads", { executor: "utilization" }, 'executor must be "none" or { maxConcurrent, maxQueue }'],
    ["rejectedHandler alone", { rejectedHandler: handler }, "rejectedHandler has no effect without"],
    ["compressionOptions alone", { compressionOptions: {} }, "compressionOptions have no effect without"],
    [
      "bad compressionOptions",
      { compression: true, compressionOptions: { gzipLevel: 10 } },
      "compressionOptions: gzipLevel",
    ],
    ["an errorHandler", { errorHandler: "oops" }, "errorHandler must be a function"],
    ["a serverHeader with a line", { serverHeader: "a\r\nb" }, "serverHeader must be the text of a header, or false"],
    ["a fallback", { fallback: {} }, "fallback must be a function of (req, res), such as an Express app"],
    [
      "Express over HTTP/2",
      { fallback: express(), httpVersions: ["http2"], useH2c: true },
      "the fallback speaks HTTP/1 only; leave http2 out of httpVersions",
    ],
  ])("are refused: %s", (_what, options, expected) => {
    expect(complaint(options)).toContain(expected);
  });

  it("must have a handler before them", () => {
    expect(() => startServer(undefined as never, { port: 0 })).toThrow("startServer needs a handler");
  });

  it("of mountInFront are those that are about handlers", () => {
    expect(() => mountInFront(null as never, handler, { port: 1 } as never)).toThrow(
      'mountInFront has no option "port": there are errorHandler,',
    );
  });
});

describeWith("openssl", openssl, "the rules of TLS, HTTP/2 and ALPN (57)", (program) => {
  const sslContext = certificate(program);
  const both = ["http2", "http1"];

  it.each<[string, object, string]>([
    ["an unknown version", { httpVersions: ["http3"] }, 'unsupported version: "http3" is not "http1" or "http2"'],
    ["no version", { httpVersions: [] }, "httpVersions must name at least one version"],
    [
      "ALPN without a version that is wanted",
      { sslContext: { ...sslContext, ALPNProtocols: ["http/1.1"] }, httpVersions: both },
      "some desired versions are missing from ALPN (httpVersions: h2, http/1.1; ALPN: http/1.1)",
    ],
    [
      "ALPN in another order",
      { sslContext: { ...sslContext, ALPNProtocols: ["http/1.1", "h2"] }, httpVersions: both },
      "the order of preference differs",
    ],
    [
      "ALPN with more than is wanted",
      { sslContext: { ...sslContext, ALPNProtocols: ["h2", "http/1.1"] }, httpVersions: ["http1"] },
      "ALPN contains more than the desired versions",
    ],
    ["HTTP/2 without TLS", { httpVersions: ["http2"] }, "http2 needs an sslContext (or manualSsl), or useH2c"],
    ["useH2c without HTTP/2", { useH2c: true }, 'useH2c needs "http2" in httpVersions'],
    ["useH2c with TLS", { useH2c: true, httpVersions: both, sslContext }, "leave it or sslContext out"],
    ["useH2c with manualSsl", { useH2c: true, httpVersions: both, manualSsl: true }, "leave it or manualSsl out"],
    ["manualSsl with an sslContext", { manualSsl: true, sslContext }, "leave it or sslContext out"],
    ["manualSsl alone", { manualSsl: true }, "manualSsl needs a server of node:tls as listenSocket"],
    ["a key that is none", { sslContext: { ...sslContext, key: "no key" } }, "sslContext cannot be used: "],
    ["Aleph's names", { sslContext: { privateKey: "x" } }, "sslContext has no option privateKey: it is `key`"],
    ["an unknown clientAuth", { sslContext: { ...sslContext, clientAuth: "want" } }, '"none", "optional" or "require"'],
    ["an unknown protocol", { sslContext: { ...sslContext, protocols: ["SSLv3"] } }, 'not "SSLv3"'],
    ["no protocol", { sslContext: { ...sslContext, protocols: [] } }, "must name at least one version"],
  ])("refuse %s", (_what, options, expected) => {
    expect(complaint(options)).toContain(expected);
  });

  it.each<[string, Partial<ServerOptions>]>([
    [
      "ALPN that is the same",
      { sslContext: { ...sslContext, ALPNProtocols: ["h2", "http/1.1"] }, httpVersions: ["http2", "http1"] },
    ],
    ["options without ALPN", { sslContext, httpVersions: ["http1", "http2"] }],
    ["HTTP/1 with TLS", { sslContext }],
    ["HTTP/2 alone over TLS", { sslContext, httpVersions: ["http2"] }],
    ["useH2c", { useH2c: true, httpVersions: ["http2"] }],
    ["useH2c beside HTTP/1", { useH2c: true, httpVersions: ["http2", "http1"] }],
  ])("accept %s", async (_what, options) => {
    expect((await started(handler, options)).port).toBeGreaterThan(0);
  });

  it.each<[string, string[] | undefined, string[], string | undefined]>([
    ["without ALPN where only http1 is wanted: accepted", undefined, ["http1"], undefined],
    ["without ALPN where http2 is wanted: refused", undefined, both, "http2 needs ALPN"],
    ["with ALPN that is the same: accepted", ["h2", "http/1.1"], both, undefined],
    ["with ALPN in another order: refused", ["http/1.1", "h2"], both, "the order of preference differs"],
  ])("take a server of node:tls that is ready %s", async (_what, ALPNProtocols, httpVersions, expected) => {
    const listenSocket = createServer({ ...sslContext, ...(ALPNProtocols && { ALPNProtocols }) });
    await new Promise<void>((resolve) => listenSocket.listen(0, resolve));
    try {
      const options = { port: undefined, listenSocket, manualSsl: true, httpVersions };
      if (expected === undefined) expect((await started(handler, options as object)).port).toBeGreaterThan(0);
      else expect(complaint(options)).toContain(expected);
      expect(complaint({ ...options, httpVersions: ["http1"], manualSsl: false })).toContain(
        "say so with manualSsl: true",
      );
    } finally {
      listenSocket.close();
    }
  });
});
