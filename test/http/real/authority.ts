/** A certificate authority for one run of the tests. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Certificate } from "../certificate.js";

export interface Authority {
  /** Its own certificate. */
  readonly ca: string;
  /**
   * Signs a certificate.
   *
   * @param names "DNS:localhost,IP:127.0.0.1"
   * @param isExpired Was it valid in the past only? @default false
   */
  readonly issue: (commonName: string, names?: string, isExpired?: boolean) => Certificate;
  readonly remove: () => void;
}

const CONFIG = `
[ca]
default_ca = authority
[authority]
database = index.txt
serial = serial
new_certs_dir = .
certificate = ca.pem
private_key = ca.key
default_md = sha256
default_days = 2
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = empty
[empty]
`;

/** @param openssl The program. */
export function makeAuthority(openssl: string): Authority {
  const folder = mkdtempSync(join(tmpdir(), "express-ring-"));
  const run = (...args: readonly string[]): void => {
    execFileSync(openssl, args, { cwd: folder, stdio: "pipe", env: { ...process.env, OPENSSL_CONF: "conf" } });
  };
  const read = (name: string): string => readFileSync(join(folder, name), "utf8");
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  writeFileSync(join(folder, "conf"), CONFIG);
  writeFileSync(join(folder, "index.txt"), "");
  writeFileSync(join(folder, "serial"), "01");
  const isAuthority = ["-addext", "basicConstraints=critical,CA:TRUE"];
  run(
    "req",
    "-x509",
    ...newKey,
    ...isAuthority,
    "-days",
    "2",
    "-subj",
    "/CN=authority",
    "-keyout",
    "ca.key",
    "-out",
    "ca.pem",
  );
  return {
    ca: read("ca.pem"),
    issue(commonName, names = "DNS:localhost,IP:127.0.0.1", isExpired = false) {
      const subject = ["-subj", `/CN=${commonName}`, "-addext", `subjectAltName=${names}`];
      run("req", "-new", ...newKey, ...subject, "-keyout", "one.key", "-out", "one.csr");
      const dates = isExpired ? ["-startdate", "20200101000000Z", "-enddate", "20200102000000Z"] : [];
      run("ca", "-config", "conf", "-batch", "-notext", ...dates, "-in", "one.csr", "-out", "one.pem");
      return { key: read("one.key"), cert: read("one.pem") };
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}
