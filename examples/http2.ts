/**
 * HTTP/2 over TLS, with HTTP/1.1 for those who know nothing else. The body is compressed on the wire, and text again in the
 * client. Needs openssl, which makes the certificate.
 *
 *     curl -k --http2 --compressed https://localhost:3000/
 */
import { toText } from "express-ring/byte-streams";
import * as http from "express-ring/http";
import { selfSigned } from "./support/certificate.js";

const certificate = selfSigned("localhost");

const server = await http.startServer(
  ({ protocol }) => ({
    status: 200,
    headers: { "content-type": "text/plain; charset=utf-8" },
    body: `${protocol} it is. ${"It compresses well. ".repeat(200)}\n`,
  }),
  {
    port: Number(process.env.PORT ?? 3000),
    // The one that both know, best first.
    httpVersions: ["http2", "http1"],
    sslContext: certificate,
    compression: true,
  },
);
const url = `https://localhost:${server.port}/`;
console.log(url);

for (const httpVersions of [["http2", "http1"], ["http1"]] as const) {
  // It trusts this one certificate; `insecure: true` would trust them all.
  const pool = http.connectionPool({ connectionOptions: { sslContext: { ca: certificate.cert }, httpVersions } });
  const { body, headers, origContentEncoding } = await http.get(url, { pool });
  const text = await toText(body);
  console.log(`${text.split(" ", 1).join()}: ${text.length} characters, which came as ${String(origContentEncoding)}`);
  console.log("what its headers still say of that:", headers["content-encoding"] ?? "nothing");
  await pool.close();
}
