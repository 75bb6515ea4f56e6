/** What the examples over other sockets say: TLS, TCP and UDP. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect } from "node:net";
import { expect } from "@jest/globals";
import type { Talk } from "./clients.js";

export const socketTalks: Readonly<Record<string, Talk>> = {
  "tcp-framed.ts": async (url, program) => {
    await program.prints(
      /^fast: \[ 1, 2, 3 \] -> \[ 2, 3, 4 \]\nslow: .* -> \[ 11, 21, 'ERROR: no number: "thirty"' \]$/m,
    );
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    // A frame in two pieces.
    socket.write(Buffer.of(0, 0));
    socket.write(Buffer.of(0, 2, 0x34, 0x31));
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(answer).toEqual(Buffer.of(0, 0, 0, 2, 0x34, 0x32));
    // One that is too long ends the connection.
    socket.end(Buffer.of(255, 255, 255, 255));
    await once(socket, "close");
  },

  "udp-statsd.ts": async (url, program) => {
    await program.prints(/in this period: \{ tea: 5, coffee: 1 \}/);
    const { hostname, port } = new URL(url);
    const socket = createSocket("udp4");
    socket.send("milk:7", Number(port), hostname);
    await program.prints(/in this period: \{ milk: 7 \}/);
    socket.close();
    program.signal("SIGINT");
    expect(await program.ended).toEqual({ code: 0, signal: null });
  },
};

/** They make certificates with openssl. */
export const tlsTalks: Readonly<Record<string, Talk>> = {
  "http2.ts": async (_url, program) => {
    await program.prints(
      /^HTTP\/2\.0: 4017 characters, which came as br\n.*nothing\nHTTP\/1\.1: 4017 characters, which came as br\n.*nothing$/m,
    );
  },

  "client-certificate.ts": async (_url, program) => {
    await program.prints(/^Ada: Hello, Ada!\nnobody: is not let in\nMallory, who says to be Ada,: is not let in$/m);
  },
};
