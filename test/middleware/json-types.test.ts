/** What the types of the JSON and anti-forgery middleware promise; see types.test.ts. */
import { describe, expect, it } from "@jest/globals";
import {
  type AntiForgery,
  type Cookies,
  encryptedToken,
  type JsonParams,
  type JsonRequest,
  type JsonResponse,
  type Params,
  signedToken,
  wrapAntiForgery,
  wrapCookies,
  wrapJsonBody,
  wrapJsonParams,
  wrapJsonResponse,
  wrapParams,
} from "../../middleware/index.js";
import { pipe } from "../../src/ring/pipe.js";
import {
  badRequest,
  contentType,
  created,
  header,
  notFound,
  response,
  setCookie,
  status,
} from "../../src/ring/response.js";
import type { Handler, RingRequest, RingResponse } from "../../src/ring/types.js";
import { expectType } from "../types.js";

interface Order {
  readonly id: number;
}

interface Session {
  readonly session: Readonly<Record<string, unknown>>;
}

declare function wrapSession<R extends RingRequest>(handler: Handler<R & Session>): Handler<Omit<R, keyof Session>>;

const served = (handler: Handler): Handler => handler;
const secret = "a secret of enough bytes";

describe("the types of JSON middleware", () => {
  it("give the handler data of the type it says, and the outside a body", () => {
    const order = ({ body, uri }: JsonRequest<Order>): JsonResponse => ({ body: { id: body.id + 1, uri } });
    served(pipe(order, wrapJsonResponse, wrapJsonBody));
    served(wrapJsonBody(wrapJsonResponse(order), { maxBytes: 10 }));
    served(wrapJsonResponse(wrapJsonBody(order)));
    served(pipe(order, wrapJsonBody, (inner) => wrapJsonParams(inner), wrapJsonResponse));
    const full = ({ body, params, cookies }: JsonRequest<Order> & Params & Cookies): JsonResponse => ({
      body: [body.id, params["a"], cookies["b"]?.value],
    });
    served(pipe(full, wrapJsonResponse, wrapJsonBody, wrapParams, wrapCookies));
    served(pipe(({ body }: { readonly body: unknown }) => ({ body: [body] }), wrapJsonResponse, wrapJsonBody));
    expect(wrapJsonBody).toBeInstanceOf(Function);
  });

  it("know nothing of data that nobody has described", () => {
    served(wrapJsonBody((request) => ({ body: String(expectType<unknown>()(request.body)) })));
    served(wrapJsonParams((request) => ({ body: String(expectType<unknown>()(request.params?.["a"])) })));
    served(pipe(({ jsonParams }: RingRequest & JsonParams) => ({ body: typeof jsonParams?.["a"] }), wrapJsonParams));
    expect(wrapJsonParams).toBeInstanceOf(Function);
  });

  it("take data from the makers of responses, whatever is done to them", () => {
    const app = (): JsonResponse => setCookie(header(status(response([1]), 201), "a", "b"), "c", "d");
    served(wrapJsonResponse(app));
    served(wrapJsonResponse(() => contentType(created("/1", { id: 1 }), "application/problem+json")));
    served(wrapJsonResponse(() => notFound({ error: "no such order" })));
    served(wrapJsonResponse(() => badRequest({ error: "no order" })));
    expect(response([1])).toEqual({ status: 200, headers: {}, body: [1] });
    expectType<string>()(response("text").body);
    expectType<null>()(created("/1").body);
  });

  it("do not let through what does not fit", () => {
    const order = ({ body }: JsonRequest<Order>): RingResponse => ({ body: String(body.id) });
    // @ts-expect-error -- nothing parses the body
    served(order);
    // @ts-expect-error -- nothing encodes the data
    served(() => ({ body: { id: 1 } }));
    // @ts-expect-error -- nothing encodes what the maker of responses was given
    served(() => response({ id: 1 }));
    // @ts-expect-error -- nothing encodes the data, and reading does not
    served(wrapJsonBody(({ body }: JsonRequest<Order>) => response(body)));
    // @ts-expect-error -- an option that does not exist
    wrapJsonBody(order, { limit: 5 });
    // @ts-expect-error -- a response's status is a number
    wrapJsonResponse(() => ({ status: "200", body: {} }));
    expect(served(wrapJsonBody(order))).toBeInstanceOf(Function);
  });
});

describe("the types of anti-forgery middleware", () => {
  const page = ({ antiForgeryToken }: RingRequest & AntiForgery): RingResponse => ({ body: antiForgeryToken });

  it("need what the strategy needs", () => {
    const check = (): void => {
      served(wrapSession(wrapAntiForgery(page)));
      served(pipe(page, (inner) => wrapAntiForgery(inner, { safeHeader: "x-requested-with" }), wrapSession));
      // @ts-expect-error -- there is no session
      served(wrapAntiForgery(page));
      // @ts-expect-error -- there is no session
      served(wrapAntiForgery(page, { safeHeader: "x-requested-with" }));
      // @ts-expect-error -- nothing adds a token
      served(page);
    };
    const strategy = encryptedToken(secret, 3600, (request: { readonly user?: string }) => request.user);
    served(wrapAntiForgery(page, { strategy }));
    served(wrapCookies(wrapAntiForgery(page, { strategy: signedToken(secret) })));
    // @ts-expect-error -- there are no cookies
    served(wrapAntiForgery(page, { strategy: signedToken(secret) }));
    // @ts-expect-error -- nothing adds the user that the strategy asks for
    served(wrapAntiForgery(page, { strategy: encryptedToken(secret, 1, (request: { user: string }) => request.user) }));
    expect(check).toBeInstanceOf(Function);
  });
});
