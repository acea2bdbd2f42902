/**
 * A named place at which a test may kill the process, as `kill -9` would. Outside tests (NODE_ENV=test and
 * LATCHKEY_FAULT=<name>) it is one comparison and nothing else.
 */
const fault = process.env.NODE_ENV === 'test' ? process.env.LATCHKEY_FAULT : undefined

export function faultPoint(name: string): void {
  if (fault !== undefined && fault === name) process.kill(process.pid, 'SIGKILL')
}
