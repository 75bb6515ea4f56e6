/**
 * Client and server show each other certificates: who has none, or a wrong one, does not come in. Needs openssl, which makes
 * the certificates.
 *
 *     npm run example client-certificate
 */
import { toText } from "express-ring/byte-streams";
import * as http from "express-ring/http";
import { selfSigned } from "./support/certificate.js";

const [ofServer, ofAda, ofMallory] = [selfSigned("localhost"), selfSigned("Ada"), selfSigned("Ada")];

const server = await http.startServer(
  ({ sslClientCert }) => ({ status: 200, body: `Hello, ${String(sslClientCert?.subject.CN)}!` }),
  {
    port: Number(process.env.PORT ?? 3000),
    // Certificates are good if they are among these, or signed by one of them.
    sslContext: { ...ofServer, ca: [ofAda.cert], clientAuth: "require" },
  },
);
const url = `https://localhost:${server.port}/`;
console.log(url);

async function visit(who: string, sslContext: object): Promise<void> {
  const pool = http.connectionPool({ connectionOptions: { sslContext: { ca: ofServer.cert, ...sslContext } } });
  try {
    const { body } = await http.get(url, { pool });
    console.log(`${who}: ${await toText(body)}`);
  } catch {
    console.log(`${who}: is not let in`);
  } finally {
    pool.destroy();
  }
}

await visit("Ada", ofAda);
await visit("nobody", {});
await visit("Mallory, who says to be Ada,", ofMallory);
