/** Tests drop failed deferreds on purpose, and garbage is collected when they are over: nobody needs to be told. */
import { disableDroppedErrorLogging } from "../src/deferred/index.js";

disableDroppedErrorLogging();
