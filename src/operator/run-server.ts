/** The server as a process: doors, sockets, the dispatcher, the rounds; and how all of it ends well. */
import { randomUUID } from 'node:crypto'
import type { App } from '../app.ts'
import { listen, type Listening } from '../listen.ts'
import { startDispatcher } from '../notify/dispatch.ts'
import { sendersOf } from '../notify/senders.ts'
import { buildServer } from '../server.ts'
import { startSignInLog } from '../store/sign-ins.ts'
import type { Store } from '../store/open.ts'
import { startRounds } from './rounds.ts'

export interface RunningServer {
  /** Where it listens, in the order of the configuration's listeners. */
  origins: string[]
  /** Takes nothing new, finishes what is under way, closes the database. */
  stop(): Promise<void>
}

/** @throws what the system says when a port is taken or forbidden (EADDRINUSE, EACCES); nothing is left running then */
export async function startServer(app: App, store: Store): Promise<RunningServer> {
  const nodeId = randomUUID()
  const server = await buildServer(app, store)
  const sockets: Listening[] = []
  try {
    for (const listener of app.config.listeners) sockets.push(await listen(server, listener))
  } catch (error) {
    await Promise.all(sockets.map(socket => socket.close()))
    await server.close()
    throw error
  }
  const signIns = startSignInLog(app)
  const dispatcher = startDispatcher(app, await sendersOf(app.config))
  const rounds = startRounds(app, nodeId)
  let stopped: Promise<void> | undefined
  const stop = async () => {
    const closing = sockets.map(socket => socket.close())
    await server.close()
    await Promise.all(closing)
    await rounds.stop()
    await dispatcher.stop()
    await signIns.stop()
    await store.close()
  }
  return { origins: sockets.map(socket => socket.origin), stop: () => (stopped ??= stop()) }
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
