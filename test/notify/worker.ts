/** A worker in a process of its own: `worker.ts <ticket>` writes every mail it sends as a line of JSON, once round. */
import { writeSync } from 'node:fs'
import { startDispatcher } from '../../src/notify/dispatch.ts'
import { joinStage } from '../credentials/stage.ts'

const { app, store } = await joinStage(process.argv[2]!)
const dispatcher = startDispatcher(app, { mail: { send: async message => void writeSync(1, `${JSON.stringify(message)}\n`) } }, { loop: false })
await dispatcher.once()
await dispatcher.stop()
await store.close()
