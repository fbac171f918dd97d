/** Heavy work in turns: one piece in each round of the event loop, so that small requests go between. */

let last: Promise<unknown> = Promise.resolve()

/** Resolves in a round of the event loop in which nobody else's does. */
export function ownTurn(): Promise<unknown> {
  last = last.then(() => new Promise((resolve) => setImmediate(resolve)))
  return last
}
