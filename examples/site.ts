/**
 * A site with forms in an Express app: logging in, a message for the next page, an upload. All of it is `siteDefaults`:
 * sessions, flash, tokens against forged requests, multipart forms and careful headers. Open the address in a browser.
 */
import type { AddressInfo } from "node:net";
import express from "express";
import { type Handler, type RingRequest, type RingResponse, ring } from "express-ring";
import {
  antiForgeryField,
  type DefaultsAdded,
  memoryStore,
  recreate,
  type Session,
  siteDefaults,
  wrapDefaults,
  wrapHead,
} from "express-ring/middleware";
import { contentType, redirect, response, status } from "express-ring/response";

/** What is in a session. */
interface Visitor {
  readonly user: string;
}

const config = {
  ...siteDefaults,
  // Express serves the static files, if there are any.
  static: false,
  session: { ...siteDefaults.session, cookieName: "visitor", store: memoryStore({}, { timeToLive: 3600 }) },
} as const;

/** A request as the stack hands it on; the type follows the configuration. */
type SiteRequest = RingRequest & DefaultsAdded<typeof config> & Session<Visitor>;

const escaped = (text: unknown): string =>
  String(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

const page = (body: string): RingResponse => contentType(response(`<!doctype html>${body}\n`), "text/html");

const entrance = (field: string): string => `
  <form method="post" action="/login">${field}<input name="user" required><button>Log in</button></form>`;

const inside = (user: string, field: string): string => `
  <p>Hello, ${escaped(user)}.
  <form method="post" action="/upload" enctype="multipart/form-data">
    ${field}<input type="file" name="photo" required><button>Upload</button></form>
  <form method="post" action="/logout">${field}<button>Log out</button></form>`;

/** Each form carries the token: a POST without it is answered with 403, and no handler is called. */
const home: Handler<SiteRequest> = ({ session, flash, antiForgeryToken }) => {
  const field = antiForgeryField(antiForgeryToken);
  const message = flash === undefined ? "" : `<p role="status">${escaped(flash)}</p>`;
  return page(message + (session.user === undefined ? entrance(field) : inside(session.user, field)));
};

/** A session is stored because the response has one; `recreate` gives it a new key, as whoever knew the old one must not come in. */
const login: Handler<SiteRequest> = ({ session, params: { user } }) => {
  // A name that comes twice is an array, `user[a]` a map.
  if (typeof user !== "string") return status(page("One name, please."), 400);
  return { ...redirect("/", "see-other"), session: recreate({ ...session, user }), flash: "You are in." };
};

const logout: Handler<SiteRequest> = () => ({ ...redirect("/", "see-other"), session: null });

/** An uploaded file is in a temporary file, which is deleted an hour later. */
const upload: Handler<SiteRequest> = ({ session, multipartParams }) => {
  if (session.user === undefined) return status(page("Log in first."), 403);
  const photo = multipartParams["photo"];
  if (typeof photo !== "object" || !("filename" in photo)) return status(page("Choose one file."), 400);
  return { ...redirect("/", "see-other"), flash: `${photo.filename} has ${photo.size} bytes.` };
};

const pages: Readonly<Record<string, Handler<SiteRequest>>> = {
  "get /": home,
  "post /login": login,
  "post /logout": logout,
  "post /upload": upload,
};
const site = wrapDefaults(
  (request: SiteRequest) => pages[`${request.requestMethod} ${request.uri}`]?.(request),
  config,
);

const app = express();
// Express's own routes stand in front: a POST that has gone through the site was read, and asked for a token.
app.post("/api/echo", express.json(), (request, response) => void response.json(request.body));
app.use(ring(wrapHead(site)));

const server = app.listen(Number(process.env.PORT ?? 3000), (error) => {
  if (error) throw error;
  console.log(`http://localhost:${(server.address() as AddressInfo).port}/ has a log-in, an upload and a log-out`);
});
