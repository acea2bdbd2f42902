import { randomBytes } from 'node:crypto'
import { closeSync, fstatSync, fsyncSync, openSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs'

/**
 * The installation's secrets, which never lie in the database (T-73): one JSON file, mode 0600. It holds three roots that
 * rotate apart; every purpose has its own key, derived from its root (HKDF-SHA-256), so no value made for one purpose means
 * anything for another. Every value made carries the id of its key, so that a retired key goes on opening what it closed.
 */
export interface KeyFile {
  version: 1
  /** Keyed hashes: codes, look-up indexes, form tokens, … */
  mac: RootKey[]
  /** Wraps the tenants' data keys. */
  encryption: RootKey[]
  /** Put on top of every Argon2id hash. */
  pepper: RootKey[]
}

export interface RootKey {
  /** Letters and digits only; part of every value made with the key. */
  id: string
  /** 32 random bytes, base64url. */
  secret: string
  createdAt: string
  /** 'next': accepted already, used by nobody yet (so that every process knows it first). 'retired': accepted, no longer used. */
  state: 'next' | 'active' | 'retired'
}

export type KeyRoot = 'mac' | 'encryption' | 'pepper'

const idPattern = /^[a-z0-9]{1,16}$/
const roots: readonly KeyRoot[] = ['mac', 'encryption', 'pepper']

/** Fresh secrets, not written anywhere. */
export function newKeys(): KeyFile {
  return { version: 1, mac: [newRoot('k1', 'active')], encryption: [newRoot('e1', 'active')], pepper: [newRoot('p1', 'active')] }
}

/** Makes the key file, mode 0600; an existing one is never overwritten. */
export function newKeyFile(path: string): void {
  writeNew(path, newKeys())
}

/**
 * Rotation in three steps, each safe while processes run: `add` (every process learns the key), `use` (new values are made
 * with it, the former is retired), `drop` (retired keys that nothing needs any more go). Returns the id of the key concerned.
 */
export function rotateKeyFile(path: string, root: KeyRoot, step: 'add' | 'use' | 'drop'): string {
  const keys = readKeyFile(path)
  const list = keys[root]
  const last = list.at(-1)!
  if (step === 'add') {
    if (last.state === 'next') throw new Error(`The ${root} key ${last.id} waits already: use it first`)
    list.push(newRoot(`${last.id[0]}${list.reduce((most, one) => Math.max(most, Number(one.id.slice(1)) || 0), 0) + 1}`, 'next'))
  } else if (step === 'use') {
    if (last.state !== 'next') throw new Error(`No ${root} key waits: add one first`)
    for (const one of list) one.state = 'retired'
    last.state = 'active'
  } else keys[root] = list.filter(one => one.state !== 'retired')
  const beside = `${path}.${process.pid}.new`
  writeNew(beside, keys)
  renameSync(beside, path)
  return keys[root].at(-1)!.id
}

/** Reads and checks a key file: its mode, its shape, the length of every secret (T-79). */
export function readKeyFile(path: string): KeyFile {
  const descriptor = openSync(path, 'r')
  try {
    const mode = fstatSync(descriptor).mode & 0o777
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw new Error(`The key file ${path} can be read by others (mode 0${mode.toString(8)}): run chmod 600 on it`)
    }
    return checkKeys(JSON.parse(readFileSync(descriptor, 'utf8')))
  } finally {
    closeSync(descriptor)
  }
}

/** Another one when the file was replaced, as rotation does. */
export function stampOfFile(path: string): string {
  const { ino, mtimeMs, size } = statSync(path)
  return `${ino} ${mtimeMs} ${size}`
}

function newRoot(id: string, state: RootKey['state']): RootKey {
  return { id, secret: randomBytes(32).toString('base64url'), createdAt: new Date().toISOString(), state }
}

function writeNew(path: string, keys: KeyFile): void {
  const descriptor = openSync(path, 'wx', 0o600)
  try {
    writeSync(descriptor, `${JSON.stringify(keys, null, 2)}\n`)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** The keys, if they have the shape of a key file. @throws what is wrong with them */
export function checkKeys(value: unknown): KeyFile {
  const keys = value as KeyFile
  if (keys?.version !== 1) throw new Error('The key file has no version this program knows')
  for (const root of roots) {
    const list = keys[root]
    if (!Array.isArray(list) || list.filter(one => one?.state === 'active').length !== 1) {
      throw new Error(`The key file must have exactly one active key under "${root}"`)
    }
    if (new Set(list.map(one => one.id)).size !== list.length) throw new Error(`Two keys under "${root}" have the same id`)
    for (const one of list) {
      if (!idPattern.test(one.id)) throw new Error(`A key under "${root}" has an id that is not letters and digits`)
      if (typeof one.secret !== 'string' || Buffer.from(one.secret, 'base64url').length < 32) {
        throw new Error(`The key ${one.id} under "${root}" is shorter than 32 bytes`)
      }
    }
  }
  return keys
}
