/** Puts the hooks into Node. */

import * as nodeModule from "node:module";
import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
import { type Import, syncResolve, type Versioning } from "./hooks.js";

/** The main thread's end. */
export interface Hooks {
  /** Says what the modules that are imported from now on are to be called. */
  tell(versioning: Versioning): void;
  /** What was imported since it was last asked. */
  imports(): readonly Import[];
}

/** Node 22.15 and later: hooks that run in the thread of the application. */
type RegisterHooks = (hooks: { readonly resolve: ReturnType<typeof syncResolve> }) => void;

export function installHooks(): Hooks {
  const { registerHooks } = nodeModule as unknown as { readonly registerHooks?: RegisterHooks };
  return registerHooks === undefined ? hooksInTheirThread() : hooksInThisThread(registerHooks);
}

function hooksInThisThread(registerHooks: RegisterHooks): Hooks {
  let versioning: Versioning = { roots: [], versions: new Map() };
  let found: Import[] = [];
  registerHooks({
    resolve: syncResolve(
      () => versioning,
      (one) => void found.push(one),
    ),
  });
  return {
    tell: (next) => void (versioning = next),
    imports: () => {
      const all = found;
      found = [];
      return all;
    },
  };
}

function hooksInTheirThread(): Hooks {
  const { port1: here, port2: there } = new MessageChannel();
  nodeModule.register("./hooks.js", import.meta.url, { data: { port: there }, transferList: [there] });
  return {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of a worker has none
    tell: (versioning) => here.postMessage(versioning),
    imports: () => {
      const found: Import[] = [];
      for (let news = receiveMessageOnPort(here); news !== undefined; news = receiveMessageOnPort(here)) {
        found.push(news.message as Import);
      }
      return found;
    },
  };
}
