/**
 * An Express app as there are many, and three Ring handlers dropped into it. What the app has done before them holds for them:
 * headers, compression, the session, the parsed body; and their errors are its errors.
 *
 *     curl -i http://localhost:3000/shop/cart
 *     curl -i http://localhost:3000/ring/cart
 */
import { randomBytes } from "node:crypto";
import type { AddressInfo } from "node:net";
import compression from "compression";
import express, { type ErrorRequestHandler } from "express";
import { expressOf, type RingRequest, type RingResponse, ring } from "express-ring";
import { letFlow } from "express-ring/deferred";
import { contentType, response, status } from "express-ring/response";
import session from "express-session";
import helmet from "helmet";

declare module "express-session" {
  interface SessionData {
    cart: readonly string[];
  }
}

const app = express();
app.set("trust proxy", "loopback");
app.use(helmet(), compression(), express.json());
app.use(session({ secret: randomBytes(32).toString("hex"), resave: false, saveUninitialized: true }));

// What was there before.
app.get("/shop/cart", (req, res) => void res.json({ cart: req.session.cart ?? [], client: req.ip }));

const json = (value: unknown): RingResponse => contentType(response(JSON.stringify(value)), "application/json");

// The same as a Ring handler: a map comes in, a map goes out. The session is Express's own.
app.get(
  "/ring/cart",
  ring((request) => json({ cart: expressOf(request).req.session.cart ?? [], client: request.remoteAddr })),
);

// What `express.json` has read is at hand; nothing reads the body twice.
function add(request: RingRequest): RingResponse {
  const { product } = (request.parsedBody ?? {}) as { readonly product?: unknown };
  if (typeof product !== "string") return status(json({ error: "which product?" }), 400);
  const { session } = expressOf(request).req;
  session.cart = [...(session.cart ?? []), product];
  return status(json({ cart: session.cart }), 201);
}
app.post("/ring/cart", ring(add));

// Two services side by side. A throw, now or later, goes where the errors of the app go.
const loadStock = async (product: string): Promise<number> => product.length;
const loadPrice = async (product: string): Promise<number> => {
  if (product === "unicorn") throw new Error("the price service knows no unicorns");
  return product.length * 3;
};
app.get(
  "/ring/products/:product",
  ring(({ routeParams }) => {
    const product = String(routeParams?.["product"]);
    return letFlow({ stock: loadStock(product), price: loadPrice(product) }, ({ stock, price }) =>
      json({ product, stock, price }),
    );
  }),
);

const onError: ErrorRequestHandler = (error: Error, _req, res, _next) => {
  console.error(`the app's error handler: ${error.message}`);
  res.status(500).json({ error: "something went wrong" });
};
app.use(onError);

const server = app.listen(Number(process.env.PORT ?? 3000), (error) => {
  if (error) throw error;
  console.log(`http://localhost:${(server.address() as AddressInfo).port}/ring/cart`);
});
