/** Where a rotation is, on disk before each step: whoever starts the command again after a crash goes on from there. */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Call } from './call.ts'
import { writeWhole } from './whole-file.ts'

/**
 * - `adding`: a new secret is asked for, under a name that no other has. Nobody has seen it yet: after a crash it is thrown away.
 * - `delivering`: it is here and goes into its file. From now on somebody may be using it.
 * - `waiting`: until the new one is seen in use and the old one is quiet.
 * - `retiring`: the old one goes.
 */
interface Common {
  appId: string
  applicationId: string
  server: string
  oldKeyId: string
  secretFile: string
  marker: string
}
export type Adding = Common & { step: 'adding' }
export type Delivering = Common & { step: 'delivering'; newKeyId: string; secretText: string }
export type Waiting = Common & { step: 'waiting'; newKeyId: string }
export type Retiring = Common & { step: 'retiring'; newKeyId: string }
export type Rotation = Adding | Delivering | Waiting | Retiring

export class RotationJournal {
  readonly #file: string

  constructor(env: Call['io']['env'], server: string, appId: string) {
    const folder = join(env['XDG_STATE_HOME'] || join(env['HOME'] || homedir(), '.local', 'state'), 'latchkey', 'rotations')
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    this.#file = join(folder, `${createHash('sha256').update(`${server}\n${appId}`).digest('hex').slice(0, 32)}.json`)
  }

  /** What was under way; undefined when nothing was. A journal that cannot be read is an error, never a fresh start. */
  read(): Rotation | undefined {
    let text
    try {
      text = readFileSync(this.#file, 'utf8')
    } catch (error) {
      if ((error as { code?: string }).code === 'ENOENT') return undefined
      throw error
    }
    return JSON.parse(text) as Rotation
  }

  write(rotation: Rotation): void {
    writeWhole(this.#file, JSON.stringify(rotation))
  }

  clear(): void {
    rmSync(this.#file, { force: true })
  }
}
