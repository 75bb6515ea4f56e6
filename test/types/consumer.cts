/** A CommonJS module of an application: `require` gives it the same. */
import deferreds = require("express-ring/deferred");

import { ring } from "express-ring";

export const seven: deferreds.Deferred<number> = deferreds.successDeferred(7);
export const handler = ring(() => ({ status: 204 }));
