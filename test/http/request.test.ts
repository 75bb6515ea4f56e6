import { describe, expect, it } from "@jest/globals";
import * as http from "../../src/http/index.js";
import { pool, serve, textOf } from "./servers.js";

describe("get", () => {
  it("answers with a map whose body streams", async () => {
    const { url } = await serve((_req, res) =>
      res.writeHead(200, { "x-a": ["1", "2"], "set-cookie": ["a=1", "b=2"] }).end("hello"),
    );
    const response = await http.get(url, { pool: pool() });
    expect(response).toMatchObject({
      status: 200,
      reasonPhrase: "OK",
      keepAlive: true,
      protocolVersion: "HTTP/1.1",
      headers: { "x-a": "1,2", "set-cookie": ["a=1", "b=2"] },
    });
    expect(await textOf(response.body)).toBe("hello");
    expect(http.getAll(response, "X-A")).toEqual(["1", "2"]);
  });
  it("posts", async () => {
    const { url } = await serve(async (req, res) => res.end(await textOf(req)));
    const { body } = await http.post(url, { pool: pool(), body: "hällo", as: "string" });
    expect(body).toBe("hällo");
  });
});
