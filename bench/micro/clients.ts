/** Every HTTP client with eight connections that are kept. */
import { Agent as HttpAgent, request as nodeRequest } from "node:http";
import { buffer } from "node:stream/consumers";
import axios from "axios";
import * as http from "express-ring/http";
import { got } from "got";
import { Agent, request as undiciRequest } from "undici";

const connections = 8;

/** Sends a request, and tells how many bytes came back. */
export type Ask = (url: string, body?: Buffer) => Promise<number>;

const pool = http.connectionPool({ connectionsPerHost: connections });
const dispatcher = new Agent({ connections });
const agent = new HttpAgent({ keepAlive: true, maxSockets: connections });

export const withKit: Ask = async (url, body) => {
  const options = { pool, as: "byteArray", body } as const;
  return (await (body === undefined ? http.get(url, options) : http.post(url, options))).body.length;
};

export const withUndici: Ask = async (url, body) => {
  const { body: answer } = await undiciRequest(url, {
    dispatcher,
    method: body === undefined ? "GET" : "POST",
    body: body ?? null,
  });
  return (await answer.bytes()).length;
};

export const withFetch: Ask = async (url, body) => {
  const response = await fetch(url, body === undefined ? {} : { method: "POST", body });
  return (await response.arrayBuffer()).byteLength;
};

export const withAxios: Ask = async (url, data) => {
  const options = { httpAgent: agent, responseType: "arraybuffer", maxBodyLength: Infinity } as const;
  const { data: answer } = await axios.request<Buffer>({
    url,
    method: data === undefined ? "GET" : "POST",
    data,
    ...options,
  });
  return answer.length;
};

export const withGot: Ask = async (url, body) => {
  const options = { agent: { http: agent }, responseType: "buffer", retry: { limit: 0 } } as const;
  const response = await (body === undefined ? got.get(url, options) : got.post(url, { ...options, body }));
  return response.body.length;
};

export const withNode: Ask = (url, body) =>
  new Promise((resolve, reject) => {
    const method = body === undefined ? "GET" : "POST";
    const request = nodeRequest(url, { agent, method }, (response) => {
      buffer(response).then(({ length }) => resolve(length), reject);
    });
    request.on("error", reject).end(body);
  });

/** What is measured. @returns how many bytes came back */
export type Task = () => Promise<number>;

/** Makes tasks of so many requests at the same time: GET, or POST with a body. */
export function together(operations: number, url: string, body?: Buffer): (ask: Ask) => Task {
  return (ask) => async () => {
    const sizes = await Promise.all(Array.from({ length: operations }, () => ask(url, body)));
    return sizes.reduce((sum, size) => sum + size, 0);
  };
}
