/** How the heads of responses over HTTP/1 are written that nobody else has had a hand in. */
import { type OutgoingHttpHeaders, ServerResponse, STATUS_CODES } from "node:http";
import type { HeaderValue } from "../ring/types.js";
import type { HeaderLine } from "./header-line.js";

/** What Node's own responses have that its types do not tell. */
interface NodesResponse extends ServerResponse {
  /** Does the client wait for a "100 Continue" before it sends a body? */
  readonly _expect_continue?: boolean;
  /** Adds the headers to the text of a head, and what they do not say about the body and the connection. */
  _storeHeader(head: string, headers: readonly HeaderValue[]): void;
}

// Compared, never called.
const { writeHead: nodesWriteHead } = ServerResponse.prototype as unknown as Record<"writeHead", unknown>;

/** Is it Node's own, as far as it matters here? Tools for tracing put themselves in its place. */
const isNodesOwn = String(nodesWriteHead).includes("this._storeHeader(statusLine, headers);");

/**
 * Writes the head of a response, as `res.writeHead` does, with the same bytes.
 *
 * Node checks each header, and looks for what it means. Here they are checked already, and most mean nothing to Node: those are
 * part of the text that it begins with, which saves about 0.1 µs a header. Where others have had a hand in the response, or in how
 * Node writes heads, all goes their way.
 *
 * @param length Bytes of the body, for a content-length; undefined says nothing about it.
 */
export function writeHead(
  res: ServerResponse,
  status: number,
  lines: readonly HeaderLine[],
  length: number | undefined,
): void {
  const first = isNodesOwn && res.writeHead === nodesWriteHead ? firstLine(status, res) : undefined;
  if (first !== undefined) storeHead(res, first, lines, length);
  // Node's types know arrays of text only.
  else res.writeHead(status, allOf(lines, length) as unknown as OutgoingHttpHeaders);
}

/** A line with the status, and its reason. */
interface StatusLine {
  readonly status: number;
  readonly reason: string;
  readonly text: string;
}

/** The lines of the statuses by which Node has nothing to decide. */
const statusLines = new Map(
  Object.entries(STATUS_CODES).flatMap(([code, reason = ""]): [number, StatusLine][] => {
    const status = Number(code);
    if (status < 200 || status === 204 || status === 304 || !/^[\w '-]+$/.test(reason)) return [];
    return [[status, { status, reason, text: `HTTP/1.1 ${status} ${reason}\r\n` }]];
  }),
);

/** The first line of a response, unless Node has to decide something, or something was set on the response, or on the reasons. */
function firstLine(status: number, res: ServerResponse): StatusLine | undefined {
  const { _expect_continue: isExpected } = res as NodesResponse;
  const { statusMessage } = res as { readonly statusMessage: string | undefined };
  if (isExpected === true || statusMessage !== undefined || res.getHeaderNames().length > 0) return undefined;
  const line = statusLines.get(status);
  return line?.reason === STATUS_CODES[status] ? line : undefined;
}

function storeHead(
  res: ServerResponse,
  { status, reason, text }: StatusLine,
  lines: readonly HeaderLine[],
  length: number | undefined,
): void {
  let head = text;
  const nodes: HeaderValue[] = [];
  for (const line of lines) {
    // From the first line on that is Node's they all are, so that they stay in order.
    if (line.text !== undefined && nodes.length === 0) head += line.text;
    else nodes.push(line.name, line.value);
  }
  if (length !== undefined) nodes.push("content-length", length);
  (res as NodesResponse)._storeHeader(head, nodes);
  res.statusCode = status;
  res.statusMessage = reason;
}

function allOf(lines: readonly HeaderLine[], length: number | undefined): HeaderValue[] {
  const all = lines.flatMap(({ name, value }): HeaderValue[] => [name, value]);
  return length === undefined ? all : [...all, "content-length", length];
}
