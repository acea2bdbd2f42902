import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** The first pages are asked for as soon as the sockets are open; what follows takes a tenth of a second. */
const restAfter = 1_000
let given = false

/**
 * Gives V8 its own thresholds back, which bin/latchkey.mjs raised: what ran until the sockets were open ran for the last time and was
 * not worth optimizing, what runs from here on runs again and again. The space for young objects may grow from here on: at 2 MiB it
 * is swept so often under load that a tenth of a reset request went there. A moment later what the start left behind is given back,
 * once in the life of the process.
 */
export function startIsOver(): void {
  setFlagsFromString('--invocation-count-for-maglev=400')
  setFlagsFromString('--invocation-count-for-turbofan=3000')
  setFlagsFromString('--semi-space-growth-factor=2')
  if (!given) setTimeout(giveBack, restAfter).unref()
  given = true
}

/**
 * V8 would collect an idle server's garbage some day, and keep the half-empty pages. Asked as if memory were at its end it moves what
 * lives together and gives the rest back to the machine: 10 MiB.
 */
function giveBack(): void {
  setFlagsFromString('--expose-gc')
  // Contexts made from here on have it, ours does not. Without it the server is only larger.
  const collect = runInNewContext('globalThis.gc') as typeof globalThis.gc
  setFlagsFromString('--no-expose-gc')
  collect?.({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}
