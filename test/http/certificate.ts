/** A certificate for localhost, made for this run. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProgram } from "../needs.js";

export const openssl: string | undefined = findProgram("openssl");

export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

let made: Certificate | undefined;

/** Valid for localhost and 127.0.0.1, signed by itself. */
export function certificate(program: string): Certificate {
  if (made !== undefined) return made;
  const folder = mkdtempSync(join(tmpdir(), "express-ring-"));
  try {
    const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
    const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
    execFileSync(program, ["req", ...kind, ...names, "-keyout", key, "-out", cert], { stdio: "pipe" });
    made = { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
    return made;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
