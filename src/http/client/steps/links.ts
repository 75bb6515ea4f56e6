import { andThen } from "../../../deferred/index.js";
import { mapToFill } from "../../../ring/param-map.js";
import type { Client, ClientResponse, Link } from "../types.js";

/** The pieces between separators that stand neither in quotes nor in angle brackets. */
function split(text: string, separator: string): string[] {
  const pieces: string[] = [];
  let start = 0;
  let closer = "";
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (closer !== "") {
      if (character === "\\" && closer === '"') at++;
      else if (character === closer) closer = "";
    } else if (character === '"') closer = '"';
    else if (character === "<") closer = ">";
    else if (character === separator) {
      pieces.push(text.slice(start, at));
      start = at + 1;
    }
  }
  pieces.push(text.slice(start));
  return pieces;
}

function unquoted(value: string): string {
  return value.startsWith('"') && value.endsWith('"') && value.length > 1
    ? value.slice(1, -1).replace(/\\(.)/g, "$1")
    : value;
}

/** One link, and what it is; undefined if it is none. */
function parse(text: string): { readonly rels: readonly string[]; readonly link: Link } | undefined {
  const [target = "", ...parameters] = split(text, ";").map((piece) => piece.trim());
  if (!target.startsWith("<") || !target.endsWith(">")) return undefined;
  const link = mapToFill<string>();
  for (const parameter of parameters) {
    const [name = "", ...rest] = parameter.split("=");
    const key = name.trim().toLowerCase();
    // Of those that repeat, the first counts (RFC 8288, 3.3).
    if (key !== "" && link[key] === undefined) link[key] = unquoted(rest.join("=").trim());
  }
  const { rel = "", ...others } = link;
  const facts = Object.assign(mapToFill<string>(), others, { href: target.slice(1, -1) }) as Link;
  return {
    rels: rel
      .toLowerCase()
      .split(/\s+/)
      .filter((name) => name !== ""),
    link: facts,
  };
}

/**
 * The response with its `link` headers as `links`: by what they are, "next" for example, a map with `href`, as it was sent, and
 * the other parameters. Of several that are the same, the last.
 */
export function linksResponse<B>(response: ClientResponse<B>): ClientResponse<B> {
  const header = response.headers["link"];
  if (header === undefined) return response;
  const links = mapToFill<Link>();
  for (const text of split(String(header), ",")) {
    const parsed = parse(text);
    for (const rel of parsed?.rels ?? []) links[rel] = (parsed as NonNullable<typeof parsed>).link;
  }
  return { ...response, links };
}

/**
 * Client middleware: reads `link` headers.
 *
 * The response has them as `links`: by what they are, "next" for example, a map with `href`, as it was sent, and the other
 * parameters. Of several that are the same, the last.
 *
 * @example
 * const { links } = await http.get(upstream);
 * const next = links?.["next"]?.href;
 * @see Source: `clj-http.links/wrap-links`.
 */
export function wrapLinks(client: Client): Client {
  return (request) => andThen(client(request), linksResponse);
}
