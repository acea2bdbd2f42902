import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import type { Secret } from '../secret.ts'

const lineRoom = 200

/**
 * Looks a password up in the operator's file of SHA-1 hashes (LD-51): lines sorted, each beginning with 40 hexadecimal digits, as
 * such files are published. A binary search in the file: some thirty short reads for a thousand million lines, no memory.
 */
export async function isBreached(file: string | undefined, password: Secret): Promise<boolean> {
  if (file === undefined) return false
  const wanted = createHash('sha1').update(password.reveal(), 'utf8').digest('hex').toUpperCase()
  const handle = await open(file, 'r')
  try {
    let [low, high] = [0, (await handle.stat()).size]
    const room = Buffer.alloc(lineRoom)
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      const line = await lineFrom(handle, middle, room)
      if (line === undefined) {
        high = middle
        continue
      }
      if (line.hash === wanted) return true
      if (line.hash < wanted) low = line.end
      else high = middle
    }
    return false
  } finally {
    await handle.close()
  }
}

/** The first line that begins at or after a place in the file. */
async function lineFrom(
  handle: { read(buffer: Buffer, offset: number, length: number, position: number): Promise<{ bytesRead: number }> },
  place: number,
  room: Buffer,
): Promise<{ hash: string; end: number } | undefined> {
  // One byte earlier, so that a line which begins exactly here is not missed.
  const from = Math.max(0, place - 1)
  const { bytesRead } = await handle.read(room, 0, room.length, from)
  const text = room.toString('latin1', 0, bytesRead)
  const start = place === 0 ? 0 : text.indexOf('\n') + 1
  if (place > 0 && start === 0) return undefined
  const hash = text.slice(start, start + 40).toUpperCase()
  if (hash.length < 40) return undefined
  const lineEnd = text.indexOf('\n', start)
  return { hash, end: from + (lineEnd < 0 ? bytesRead : lineEnd + 1) }
}
