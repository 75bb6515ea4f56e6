/** The two ways to let an app listen. */
import type { Server } from "node:http";
import type { Express } from "express";
import { withMessageClasses } from "express-ring";

export type Listen = (app: Express) => Server;

export const plainly: Listen = (app) => app.listen(0);

export const withClasses: Listen = (app) => withMessageClasses(app).listen(0);
