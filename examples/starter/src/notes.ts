/** Notes: handlers from a request map to a response map. Nothing here knows of Express. */
import type { RingRequest } from "express-ring";
import type { JsonRequest } from "express-ring/middleware";
import { created, type DataResponse, response, status } from "express-ring/response";

export interface Note {
  readonly id: number;
  readonly text: string;
}

const LONGEST_TEXT = 1000;

/** In memory, so they end with the process: the place for a database. */
export class Notes {
  readonly #notes: Note[] = [];

  list = (): DataResponse => response(this.#notes);

  find = ({ routeParams }: RingRequest): DataResponse | null => {
    const note = this.#notes.find(({ id }) => String(id) === routeParams?.["id"]);
    // Nothing means "not mine": the app answers with 404.
    return note === undefined ? null : response(note);
  };

  add = ({ body }: JsonRequest<unknown>): DataResponse => {
    const { text } = (body ?? {}) as { readonly text?: unknown };
    if (typeof text !== "string" || text === "" || text.length > LONGEST_TEXT) {
      return status(response({ error: `text: 1 to ${LONGEST_TEXT} characters, please` }), 400);
    }
    const note = { id: this.#notes.length + 1, text };
    this.#notes.push(note);
    return created(`/notes/${note.id}`, note);
  };
}
