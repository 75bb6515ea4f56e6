/** Request maps for tests: a handler is a function, and needs no server. Source: `ring.mock.request`. */
export { type MockPart, type MockPartValue, multipartBody } from "./multipart.js";
export {
  body,
  contentLength,
  contentType,
  cookie,
  header,
  jsonBody,
  type Mockable,
  type MockParams,
  queryString,
  request,
} from "./request.js";
