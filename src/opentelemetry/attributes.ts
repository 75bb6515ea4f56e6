/** Attributes under the stable names of OpenTelemetry's semantic conventions for HTTP. */

import type { Attributes, AttributeValue } from "@opentelemetry/api";
import { isSecretName } from "../errors/secret-names.js";

/** The methods that the conventions know (RFC 9110, and PATCH); others could be made up by clients, without end. */
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"]);

/** Seconds, as the conventions have them for durations. */
export const BUCKETS: number[] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** What is there, without what is not. */
export function attributes(all: Readonly<Record<string, AttributeValue | undefined>>): Attributes {
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Attributes;
}

/** @param method In capitals. */
export function knownMethod(method: string): string {
  return METHODS.has(method) ? method : "_OTHER";
}

/** "1.1" of "HTTP/1.1", "2" of "HTTP/2.0". */
export function protocolVersion(protocol: string | undefined): string | undefined {
  return protocol
    ?.replace(/^HTTP\//, "")
    .replace(/^(\d)\.0$/, (whole, major: string) => (major === "1" ? whole : major));
}

/** What an error is called where errors are counted: a code, or the class; there are few of both. */
export function errorType(error: unknown): string {
  if (typeof error !== "object" || error === null) return "_OTHER";
  const { code, name } = error as { readonly code?: unknown; readonly name?: unknown };
  if (typeof code === "string" && code !== "") return code;
  return typeof name === "string" && name !== "" ? name : "_OTHER";
}

const REDACTED = "REDACTED";

/** A query in which what may be a secret, by its name, is not to be read. */
export function redactedQuery(query: string): string {
  return query
    .split("&")
    .map((pair) => {
      const equals = pair.indexOf("=");
      return equals !== -1 && isSecretName(pair.slice(0, equals)) ? `${pair.slice(0, equals)}=${REDACTED}` : pair;
    })
    .join("&");
}

/** Host and port of a Host header; the port is the scheme's if there is none. */
export function serverOf(
  host: string | undefined,
  scheme: string,
): { readonly address: string | undefined; readonly port: number | undefined } {
  const [, address, port] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(host ?? "") ?? [];
  if (address === undefined || address === "") return { address: undefined, port: undefined };
  return { address, port: port === undefined ? (scheme === "https" ? 443 : 80) : Number(port) };
}
