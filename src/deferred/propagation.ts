/**
 * The stack of work that is still to be done, which takes the place of the call stack.
 *
 * Manifold propagates by calling: realizing a deferred calls its listeners, which realize further deferreds, and so on,
 * depth first. The order is the same here, but what the kit's own listeners set in motion is pushed onto this stack and
 * done by the call that started it all, so that a line of a million chains or streams needs no deeper call stack than
 * a line of one.
 */

/** One piece of work. It must not throw: user code inside it is guarded by the piece itself. */
export interface Task {
  run(): void;
}

const stack: (Task | undefined)[] = [];
let top = 0;

/** Leaves a task for the surrounding `drain`. What is pushed last runs first. */
export function push(task: Task): void {
  stack[top++] = task;
}

/** How much work waits below: hand it to `drain` to do only what came after. */
export function mark(): number {
  return top;
}

/** Does all work that was pushed since `base` was marked. */
export function drain(base: number): void {
  while (top > base) {
    const task = stack[--top] as Task;
    stack[top] = undefined;
    task.run();
  }
}

/** Leaves a task below what was pushed since `base` was marked: it runs once all of that is done. */
export function pushBelow(base: number, task: Task): void {
  for (let place = top++; place > base; place--) stack[place] = stack[place - 1];
  stack[base] = task;
}

/** Turns round what was pushed since `base` was marked: what was pushed first is done first. */
export function reverse(base: number): void {
  for (let low = base, high = top - 1; low < high; low++, high--) {
    const task = stack[low];
    stack[low] = stack[high];
    stack[high] = task;
  }
}
