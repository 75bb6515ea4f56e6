/** What the rows about servers ask for: five tasks, which each server does in its own manner. */

export const text = "Hello, world!";
export const data = (): object => ({ message: text, languages: ["clojure", "typescript"], year: 2026 });
export const line: string = `${"x".repeat(63)}\n`;
export const lines = 100;
/** The answer to /greet?name=Ada with the cookie theme=dark. */
export const greeting = (name: string, theme: string): string => `Hello, ${name} (${theme})`;

export const plainText = "text/plain; charset=utf-8";
export const json = "application/json; charset=utf-8";

/** What the five middlewares put on each answer of /greet; they also read the query and the cookies. */
export const careful = {
  "x-frame-options": "SAMEORIGIN",
  "x-content-type-options": "nosniff",
  "x-xss-protection": "1; mode=block",
} as const;
