/** A form: `wrapParams` reads what it posts, `wrapCookies` remembers it. The types say which middleware it needs. */
import type { RingRequest, RingResponse } from "express-ring";
import type { Cookies, Params } from "express-ring/middleware";
import { redirect } from "express-ring/response";

export function profile(request: RingRequest & Params & Cookies): RingResponse {
  if (request.requestMethod === "post") return remember(request.params);
  const name = request.cookies["demo-name"]?.value;
  const tea = request.cookies["demo-tea"]?.value;
  return {
    status: 200,
    headers: { "content-type": "text/plain; charset=utf-8" },
    body: name === undefined ? "We have not met." : `Welcome, ${name}. Your ${tea} is ready.`,
  };
}

function remember({ name, tea }: Params["params"]): RingResponse {
  return { ...redirect("/profile", "see-other"), cookies: { "demo-name": cookie(name), "demo-tea": cookie(tea) } };
}

function cookie(value: unknown) {
  return {
    value: typeof value === "string" ? value.slice(0, 40) : "",
    path: "/profile",
    httpOnly: true,
    sameSite: "strict",
  } as const;
}
