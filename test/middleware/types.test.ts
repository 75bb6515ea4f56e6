/**
 * What the types of middleware promise. The `types` check compiles this file: a line under `@ts-expect-error` that began
 * to compile would fail it.
 */
import { describe, expect, it } from "@jest/globals";
import {
  byteArrayStore,
  type Cookies,
  type FileBytes,
  type MultipartParams,
  type Params,
  type TempFile,
  wrapCompression,
  wrapContentType,
  wrapCookies,
  wrapFile,
  wrapFileInfo,
  wrapHead,
  wrapKeywordParams,
  wrapLint,
  wrapMultipartParams,
  wrapNestedParams,
  wrapNotModified,
  wrapParams,
  wrapRanges,
  wrapReload,
  wrapResource,
  wrapStacktrace,
  wrapWebsocketKeepalive,
} from "../../middleware/index.js";
import type { Awaitable } from "../../src/deferred/index.js";
import { pipe } from "../../src/ring/pipe.js";
import type { Handler, RingRequest, RingResponse } from "../../src/ring/types.js";

interface User {
  readonly user: string;
}

/** Middleware as a user of the kit writes it. */
function wrapUser<R extends RingRequest>(handler: Handler<R & User>): Handler<Omit<R, keyof User>> {
  return (request) => handler({ ...request, user: "ann" } as unknown as R & User);
}

const served = (handler: Handler): Handler => handler;
const request: RingRequest = {
  serverPort: 80,
  serverName: "localhost",
  remoteAddr: "127.0.0.1",
  uri: "/",
  queryString: "a=1",
  scheme: "http",
  requestMethod: "get",
  protocol: "HTTP/1.1",
  headers: { cookie: "b=2" },
};
const ask = (handler: Handler): Awaitable<RingResponse | null | undefined> => handler(request);

describe("a stack of middleware", () => {
  it("gives a handler what each of them adds, in any order", () => {
    const handler = (request: RingRequest & Params & Cookies & User): RingResponse => ({
      body: `${String(request.queryParams["a"])} ${request.cookies["b"]?.value} ${request.user}`,
    });
    const body = "1 2 ann";
    expect(ask(pipe(handler, wrapParams, wrapCookies, wrapUser))).toEqual({ body });
    expect(ask(pipe(handler, wrapUser, wrapCookies, wrapParams))).toEqual({ body });
    expect(ask(wrapUser(wrapCookies(wrapParams(handler))))).toEqual({ body });
    expect(
      ask(
        pipe(
          handler,
          wrapHead,
          wrapCookies,
          wrapContentType,
          wrapNotModified,
          (h) => wrapParams(h, { maxBytes: 1 }),
          wrapUser,
        ),
      ),
    ).toMatchObject({ body });
  });

  it("takes interfaces, lambdas and handlers that need nothing", () => {
    interface Mine extends RingRequest, Params, Cookies {}
    const mine = (request: Mine): RingResponse => ({ body: Object.keys(request.cookies).join() });
    expect(ask(pipe(mine, wrapParams, wrapCookies))).toEqual({ body: "b" });
    expect(ask(wrapParams((request) => ({ body: Object.keys(request.queryParams).join() })))).toEqual({ body: "a" });
    expect(ask(wrapParams(wrapCookies((request: RingRequest & Params & Cookies) => ({ body: request.uri }))))).toEqual({
      body: "/",
    });
    expect(ask(pipe(() => ({ status: 204 }), wrapParams, wrapCookies))).toEqual({ status: 204 });
    expect(ask(pipe(() => null, wrapParams))).toBeNull();
  });

  it("hands on what others add through middleware that adds nothing", () => {
    const handler = (request: RingRequest & User): RingResponse => ({ body: request.user });
    const app = pipe(
      handler,
      (h) => wrapFile(h, new URL(import.meta.url)),
      (h) => wrapResource(h, "nowhere"),
      wrapFileInfo,
      wrapRanges,
      (h) => wrapCompression(h, { encodings: ["br"] }),
      wrapUser,
    );
    // @ts-expect-error -- nothing adds a user
    served(wrapRanges(wrapCompression(handler)));
    // @ts-expect-error -- a coding that is none
    expect(() => wrapCompression(wrapUser(handler), { encodings: ["rar"] })).toThrow("encodings must name some of");
    // @ts-expect-error -- an option that does not exist
    expect(() => wrapFile(wrapUser(handler), "nowhere", { index: false })).toThrow("does not exist");
    expect(served(app)).toBeInstanceOf(Function);
  });

  it("keeps what a handler reads in sight, through what is there for development", async () => {
    const needsParams = (request: RingRequest & Params): RingResponse => ({
      status: 200,
      headers: {},
      body: String(request.queryParams["a"]),
    });
    const app = pipe(needsParams, wrapLint, wrapWebsocketKeepalive, wrapStacktrace, wrapParams);
    expect(await ask(app)).toMatchObject({ body: "1" });
    const loaded = wrapReload(async () => ({ default: needsParams }), { dirs: [], reload: false });
    expect(await ask(wrapParams(loaded))).toMatchObject({ body: "1" });
    // @ts-expect-error -- nothing adds params
    served(pipe(needsParams, wrapLint, wrapWebsocketKeepalive, wrapStacktrace));
    // @ts-expect-error -- nor to a handler that is loaded
    served(loaded);
    // @ts-expect-error -- a handler that is none
    wrapReload(async () => ({ handler: needsParams }), { dirs: [], reload: false });
  });

  it("does not compile without what the handler reads", () => {
    const needsParams = (request: RingRequest & Params): RingResponse => ({ body: String(request.queryParams["a"]) });
    const needsBoth = (request: RingRequest & Params & Cookies): RingResponse => ({
      body: request.cookies["a"]?.value,
    });
    // @ts-expect-error -- nothing adds params
    served(needsParams);
    // @ts-expect-error -- cookies are not params
    served(wrapCookies(needsParams));
    // @ts-expect-error -- cookies are missing
    served(wrapParams(needsBoth));
    // @ts-expect-error -- params are missing
    served(pipe(needsBoth, wrapCookies, wrapHead));
    // @ts-expect-error -- nothing adds a user
    served(pipe((request: RingRequest & User) => ({ body: request.user }), wrapParams, wrapCookies));
    // @ts-expect-error -- a request has no params of its own
    served((request) => ({ body: request.params }));
    // @ts-expect-error -- an option that does not exist
    wrapParams(needsParams, { limit: 5 });
    // @ts-expect-error -- a response's status is a number
    wrapParams(() => ({ status: "200" }));
    expect(served(wrapParams(needsParams))).toBeInstanceOf(Function);
    expect(served(pipe(needsBoth, wrapCookies, wrapParams))).toBeInstanceOf(Function);
  });
});

describe("the types of forms", () => {
  it("let a stack read nested fields and files", () => {
    const handler = ({ params, multipartParams }: RingRequest & Params & MultipartParams): RingResponse => {
      const file = multipartParams["file"] as TempFile | undefined;
      return { body: `${JSON.stringify(params)} ${file?.size}` };
    };
    const body = '{"a":"1"} undefined';
    expect(ask(pipe(handler, wrapKeywordParams, wrapNestedParams, wrapMultipartParams, wrapParams))).toEqual({ body });
    expect(ask(wrapParams(wrapMultipartParams(handler, { maxFileSize: 1 })))).toEqual({ body });
    expect(ask(wrapMultipartParams(wrapNestedParams(({ params }) => ({ body: Object.keys(params).join() }))))).toEqual({
      body: "",
    });
  });

  it("know what a store answers", () => {
    const bytes = ({ multipartParams }: RingRequest & MultipartParams<FileBytes>): RingResponse => {
      const { a } = multipartParams;
      return { body: typeof a === "object" && "bytes" in a ? a.bytes : "" };
    };
    const count = ({ multipartParams }: RingRequest & MultipartParams<number>): RingResponse => ({
      body: String(multipartParams["a"]),
    });
    const store = async (): Promise<number> => 1;
    expect(ask(wrapMultipartParams(bytes, { store: byteArrayStore() }))).toEqual({ body: "" });
    expect(ask(wrapMultipartParams(count, { store }))).toEqual({ body: "undefined" });
    expect(
      ask(pipe(bytes, (handler) => wrapMultipartParams(handler, { store: byteArrayStore() }), wrapParams)),
    ).toEqual({
      body: "",
    });
    // @ts-expect-error -- the default store makes files, not bytes
    wrapMultipartParams(bytes);
    // @ts-expect-error -- a store of numbers makes no bytes
    wrapMultipartParams(bytes, { store });
    // @ts-expect-error -- an option that does not exist
    wrapMultipartParams(count, { store, limit: 5 });
  });

  it("do not compile without what is read", () => {
    const nested = wrapNestedParams((request) => ({ body: JSON.stringify(request.params) }));
    // @ts-expect-error -- nothing adds the params to be nested
    served(nested);
    const uploads = (request: RingRequest & MultipartParams): RingResponse => ({ body: request.uri });
    // @ts-expect-error -- wrapParams reads no multipart forms
    served(wrapParams(uploads));
    expect(served(wrapParams(nested))).toBeInstanceOf(Function);
    expect(served(wrapMultipartParams(uploads))).toBeInstanceOf(Function);
  });
});
