/**
 * In CI a test that fails is run once more, and what it failed with is printed: with real servers, clients and clocks on a machine that
 * others use too, a minute in which nothing moves is no fault of the code. At one's own desk the first failure counts.
 */
import { jest } from "@jest/globals";

if (process.env.CI === "true") jest.retryTimes(1, { logErrorsBeforeRetry: true });
