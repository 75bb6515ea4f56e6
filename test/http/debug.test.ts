import { afterEach, describe, expect, it, jest } from "@jest/globals";
import * as http from "../../src/http/index.js";
import { pool, serve, textOf } from "./servers.js";

afterEach(() => {
  jest.restoreAllMocks();
});

const server = () =>
  serve(async (req, res) => {
    await textOf(req);
    if (req.url !== "/end") res.writeHead(302, { location: "/end", "set-cookie": "secret=1" }).end();
    else res.writeHead(200, { date: "now" }).end();
  });

describe("debug", () => {
  it("shows every exchange as it goes out and comes back, without credentials", async () => {
    const { url } = await server();
    const seen: string[] = [];
    await http.get(url, {
      pool: pool(),
      debug: (text) => seen.push(text),
      queryParams: { a: 1 },
      basicAuth: "ada:secret",
      headers: { "x-a": ["1", "2"] },
      cookies: { name: "secret" },
      decompressBody: false,
    });
    const sent = ["> x-a: 1", "> x-a: 2", "> authorization: (not shown)", "> cookie: (not shown)"];
    expect(
      seen.map((text) => text.split("\n")).map((lines) => lines.filter((line) => !/^< (keep|conn|tran)/.test(line))),
    ).toEqual([
      [`> GET ${url}/?a=1`, ...sent],
      ["< 302 Found", "< location: /end", "< set-cookie: (not shown)", expect.stringContaining("< date: ")],
      [`> GET ${url}/end`, ...sent],
      ["< 200 OK", "< date: now"],
    ]);
    expect(seen.join("")).not.toContain("secret");
  });

  it("shows nothing that has the name of a secret, and no password of a URL", async () => {
    const { url } = await serve((_req, res) => {
      const location = "http://ada:hunter2@example.com/?access_token=hunter2&page=1";
      res.writeHead(302, { location, link: `<${location}>; rel=next`, "x-csrf-token": "hunter2" }).end();
    });
    const seen: string[] = [];
    await http.get(`${url.replace("//", "//ada:hunter2@")}/?api_key=hunter2&q=x`, {
      pool: pool(),
      debug: (text) => seen.push(text),
      headers: { "X-Api-Key": "hunter2", "x-auth-token": "hunter2" },
      followRedirects: false,
    });
    const text = seen.join("\n");
    expect(text).not.toContain("hunter2");
    expect(text).toContain("&q=x");
    expect(text).toMatch(/< location: http:\/\/example\.com\/\?access_token=•+&page=1\n/);
    expect(text).toMatch(/<http:\/\/example\.com\/\?access_token=•+&page=1>; rel=next/);
  });

  it("shows a body that is text, with debugBody", async () => {
    const { url } = await server();
    const shown = async (options: http.RequestOptions) => {
      const seen: string[] = [];
      await http.post(`${url}/end`, { pool: pool(), debug: (text) => seen.push(text), ...options });
      return seen[0]?.split("\n").slice(-2);
    };
    expect(await shown({ body: "one\ntwo", debugBody: true })).toEqual(["> one", "> two"]);
    expect(await shown({ body: new Uint8Array(3), debugBody: true })).toEqual([">", "> (3 bytes)"]);
    expect(await shown({ body: http.file("package.json"), debugBody: true })).toEqual([">", "> (a stream or a file)"]);
    expect((await shown({ body: "secret" }))?.join("")).not.toContain("secret");
  });

  it("prints to the console, and nothing unless it is asked to", async () => {
    const print = jest.spyOn(console, "log").mockReturnValue();
    const { url } = await server();
    await http.get(`${url}/end`, { pool: pool(), debug: false });
    await http.get(`${url}/end`, { pool: pool() });
    expect(print).not.toHaveBeenCalled();
    await http.get(`${url}/end`, { pool: pool(), debug: true });
    expect(print.mock.calls.map(([text]) => String(text).split("\n")[0])).toEqual([`> GET ${url}/end`, "< 200 OK"]);
  });
});
