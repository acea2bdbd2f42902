/**
 * `latchkey keys rotate|drop`: new keys while the server runs. A key is made, taken into use, and what can be put under it
 * at once is; retired keys go on opening what they closed until `drop`, which refuses while anything needs them.
 */
import type { App } from '../app.ts'
import type { VerbIo } from '../config.ts'
import { repepperHash } from '../credentials/hash-password.ts'
import { reindexDestinations } from '../credentials/reindex.ts'
import { readKeyFile, rotateKeyFile, type KeyRoot } from '../key-file.ts'
import { hashTables, hashesOf, replaceHash, dataKeysNotUnder } from '../store/stored-hashes.ts'
import { dropSigning, rotateSigning } from './signing-keys.ts'
import { OperatorError, parseArgs, runVerb, whereOptions, withApp, type Say } from './open-app.ts'

const roots: readonly KeyRoot[] = ['encryption', 'pepper', 'mac']

export function run([action = '', root = '', ...args]: string[], io: VerbIo): Promise<number> {
  return runVerb(io, async ({ say }) => {
    const { values } = parseArgs({ args, options: { ...whereOptions, now: { type: 'boolean' } } })
    if (root === 'signing' && action === 'rotate') return withApp(values, io, app => rotateSigning(app, values.now === true, say))
    if (root === 'signing' && action === 'drop') return withApp(values, io, app => dropSigning(app, say))
    if (values.now || !isRoot(root)) throw new OperatorError('operator.keys.usage')
    if (action === 'rotate') return withApp(values, io, app => rotate(app, root, say))
    // What keyed hashes were made of cannot be asked for again, so their keys are never dropped.
    if (action === 'drop' && root !== 'mac') return withApp(values, io, app => drop(app, root, say))
    throw new OperatorError('operator.keys.usage')
  })
}

const isRoot = (text: string): text is KeyRoot => roots.some(root => root === text)

async function rotate(app: App, root: KeyRoot, say: Say): Promise<number> {
  const file = app.config.keysFile
  const waits = readKeyFile(file)[root].at(-1)!.state === 'next'
  if (!waits) rotateKeyFile(file, root, 'add') // a run that was broken off left one behind
  const id = rotateKeyFile(file, root, 'use')
  app.keys.reload()
  say('operator.keys.rotated', { root, id, file })
  if (root === 'encryption') say('operator.keys.rewrapped', { count: await app.keys.rewrap() })
  if (root === 'mac') say('operator.keys.rewrapped', { count: await reindexDestinations(app) })
  if (root === 'pepper') say('operator.keys.rewrapped', { count: await repepperAll(app) })
  return 0
}

async function drop(app: App, root: 'encryption' | 'pepper', say: Say): Promise<number> {
  const count = root === 'encryption' ? await dataKeysNotUnder(app.db, app.keys.activeId('encryption')) : await underOtherPepper(app)
  if (count > 0) throw new OperatorError('operator.keys.needed', { root, count })
  rotateKeyFile(app.config.keysFile, root, 'drop')
  say('operator.keys.dropped', { root })
  return 0
}

/** Puts the new pepper over every stored hash, each only if it is still the one that was read; needs no password. */
async function repepperAll(app: App): Promise<number> {
  let count = 0
  for (const table of hashTables) {
    for await (const row of hashesOf(app.db, table)) {
      const renewed = repepperHash(app, row.hash)
      if (renewed && (await replaceHash(app.db, table, row, renewed))) count++
    }
  }
  return count
}

/** Hashes that a retired pepper is part of: they are made anew when their owner signs in the next time. */
async function underOtherPepper(app: App): Promise<number> {
  const active = app.keys.activeId('pepper')
  let count = 0
  for (const table of hashTables) for await (const row of hashesOf(app.db, table)) if (row.hash.split('$')[3] !== active) count++
  return count
}
