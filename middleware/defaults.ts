/** Stacks of middleware that fit most applications. Source: `ring.middleware.defaults`. */

import { InvalidArgumentError } from "../src/errors/index.js";
import { labelled, partOf, tagOf } from "../src/ring/tag.js";
import type { Handler, RingRequest } from "../src/ring/types.js";
import { isTruthy } from "../src/transducers/transducer.js";
import { type AbsoluteRedirectsOptions, wrapAbsoluteRedirects } from "./absolute-redirects.js";
import type { HasSession } from "./anti-forgery/session.js";
import type { AntiForgeryStrategy } from "./anti-forgery/strategy.js";
import { type AntiForgery, type AntiForgeryOptions, wrapAntiForgery } from "./anti-forgery.js";
import { wrapContentLength } from "./content-length.js";
import { type ContentTypeOptions, wrapContentType } from "./content-type.js";
import { type Cookies, type CookiesOptions, wrapCookies } from "./cookies.js";
import { wrapDefaultCharset } from "./default-charset.js";
import { type FileOptions, wrapFile } from "./file.js";
import { type Flash, wrapFlash } from "./flash.js";
import { wrapKeywordParams } from "./keyword-params.js";
import type { TempFile } from "./multipart-params/temp-file.js";
import {
  type MultipartParams,
  type MultipartParamsOptions,
  type UploadStore,
  wrapMultipartParams,
} from "./multipart-params.js";
import { type NestedParamsOptions, wrapNestedParams } from "./nested-params.js";
import { wrapNotModified } from "./not-modified.js";
import { type Params, type ParamsOptions, wrapParams } from "./params.js";
import { wrapForwardedRemoteAddr } from "./proxy-headers.js";
import { type ResourceOptions, wrapResource } from "./resource.js";
import { cookieStore } from "./session/cookie.js";
import { type Session, type SessionOptions, wrapSession } from "./session.js";
import { type HstsOptions, type SslRedirectOptions, wrapForwardedScheme, wrapHsts, wrapSslRedirect } from "./ssl.js";
import { type WebsocketKeepaliveOptions, wrapWebsocketKeepalive } from "./websocket-keepalive.js";
import {
  type FrameOptions,
  wrapContentTypeOptions,
  wrapFrameOptions,
  wrapXssProtection,
  type XssProtectionOptions,
} from "./x-headers.js";

/** No value, null or false: left out. */
type Off = false | null | undefined;
/** True: with its own defaults; a map: with these options. */
type Switch<Options = never> = boolean | Options | null | undefined;
/** A folder, or one with options, or several of them: the last one wins. */
type Roots<Options> = Root<Options> | readonly Root<Options>[] | Off;
type Root<Options> = string | ({ readonly root: string } & Options);

/** What `wrapDefaults` puts around a handler; what is absent, null or false is left out. */
export interface DefaultsConfig {
  readonly params?:
    | {
        /** `wrapParams` */
        readonly urlencoded?: Switch<ParamsOptions>;
        /** `wrapMultipartParams` */
        readonly multipart?: Switch<MultipartParamsOptions<unknown>>;
        /** `wrapNestedParams` */
        readonly nested?: Switch<NestedParamsOptions>;
        /** `wrapKeywordParams`, which changes nothing here. */
        readonly keywordize?: Switch;
      }
    | Off;
  /** `wrapCookies` */
  readonly cookies?: Switch<CookiesOptions>;
  /** `wrapSession`, and with `flash` also `wrapFlash`. */
  readonly session?: Switch<SessionOptions & { readonly flash?: Switch }>;
  readonly security?:
    | {
        /** `wrapAntiForgery`, with whatever strategy */
        readonly antiForgery?: Switch<AntiForgeryOptions<never>>;
        /** `wrapXssProtection` */
        readonly xssProtection?: (XssProtectionOptions & { readonly enable?: boolean }) | Off;
        /** `wrapFrameOptions` */
        readonly frameOptions?: FrameOptions | Off;
        /** `wrapContentTypeOptions` */
        readonly contentTypeOptions?: "nosniff" | Off;
        /** `wrapHsts` */
        readonly hsts?: Switch<HstsOptions>;
        /** `wrapSslRedirect` */
        readonly sslRedirect?: Switch<SslRedirectOptions>;
      }
    | Off;
  readonly static?:
    | {
        /** `wrapResource` */
        readonly resources?: Roots<ResourceOptions>;
        /** `wrapFile` */
        readonly files?: Roots<FileOptions>;
      }
    | Off;
  readonly responses?:
    | {
        /** `wrapAbsoluteRedirects` */
        readonly absoluteRedirects?: Switch<AbsoluteRedirectsOptions>;
        /** `wrapContentType` */
        readonly contentTypes?: Switch<ContentTypeOptions>;
        /** `wrapDefaultCharset` */
        readonly defaultCharset?: string | Off;
        /** `wrapNotModified` */
        readonly notModifiedResponses?: Switch;
        /** `wrapContentLength` */
        readonly contentLength?: Switch;
      }
    | Off;
  readonly websocket?:
    | {
        /** `wrapWebsocketKeepalive` */
        readonly keepalive?: Switch<WebsocketKeepaliveOptions>;
      }
    | Off;
  /** Is there a proxy in front that says who asks, and by which scheme? `wrapForwardedScheme`, `wrapForwardedRemoteAddr` */
  readonly proxy?: Switch;
}

type Get<Map, Key extends string> = Map extends { readonly [K in Key]: infer Value } ? Value : undefined;
type IsOn<Value> = [Value] extends [never] ? false : [Extract<Value, Off>] extends [never] ? true : false;
/** What the store of uploads answers. */
type Stored<Options> = Options extends { readonly store: UploadStore<infer V> } ? V : TempFile;
type If<Value, Added> = IsOn<Value> extends true ? Added : unknown;

/** What the stack of a configuration adds to a request, as far as its type says what is on. */
export type DefaultsAdded<C> = If<Get<Get<C, "params">, "urlencoded">, Params> &
  If<Get<Get<C, "params">, "multipart">, MultipartParams<Stored<Get<Get<C, "params">, "multipart">>>> &
  If<Get<C, "cookies">, Cookies> &
  If<Get<C, "session">, Cookies & Session> &
  If<Get<Get<C, "session">, "flash">, Flash> &
  If<Get<Get<C, "security">, "antiForgery">, AntiForgery>;

type KeyOf<Options> = Options extends object ? keyof Options : never;
type SessionKey = KeyOf<DefaultsConfig["session"]>;
/** TypeScript lets misspelt options through where there is a spread, as in what is made of a preset's session. */
type Spelt<C> = C extends { readonly session: infer Given extends object }
  ? { readonly session: { readonly [Name in Exclude<keyof Given, SessionKey>]: never } }
  : unknown;

/** What the strategy of tokens looks for in a request. */
type Needed<Options> = Options extends { readonly strategy: AntiForgeryStrategy<infer N> } ? N : HasSession;
/** What the stack of a configuration neither adds nor can do without, so that middleware further out has to add it. */
type Missing<C, Value = Get<Get<C, "security">, "antiForgery">> = If<
  Value,
  Omit<Needed<Value>, keyof DefaultsAdded<C>>
>;

/** The middleware of one place of a configuration, by its value there: true, or options. */
export interface DefaultsEntry {
  /** "wrapSession" */
  readonly name: string;
  /** Where it stands in the configuration: "session", "security.antiForgery". */
  readonly path: string;
  /** Puts it around a handler, with what stands there. */
  readonly wrap: (handler: Handler<never>, value: unknown) => Handler;
}

/** One middleware of the stack that a configuration makes. */
export interface DefaultsStep {
  readonly name: string;
  readonly path: string;
  /** Its options; undefined if it has its own defaults. */
  readonly options: unknown;
  /** Puts it around a handler. */
  readonly wrap: (handler: Handler<never>) => Handler;
}

type Wrap = (handler: never, ...options: never[]) => unknown;
type Call = (handler: Handler<never>, ...options: readonly unknown[]) => Handler;
type ArgumentsOf = (value: never) => readonly unknown[];

/** Middleware that is switched on by true, or by its options. */
function switched(
  name: string,
  path: string,
  wrap: Wrap,
  argumentsOf: ArgumentsOf = (value) => [value],
): DefaultsEntry {
  const call = wrap as Call;
  return {
    name,
    path,
    wrap: (handler, value) => (value === true ? call(handler) : call(handler, ...argumentsOf(value as never))),
  };
}

/** Middleware that has no options. */
function plain(name: string, path: string, wrap: Wrap): DefaultsEntry {
  return switched(name, path, wrap, () => []);
}

/** Middleware that has to be told something. */
function valued(name: string, path: string, wrap: Wrap, argumentsOf: ArgumentsOf = (value) => [value]): DefaultsEntry {
  return {
    name,
    path,
    wrap: (handler, value) => {
      if (value === true) throw new InvalidArgumentError(`wrapDefaults: ${path} needs a value, and true is none`);
      return (wrap as Call)(handler, ...argumentsOf(value as never));
    },
  };
}

function rootAndOptions(value: string | ({ readonly root: string } & object)): readonly unknown[] {
  if (typeof value === "string") return [value];
  const { root, ...options } = value;
  return [root, options];
}

function xssArguments(value: XssProtectionOptions & { readonly enable?: boolean }): readonly unknown[] {
  const { enable = true, ...options } = value;
  return [enable, options];
}

/**
 * Everything that `wrapDefaults` may put around a handler, from the innermost to the outermost: a request meets the last one
 * first, a response the first one.
 *
 * @example
 * defaultsOrder.map(({ name }) => name).slice(0, 4);
 * // => ["wrapWebsocketKeepalive", "wrapAntiForgery", "wrapFlash", "wrapSession"]
 */
export const defaultsOrder: readonly DefaultsEntry[] = Object.freeze([
  switched("wrapWebsocketKeepalive", "websocket.keepalive", wrapWebsocketKeepalive),
  switched("wrapAntiForgery", "security.antiForgery", wrapAntiForgery),
  plain("wrapFlash", "session.flash", wrapFlash),
  switched("wrapSession", "session", wrapSession),
  plain("wrapKeywordParams", "params.keywordize", wrapKeywordParams),
  switched("wrapNestedParams", "params.nested", wrapNestedParams),
  switched("wrapMultipartParams", "params.multipart", wrapMultipartParams),
  switched("wrapParams", "params.urlencoded", wrapParams),
  switched("wrapCookies", "cookies", wrapCookies),
  switched("wrapAbsoluteRedirects", "responses.absoluteRedirects", wrapAbsoluteRedirects),
  valued("wrapResource", "static.resources", wrapResource, rootAndOptions),
  valued("wrapFile", "static.files", wrapFile, rootAndOptions),
  switched("wrapContentType", "responses.contentTypes", wrapContentType),
  valued("wrapDefaultCharset", "responses.defaultCharset", wrapDefaultCharset),
  plain("wrapNotModified", "responses.notModifiedResponses", wrapNotModified),
  plain("wrapContentLength", "responses.contentLength", wrapContentLength),
  valued("wrapXssProtection", "security.xssProtection", wrapXssProtection, xssArguments),
  valued("wrapFrameOptions", "security.frameOptions", wrapFrameOptions),
  valued("wrapContentTypeOptions", "security.contentTypeOptions", wrapContentTypeOptions),
  switched("wrapHsts", "security.hsts", wrapHsts),
  switched("wrapSslRedirect", "security.sslRedirect", wrapSslRedirect),
  plain("wrapForwardedScheme", "proxy", wrapForwardedScheme),
  plain("wrapForwardedRemoteAddr", "proxy", wrapForwardedRemoteAddr),
]);

const PATHS: ReadonlySet<string> = new Set(defaultsOrder.map(({ path }) => path));
/** The parts of a configuration that hold nothing but places; `session` holds options, too. */
const SECTIONS = ["params", "security", "static", "responses", "websocket"];

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

/** A name that is misspelt must not leave a protection out. */
function checkPaths(config: DefaultsConfig): void {
  for (const [name, value] of Object.entries(config)) {
    const isSection = SECTIONS.includes(name);
    const paths = isSection ? Object.keys(isMap(value) ? value : {}).map((inner) => `${name}.${inner}`) : [name];
    const unknown = paths.find((path) => !PATHS.has(path));
    if (unknown !== undefined) {
      throw new InvalidArgumentError(`wrapDefaults: there is no ${unknown}; there are ${[...PATHS].join(", ")}`);
    }
  }
}

function valueAt(config: DefaultsConfig, path: string): unknown {
  return path.split(".").reduce<unknown>((map, key) => (isMap(map) ? map[key] : undefined), config);
}

function stepsOf({ name, path, wrap }: DefaultsEntry, config: DefaultsConfig): readonly DefaultsStep[] {
  const value = valueAt(config, path);
  // Only folders come in lists.
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return values.filter(isTruthy).map((value) => ({
    name,
    path,
    options: value === true ? undefined : value,
    wrap: (handler) => wrap(handler, value),
  }));
}

/**
 * The stack that `wrapDefaults` makes of a configuration, as a list from the innermost middleware to the outermost, to be
 * read, printed, or edited and then applied by `pipe`.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for a name that the configuration does not have.
 * @example
 * const steps = defaultsList(apiDefaults).filter(({ path }) => path !== "responses.notModifiedResponses");
 * steps.map(({ name }) => name);
 * // => ["wrapKeywordParams", "wrapParams", "wrapContentType", "wrapDefaultCharset", "wrapContentLength"]
 * const app = pipe(handler, ...steps.map(({ wrap }) => wrap));
 */
export function defaultsList(config: DefaultsConfig): readonly DefaultsStep[] {
  checkPaths(config);
  return defaultsOrder.flatMap((entry) => stepsOf(entry, config));
}

/** The keys that middleware adds to a request. */
const ADDED: Readonly<Record<string, readonly string[]>> = {
  wrapAntiForgery: ["antiForgeryToken"],
  wrapFlash: ["flash"],
  wrapSession: ["cookies", "session", "sessionKey"],
  wrapMultipartParams: ["multipartParams", "params"],
  wrapParams: ["formParams", "queryParams", "params"],
  wrapCookies: ["cookies"],
};

/**
 * Hands the handler a copy of the request that has the keys, with nothing in them yet. V8 is slow to add a key to a copy: a
 * request that has room for what six middleware add is there in a fifth of the time.
 */
function withRoom(handler: Handler, names: readonly string[]): Handler {
  const tag = tagOf(handler);
  const room = Object.fromEntries(names.flatMap((name) => ADDED[name] ?? []).map((key) => [key, undefined]));
  const roomy: Handler = (request) => handler(isMap(request) ? Object.assign({}, room, request) : request);
  // It is no middleware of its own.
  return tag === undefined ? roomy : labelled(tag.name, tag.inner, roomy);
}

/**
 * Middleware: the stack of a configuration around a handler; best one of {@link apiDefaults}, {@link secureApiDefaults},
 * {@link siteDefaults} and {@link secureSiteDefaults}, or what a spread makes of one.
 *
 * Their types say what is on, and so what the handler finds in its request; a configuration that has a name of its own is
 * written `as const`, so that what is true stays so. A handler that says `RingRequest & Session<Visitor>` of its request
 * finds sessions of that type. What the tokens' strategy needs and the stack does not have (by default a session) is for
 * middleware outside to add. HEAD reaches the handler: `wrapHead` goes outside, if it is wanted. Nothing here catches
 * errors.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, in place, for a name that the configuration does not have, and
 *   for options that the middleware there refuses.
 * @example
 * const app = wrapDefaults((request) => ({ status: 200, body: `hello ${request.params.name}` }), {
 *   ...siteDefaults,
 *   static: false,
 *   session: { ...siteDefaults.session, cookieName: "id" },
 * });
 * @see Source: `ring.middleware.defaults/wrap-defaults`. Differs: unknown names are refused.
 */
export function wrapDefaults<const C extends DefaultsConfig, R extends RingRequest = RingRequest>(
  handler: Handler<R & DefaultsAdded<C>>,
  config: C & Spelt<C>,
): Handler<Omit<R, keyof DefaultsAdded<C>> & Missing<C>> {
  const steps = defaultsList(config);
  const adding = steps.filter(({ name }) => Object.hasOwn(ADDED, name)).map(({ name }) => name);
  const outermost = adding.length > 1 ? adding.at(-1) : undefined;
  let wrapped = partOf("handler", undefined, handler as unknown as Handler);
  for (const { name, wrap } of steps) {
    wrapped = wrap(wrapped);
    if (name === outermost) wrapped = withRoom(wrapped, adding);
  }
  return wrapped as unknown as Handler<Omit<R, keyof DefaultsAdded<C>> & Missing<C>>;
}

/** The type of {@link apiDefaults}. */
export interface ApiDefaults extends DefaultsConfig {
  readonly params: { readonly urlencoded: true; readonly keywordize: true };
  readonly responses: {
    readonly notModifiedResponses: true;
    readonly absoluteRedirects: false;
    readonly contentTypes: true;
    readonly defaultCharset: "utf-8";
    readonly contentLength: true;
  };
}

/**
 * For an HTTP API without sessions: parameters, types, charsets, lengths, 304.
 *
 * @example
 * const app = wrapDefaults((request) => ({ body: String(request.params.name) }), apiDefaults);
 * @see Source: `ring.middleware.defaults/api-defaults`.
 */
export const apiDefaults: ApiDefaults = Object.freeze({
  params: Object.freeze({ urlencoded: true, keywordize: true }),
  responses: Object.freeze({
    notModifiedResponses: true,
    absoluteRedirects: false,
    contentTypes: true,
    defaultCharset: "utf-8",
    contentLength: true,
  }),
});

/** The type of {@link secureApiDefaults}. */
export interface SecureApiDefaults extends ApiDefaults {
  readonly security: { readonly sslRedirect: true; readonly hsts: true };
}

/**
 * {@link apiDefaults}, by HTTPS only. Behind a proxy that ends TLS, add `proxy: true`.
 *
 * @example
 * const app = wrapDefaults(handler, { ...secureApiDefaults, proxy: true });
 * @see Source: `ring.middleware.defaults/secure-api-defaults`.
 */
export const secureApiDefaults: SecureApiDefaults = Object.freeze({
  ...apiDefaults,
  security: Object.freeze({ sslRedirect: true, hsts: true }),
});

/** The type of {@link siteDefaults}. */
export interface SiteDefaults extends DefaultsConfig {
  readonly params: {
    readonly urlencoded: true;
    readonly multipart: true;
    readonly nested: true;
    readonly keywordize: true;
  };
  readonly cookies: true;
  readonly session: SessionOptions & { readonly flash: true };
  readonly security: {
    readonly antiForgery: AntiForgeryOptions;
    readonly frameOptions: "sameorigin";
    readonly contentTypeOptions: "nosniff";
  };
  readonly static: { readonly resources: "public" };
  readonly responses: ApiDefaults["responses"];
  readonly websocket: { readonly keepalive: true };
}

/**
 * For a site with forms: what {@link apiDefaults} has, with uploads, nested names, cookies, a session and its flash, protection
 * against forged requests, careful browsers, the resources in "public", and websockets that stay open.
 *
 * Sessions are in a cookie, sealed by a random key of this process: they end with it, and other processes cannot read them.
 * For more than one, or more than one day, give a `store`.
 *
 * @example
 * const key = Buffer.from(process.env["SESSION_KEY"] ?? "bm90IGEgc2VjcmV0ICA6KQ==", "base64");
 * const app = wrapDefaults(({ session }) => ({ body: `${session.visits ?? 0} visits` }), {
 *   ...siteDefaults,
 *   session: { ...siteDefaults.session, store: cookieStore({ key }) },
 * });
 * @see Source: `ring.middleware.defaults/site-defaults`.
 */
export const siteDefaults: SiteDefaults = Object.freeze({
  params: Object.freeze({ urlencoded: true, multipart: true, nested: true, keywordize: true }),
  cookies: true,
  session: Object.freeze({ flash: true, cookieAttrs: Object.freeze({ httpOnly: true }), store: cookieStore() }),
  security: Object.freeze({
    antiForgery: Object.freeze({ safeHeader: "X-Ring-Anti-Forgery" }),
    frameOptions: "sameorigin",
    contentTypeOptions: "nosniff",
  }),
  static: Object.freeze({ resources: "public" }),
  responses: apiDefaults.responses,
  websocket: Object.freeze({ keepalive: true }),
});

/** The type of {@link secureSiteDefaults}. */
export interface SecureSiteDefaults extends SiteDefaults {
  readonly security: SiteDefaults["security"] & SecureApiDefaults["security"];
}

/**
 * {@link siteDefaults}, by HTTPS only: the redirect, the header that makes it last, and a session cookie of another name that
 * goes by nothing else. Behind a proxy that ends TLS, add `proxy: true`.
 *
 * @example
 * const app = wrapDefaults(handler, { ...secureSiteDefaults, proxy: true });
 * @see Source: `ring.middleware.defaults/secure-site-defaults`.
 */
export const secureSiteDefaults: SecureSiteDefaults = Object.freeze({
  ...siteDefaults,
  session: Object.freeze({
    ...siteDefaults.session,
    cookieAttrs: Object.freeze({ ...siteDefaults.session.cookieAttrs, secure: true }),
    cookieName: "secure-ring-session",
  }),
  security: Object.freeze({ ...siteDefaults.security, ...secureApiDefaults.security }),
});
