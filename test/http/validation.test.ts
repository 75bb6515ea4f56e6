import { describe, expect, it } from "@jest/globals";
import * as http from "../../src/http/index.js";
import { pool } from "./servers.js";

// Idea 90.
describe("request refuses", () => {
  it.each([
    ["length", "5", "a whole number from 0, not a string"],
    ["length", 1.5, "a whole number from 0, not 1.5"],
    ["contentType", 5, "a string, not 5"],
    ["port", 65_536, "a whole number to 65535, not 65536"],
    ["headers", ["a: b"], "a map, not an array"],
    ["queryParams", "a=b", "a map, not a string"],
    ["followRedirects", "no", "a boolean, not a string"],
    ["requestTimeout", -1, "a number of milliseconds from 0, not -1"],
    ["maxBytes", Number.NaN, "a number of bytes from 0, not NaN"],
    ["retryHandler", true, "a function, not a boolean"],
  ])("%s: %p, and names it", async (name, value, wanted) => {
    const response = http.request({ method: "get", host: "127.0.0.1", port: 1, pool: pool(), [name]: value });
    await expect(response).rejects.toMatchObject({
      code: "RING_INVALID_ARGUMENT",
      message: `${name} of a request must be ${wanted}`,
    });
  });

  it("not options of one's own middleware, nor what is not there", async () => {
    const seen: http.ClientRequest[] = [];
    const client = http.wrapValidation((request) => (seen.push(request), { status: 200 } as never));
    const request = { mine: true, port: undefined, headers: null as never };
    await client(request as http.ClientRequest);
    expect(seen).toEqual([request]);
  });
});

describe("connectionPool refuses", () => {
  it.each<[string, object]>([
    ["connectionsPerhost", { connectionsPerhost: 1 }],
    ["keepalive", { connectionOptions: { keepalive: true } }],
    ["pasword", { connectionOptions: { proxyOptions: { host: "a", pasword: "secret" } } }],
    ["nameserver", { dnsOptions: { nameserver: "127.0.0.1" } }],
    ["addressTypes", { dnsOptions: { addressTypes: "ipv5" } }],
    ["socketPath", { connectionOptions: { socketPath: "/run/a", proxyOptions: { host: "a" } } }],
    ["sslContext", { connectionOptions: { proxyOptions: { host: "a", sslContext: {} } } }],
  ])("a misspelt or contradictory %s", (name, options) => {
    expect(() => http.connectionPool(options)).toThrow(
      expect.objectContaining({ code: "RING_INVALID_ARGUMENT", message: expect.stringContaining(name) }),
    );
    expect(() => http.connectionPool(options)).not.toThrow("secret");
  });
});
