/** Who is told of streams as they are made: nobody, as a rule. In a file of its own, since sources know nothing of graphs. */

export interface StreamWatcher {
  made(source: object): void;
  /** It is a part of another one, which is shown. */
  hide(source: object): void;
}

let watcher: StreamWatcher | undefined;

export function setWatcher(next: StreamWatcher | undefined): void {
  watcher = next;
}

/** Tells the watcher, if there is one, of a new source. */
export function tellMade(source: object): void {
  if (watcher !== undefined) watcher.made(source);
}

/** A stream inside of another one. */
export function hidden<S extends object>(source: S): S {
  if (watcher !== undefined) watcher.hide(source);
  return source;
}
