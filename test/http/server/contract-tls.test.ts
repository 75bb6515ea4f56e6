import { httpContract } from "../../contract/http.js";
import { middlewareContract } from "../../contract/middleware.js";
import { describeWith } from "../../needs.js";
import { certificate, openssl } from "../certificate.js";
import { http2, https } from "./hosts.js";

describeWith("openssl", openssl, "over TLS", (program) => {
  for (const host of [https(certificate(program)), http2(certificate(program))]) {
    httpContract(host);
    middlewareContract(host);
  }
});
