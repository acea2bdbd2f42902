/** Files that are there whole or not at all, even after the machine loses power; for their owner's eyes. */
import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

export function writeWhole(file: string, text: string): void {
  const half = `${file}.new`
  const handle = openSync(half, 'w', 0o600)
  try {
    writeFileSync(handle, text)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
  renameSync(half, file)
  const folder = openSync(dirname(file) || '.', 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
