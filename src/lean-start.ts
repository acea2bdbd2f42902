import { setFlagsFromString } from 'node:v8'

/**
 * Gives V8 its own thresholds back, which bin/latchkey.mjs raised: what ran until the sockets were open ran for the last time and was
 * not worth optimizing, what runs from here on runs again and again. The space for young objects may grow from here on: at 2 MiB it
 * is swept so often under load that a tenth of a reset request went there.
 */
export function startIsOver(): void {
  setFlagsFromString('--invocation-count-for-maglev=400')
  setFlagsFromString('--invocation-count-for-turbofan=3000')
  setFlagsFromString('--semi-space-growth-factor=2')
}
