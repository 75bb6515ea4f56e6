/** What is likely to be a secret, by its name. */

export const MASK = "••••••";

/** Names of headers, parameters, cookies and keys whose values are nobody's business. */
const SECRET =
  /^(?:proxy-)?authorization$|(?:^|[-_])auth(?:$|[-_])|cookie|token|secret|session|passw|pwd|api-?_?key|private|credential|csrf|xsrf|signature|flash|sslClientCert/i;

export function isSecretName(name: string): boolean {
  return SECRET.test(name);
}

/** A query with the values of secrets masked; its pairs are not decoded. */
export function maskQuery(query: string): string {
  return query
    .split("&")
    .map((pair) => {
      const equals = pair.indexOf("=");
      return equals !== -1 && isSecretName(pair.slice(0, equals)) ? `${pair.slice(0, equals)}=${MASK}` : pair;
    })
    .join("&");
}
