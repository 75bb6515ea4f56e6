/** Types are checked where this file is compiled. */
import { describe, expect, it } from "@jest/globals";
import { type Session, wrapSession } from "../../../middleware/session.js";
import {
  context,
  type Handler,
  type PathParams,
  pipe,
  type RingRequest,
  type Routed,
  ring,
  router,
} from "../../../src/index.js";
import { expectType } from "../../types.js";

const ok = { status: 200 };

describe("PathParams", () => {
  it("is what a pattern names", () => {
    const types = [
      expectType<{ readonly id: string }>()({} as PathParams<"/users/:id">),
      expectType<{ readonly from: string; readonly to: string }>()({} as PathParams<"/flights/:from-:to">),
      expectType<{ readonly path: readonly string[] }>()({} as PathParams<"/files/*path">),
      expectType<{ readonly id: string; readonly tab?: string }>()({} as PathParams<"/users/:id{/:tab}">),
      expectType<{ readonly a?: string; readonly b?: readonly string[]; readonly c: string }>()(
        {} as PathParams<"{/:a{/x/*b}}/:c">,
      ),
      expectType<{ readonly "two words": string; readonly c: string }>()({} as PathParams<'/:"two words"/:c'>),
      expectType<{ readonly b: string }>()({} as PathParams<"/\\:a/:b">),
      expectType<{ readonly größe: string }>()({} as PathParams<"/:größe/x">),
      expectType<Readonly<Record<string, string | readonly string[]>>>()({} as PathParams<string>),
    ];
    expect(types).toHaveLength(9);
  });
});

describe("router", () => {
  it("tells handlers what they find", () => {
    const app = router({
      "GET /": (request) => {
        // @ts-expect-error: this path names nothing
        void request.routeParams.id;
        return ok;
      },
      "GET /users/:id": ({ routeParams, uri }) => {
        expectType<string>()(routeParams.id);
        expectType<string>()(uri);
        // @ts-expect-error: misspelt
        void routeParams.ID;
        return ok;
      },
      "ANY /files/*path": async ({ routeParams: { path } }) => {
        expectType<readonly string[]>()(path);
        return ok;
      },
      ...context("/teams/:team", {
        "GET /members/:member{/:tab}": ({ routeParams }) => {
          expectType<string>()(routeParams.team);
          expectType<string>()(routeParams.member);
          expectType<string | undefined>()(routeParams.tab);
          return ok;
        },
      }),
    });
    const handler: Handler = app;
    ring(app);
    expect(typeof handler).toBe("function");
  });

  it("takes plain handlers, and handlers that name their route", () => {
    const plain: Handler = () => ok;
    const show = ({ routeParams }: Routed<"/users/:id">) => ({ status: 200, body: routeParams.id });
    router({ "GET /": plain, "GET /users/:id": show, "/admin": router({ "GET /": plain }) });
    const withSession = router({
      "GET /": (request: RingRequest & Session) => ({ status: 200, session: request.session }),
      "GET /:id": ({ routeParams, session }) => ({ status: 200, session, body: routeParams.id }),
    });
    const app: Handler = pipe(withSession, wrapSession);
    expect(typeof app).toBe("function");
  });

  it("refuses what does not fit", () => {
    const show = ({ routeParams }: Routed<"/users/:id">) => ({ status: 200, body: routeParams.id });
    const greet: Handler<RingRequest & Session> = ({ session }) => ({ status: 200, session });
    expect(() => {
      // @ts-expect-error: the path has no id
      router({ "GET /users/:name": show });
      // @ts-expect-error: nobody adds the session
      ring(router({ "GET /": greet }));
      // @ts-expect-error: no such method
      router({ "GTE /": () => ok });
    }).toThrow("is no route");
    // @ts-expect-error: no path
    expect(() => router({ GET: () => ok })).toThrow("is no route");
    // @ts-expect-error: no handler
    expect(() => router({ "GET /": 7 })).toThrow("has a number; give it a handler");
    // @ts-expect-error: misspelt
    expect(() => router({}, { casesensitive: true })).toThrow('no option "casesensitive"');
  });
});
