/** What a server says to TLS, and which combinations of options make no sense. Source: `aleph.netty/ssl-server-context`. */

import { Buffer } from "node:buffer";
import { type TlsOptions, Server as TlsServer } from "node:tls";
import { InvalidArgumentError } from "../../errors/index.js";

/** HTTP/1.1 (and 1.0), or HTTP/2. */
export type HttpVersion = "http1" | "http2";

/** Key and certificate of a server, and what clients have to show: what `node:tls` takes, with three options of its own. */
export interface SslContext
  extends Omit<TlsOptions, "ciphers" | "requestCert" | "rejectUnauthorized" | "ALPNProtocols" | "ALPNCallback"> {
  /**
   * Must clients show a certificate that one of `ca` has signed? "optional": only those that show one. It is in
   * `sslClientCert`. @default "none"
   */
  readonly clientAuth?: "none" | "optional" | "require" | undefined;
  /** Cipher suites, best first; as a list, or as OpenSSL spells it. @default Node's */
  readonly ciphers?: string | readonly string[] | undefined;
  /** The versions of TLS that are spoken. @default Node's */
  readonly protocols?: readonly ("TLSv1.2" | "TLSv1.3")[] | undefined;
  /** What is offered by ALPN, best first. @default what `httpVersions` says */
  readonly ALPNProtocols?: readonly string[] | undefined;
}

/** Options for Node, checked. */
export interface Tls {
  readonly options: TlsOptions;
  /** Is a certificate that is shown, but not good, a reason to hang up? */
  readonly refusesBadCertificates: boolean;
}

interface Encryption {
  readonly httpVersions?: readonly HttpVersion[] | undefined;
  readonly sslContext?: SslContext | undefined;
  readonly manualSsl?: boolean | undefined;
  readonly useH2c?: boolean | undefined;
  readonly listenSocket?: unknown;
}

const ALPN_NAMES: Readonly<Record<HttpVersion, string>> = { http1: "http/1.1", http2: "h2" };

/** What Aleph calls what Node has under another name, or not at all. */
const RENAMED: Readonly<Record<string, string>> = {
  privateKey: "it is `key`",
  certificateChain: "it is `cert`",
  privateKeyPassword: "it is `passphrase`",
  trustStore: "it is `ca`",
  applicationProtocolConfig: "it is `ALPNProtocols`",
  requestCert: "see clientAuth",
  rejectUnauthorized: "see clientAuth",
  ALPNCallback: "see ALPNProtocols",
  sslProvider: "Node has one",
  sessionCacheSize: "Node keeps sessions in tickets",
  startTls: "HTTP has no such thing",
};

/** @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`; undefined: plain HTTP, or encrypted by others */
export function resolveTls(options: Encryption): Tls | undefined {
  const { httpVersions = ["http1"], sslContext, manualSsl = false, useH2c = false } = options;
  checkVersions(httpVersions);
  const wantsHttp2 = httpVersions.includes("http2");
  if (useH2c && !wantsHttp2) refuse(`useH2c needs "http2" in httpVersions`);
  if (sslContext !== undefined && useH2c) refuse("useH2c is HTTP/2 without TLS; leave it or sslContext out");
  if (manualSsl && useH2c) refuse("useH2c is HTTP/2 without TLS; leave it or manualSsl out");
  if (sslContext !== undefined && manualSsl) refuse("manualSsl leaves TLS to listenSocket; leave it or sslContext out");
  if (manualSsl) {
    checkReady(httpVersions, options.listenSocket);
    return undefined;
  }
  if (sslContext === undefined) {
    if (wantsHttp2 && !useH2c) refuse("http2 needs an sslContext (or manualSsl), or useH2c for plain TCP");
    return undefined;
  }
  return tlsOf(sslContext, httpVersions);
}

function refuse(sentence: string): never {
  throw new InvalidArgumentError(sentence);
}

function checkVersions(versions: readonly unknown[]): void {
  if (!Array.isArray(versions) || versions.length === 0) refuse("httpVersions must name at least one version");
  const unknown: unknown = versions.find((version) => version !== "http1" && version !== "http2");
  if (unknown !== undefined)
    refuse(`httpVersions has an unsupported version: ${JSON.stringify(unknown)} is not "http1" or "http2"`);
}

/** A context that is ready has to offer by ALPN what is wanted; without ALPN clients speak HTTP/1. */
function checkReady(versions: readonly HttpVersion[], server: unknown): void {
  if (!(server instanceof TlsServer)) refuse("manualSsl needs a server of node:tls as listenSocket");
  const offered = offeredBy(server as unknown as ReadyTls);
  if (offered !== undefined) checkAlpn(versions, offered);
  else if (versions.includes("http2"))
    refuse("http2 needs ALPN, which the tls server given as listenSocket does not do");
}

/** What a server of `node:tls` keeps of its options. */
interface ReadyTls {
  readonly ALPNProtocols?: Uint8Array | undefined;
  readonly ALPNCallback?: unknown;
}

/** The names that follow their lengths, a byte each (RFC 7301, 3.1). */
function offeredBy({ ALPNProtocols: bytes }: ReadyTls): readonly string[] | undefined {
  if (bytes === undefined || bytes.length === 0) return undefined;
  const names: string[] = [];
  for (let at = 0; at < bytes.length; at += 1 + (bytes[at] as number)) {
    names.push(Buffer.from(bytes.subarray(at + 1, at + 1 + (bytes[at] as number))).toString("latin1"));
  }
  return names;
}

/** The versions wanted and what is offered by ALPN have to be the same, in the same order. */
function checkAlpn(versions: readonly HttpVersion[], offered: readonly string[]): void {
  const wanted = versions.map((version) => ALPN_NAMES[version]);
  const shown = `(httpVersions: ${wanted.join(", ")}; ALPN: ${offered.join(", ")})`;
  if (wanted.some((name) => !offered.includes(name))) refuse(`some desired versions are missing from ALPN ${shown}`);
  if (offered.some((name) => !wanted.includes(name))) refuse(`ALPN contains more than the desired versions ${shown}`);
  if (wanted.join() !== offered.join())
    refuse(`the order of preference differs between httpVersions and ALPN ${shown}`);
}

function tlsOf(context: SslContext, versions: readonly HttpVersion[]): Tls {
  for (const name of Object.keys(context)) {
    if (Object.hasOwn(RENAMED, name)) refuse(`sslContext has no option ${name}: ${RENAMED[name] as string}`);
  }
  const { clientAuth = "none", ciphers, protocols, ALPNProtocols, ...rest } = context;
  if (clientAuth !== "none" && clientAuth !== "optional" && clientAuth !== "require") {
    refuse(`sslContext.clientAuth is "none", "optional" or "require", not ${JSON.stringify(clientAuth)}`);
  }
  if (ALPNProtocols !== undefined) checkAlpn(versions, ALPNProtocols);
  return {
    refusesBadCertificates: clientAuth === "optional",
    options: {
      ...rest,
      ...(ciphers !== undefined && { ciphers: typeof ciphers === "string" ? ciphers : ciphers.join(":") }),
      ...(protocols !== undefined && spanOf(protocols)),
      ...alpnOf(versions),
      requestCert: clientAuth !== "none",
      rejectUnauthorized: clientAuth === "require",
    },
  };
}

/** The versions between the lowest and the highest; with two there is nothing between. */
function spanOf(protocols: readonly string[]): Pick<TlsOptions, "minVersion" | "maxVersion"> {
  const known = ["TLSv1.2", "TLSv1.3"] as const;
  const unknown = protocols.find((name) => !known.includes(name as "TLSv1.2"));
  if (unknown !== undefined)
    refuse(`sslContext.protocols may have ${known.join(" and ")}, not ${JSON.stringify(unknown)}`);
  const [minVersion, maxVersion = minVersion] = known.filter((name) => protocols.includes(name));
  if (minVersion === undefined || maxVersion === undefined)
    refuse("sslContext.protocols must name at least one version");
  return { minVersion, maxVersion };
}

/**
 * Who has no version in common falls back to HTTP/1.1. A list would make Node hang up on those clients; without one it does
 * not take part in ALPN, and they assume HTTP/1.1.
 */
function alpnOf(versions: readonly HttpVersion[]): Pick<TlsOptions, "ALPNProtocols" | "ALPNCallback"> {
  if (!versions.includes("http2")) return { ALPNProtocols: [] };
  const preferred = [...versions.map((version) => ALPN_NAMES[version]), ALPN_NAMES.http1];
  return { ALPNCallback: ({ protocols }) => preferred.find((name) => protocols.includes(name)) };
}
