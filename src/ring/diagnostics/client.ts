/** Requests of the HTTP client's, for those who watch them. */

import { channelOf } from "./channels.js";
import type { ClientEvent, Writable } from "./events.js";

const started = channelOf("express-ring:client:start");
const answered = channelOf("express-ring:client:response");
const ended = channelOf("express-ring:client:end");
const failed = channelOf("express-ring:client:error");

/** A request of the client's sets off. @returns its event, if anybody wants to hear of it */
export function clientStarted(
  method: string,
  url: string,
  headers: ClientEvent["headers"],
): Writable<ClientEvent> | undefined {
  if (![started, answered, ended, failed].some(({ hasSubscribers }) => hasSubscribers)) return undefined;
  const event: Writable<ClientEvent> = {
    method,
    url,
    headers,
    startTime: performance.now(),
    status: undefined,
    protocolVersion: undefined,
    duration: undefined,
    error: undefined,
  };
  started.publish(event);
  return event;
}

/** The head of its answer is there. */
export function clientAnswered(event: Writable<ClientEvent>, status: number, protocolVersion: string): void {
  event.status = status;
  event.protocolVersion = protocolVersion;
  answered.publish(event);
}

/** It is over; once. */
export function clientEnded(event: Writable<ClientEvent>, error?: unknown): void {
  if (event.duration !== undefined) return;
  event.duration = performance.now() - event.startTime;
  event.error = error;
  (error === undefined ? ended : failed).publish(event);
}
