/**
 * Stops asking a provider that does not answer: after five failures in a row it is left alone for 30 s, then one message
 * is tried; if that fails too, twice as long, five minutes at most.
 */
export interface CircuitBreaker {
  /** How many may be tried now: 0 while the provider is left alone, 1 for a trial, otherwise `asked`. */
  allows(asked: number, now: number): number
  succeeded(): void
  failed(now: number): void
  /** When the provider is tried again; undefined while it works. */
  openUntil(): number | undefined
}

const failuresToOpen = 5
const firstPause = 30_000
const longestPause = 300_000

export function circuitBreaker(): CircuitBreaker {
  let failures = 0
  let pauses = 0
  let until: number | undefined
  return {
    allows: (asked, now) => (until === undefined ? asked : now < until ? 0 : Math.min(asked, 1)),
    succeeded: () => {
      failures = 0
      pauses = 0
      until = undefined
    },
    failed: now => {
      failures++
      if (failures < failuresToOpen || (until !== undefined && now < until)) return
      until = now + Math.min(firstPause * 2 ** pauses, longestPause)
      pauses++
    },
    openUntil: () => until,
  }
}
