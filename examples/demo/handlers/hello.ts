/** A plain handler: a map comes in, a map goes out, in the same tick. */
import type { Handler } from "express-ring";

export const hello: Handler = ({ requestMethod, uri, scheme, routeParams }) => ({
  status: 200,
  headers: { "content-type": "application/json" },
  body: JSON.stringify({
    greeting: `Hello, ${String(routeParams?.["name"])}!`,
    request: { requestMethod, uri, scheme, routeParams },
  }),
});
