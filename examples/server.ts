/**
 * A server of its own: one route that is asked for often costs only itself, and an Express app has all the others.
 *
 *     curl -i http://localhost:3000/count
 *     curl -i http://localhost:3000/
 */
import express from "express";
import { startServer } from "express-ring/http";

const app = express();
app.get("/", (_req, res) => res.type("text").send("The page of the Express app.\n"));

let count = 0;

const server = await startServer(
  ({ requestMethod, uri }) => {
    // Nothing means "not mine": the request goes to the app, as it came.
    if (requestMethod !== "get" || uri !== "/count") return null;
    count++;
    return { status: 200, headers: { "content-type": "application/json" }, body: JSON.stringify({ count }) };
  },
  { port: Number(process.env.PORT ?? 3000), fallback: app },
);
console.log(`http://localhost:${server.port}/count`);

// Ctrl-C: what is under way comes to its end, nothing new begins.
process.once("SIGINT", () => void server.close());
