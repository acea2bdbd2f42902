/**
 * V8's thresholds while the process starts. Nearly everything that runs until the sockets are open runs for the last time: optimizing
 * it costs a sixth of the processor time and, with the compilers' own pages, 10 MiB that an idle server never gives back. Only
 * thresholds are touched, which V8 reads anew each time; see docs/decisions/004-bundle.md for what was measured.
 */
import { setFlagsFromString } from 'node:v8'

/** Calls after which a function is worth optimizing: V8's own figure, and the one for a start. */
const optimizeAfter = { usual: 400, starting: 2000 }

/** Before anything else is loaded. */
export function startLean(): void {
  setFlagsFromString(`--invocation-count-for-maglev=${optimizeAfter.starting}`)
  // For good: the space for young objects stays at 2 MiB, which fills oftener and costs nothing that a load test could see.
  setFlagsFromString('--semi-space-growth-factor=1')
}

/** When the sockets are open: what runs from here on runs again and again. */
export function startIsOver(): void {
  setFlagsFromString(`--invocation-count-for-maglev=${optimizeAfter.usual}`)
}
