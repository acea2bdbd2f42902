import { randomUUID } from 'node:crypto'
import type { App } from '../app.ts'
import type { Config } from '../config.ts'
import { start } from '../start.ts'
import { startRounds } from './rounds.ts'

export interface RunningServer {
  app: App
  /** Where it listens, in the order of the configuration's listeners. */
  origins: string[]
  /** Takes nothing new, finishes what is under way, closes the database. */
  stop(): Promise<void>
}

/** A started installation with its rounds. @throws what the system says when a port is taken or forbidden (EADDRINUSE, EACCES) */
export async function startServer(config: Config): Promise<RunningServer> {
  const running = await start(config)
  const rounds = startRounds(running.app, randomUUID())
  let stopped: Promise<void> | undefined
  const stop = async () => {
    await rounds.stop()
    await running.stop()
  }
  return { app: running.app, origins: running.origins, stop: () => (stopped ??= stop()) }
}

/** Runs until SIGTERM or SIGINT; a second one ends it at once. @returns the exit status */
export function untilStopped(running: RunningServer): Promise<number> {
  return new Promise(resolve => {
    let asked = false
    const onSignal = () => {
      if (asked) process.exit(130)
      asked = true
      running.stop().then(
        () => resolve(0),
        () => resolve(1),
      )
    }
    process.on('SIGTERM', onSignal)
    process.on('SIGINT', onSignal)
  })
}
