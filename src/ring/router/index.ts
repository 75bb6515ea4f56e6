/** Routes as data. */
export type { PathParams } from "./params.js";
export { MalformedParameterError } from "./pattern.js";
export {
  context,
  type Routed,
  type RouteKey,
  type RouteMethod,
  type RouterOptions,
  type Routes,
  router,
  type Unrouted,
} from "./router.js";
