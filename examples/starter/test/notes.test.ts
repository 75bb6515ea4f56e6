import assert from "node:assert/strict";
import { test } from "node:test";
import { pipe } from "express-ring";
import { wrapJsonBody, wrapJsonResponse } from "express-ring/middleware";
import { jsonBody, request } from "express-ring/mock";
import { Notes } from "../src/notes.js";

test("a note that is added can be listed and found", async () => {
  const notes = new Notes();
  const add = pipe(notes.add, wrapJsonBody, wrapJsonResponse);
  const added = await add(jsonBody(request("post", "/notes"), { text: "Buy tea" }));
  assert.equal(added?.status, 201);
  assert.equal(added?.headers?.["Location"], "/notes/1");
  assert.deepEqual(notes.list().body, [{ id: 1, text: "Buy tea" }]);
  assert.deepEqual(notes.find({ ...request("get", "/notes/1"), routeParams: { id: "1" } })?.body, {
    id: 1,
    text: "Buy tea",
  });
});

test("a note without a text is refused", () => {
  const notes = new Notes();
  for (const body of [null, {}, { text: "" }, { text: 7 }, { text: "x".repeat(1001) }]) {
    assert.equal(notes.add({ ...request("post", "/notes"), body }).status, 400);
  }
  assert.deepEqual(notes.list().body, []);
});
