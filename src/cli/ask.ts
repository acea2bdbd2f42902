import { createInterface } from 'node:readline'
import { Secret } from '../secret.ts'
import type { CliIo } from './call.ts'

/** One line from the keyboard or a pipe; the question goes to standard error, so that output can be redirected. */
export async function ask(io: CliIo, question: string): Promise<string> {
  io.stderr.write(`${question} `)
  const lines = linesOf(io)
  const { value, done } = await lines.next()
  return done ? '' : value.trim()
}

/** The same without showing what is typed. Secrets come in by this way only, never as arguments, which other users can see. */
export async function askSecret(io: CliIo, question: string): Promise<Secret> {
  if (!io.stdin.isTTY || !io.stdin.setRawMode) return new Secret(await ask(io, question))
  io.stderr.write(`${question} `)
  io.stdin.setRawMode(true)
  try {
    return new Secret(await typedUnseen(io))
  } finally {
    io.stdin.setRawMode(false)
    io.stderr.write('\n')
  }
}

async function typedUnseen(io: CliIo): Promise<string> {
  let text = ''
  for await (const chunk of io.stdin.iterator({ destroyOnReturn: false })) {
    for (const character of String(chunk)) {
      if (character === '\r' || character === '\n' || character === '\u0004') return text
      if (character === '\u0003') process.exit(130)
      if (character === '\u007f' || character === '\b') text = text.slice(0, -1)
      else text += character
    }
  }
  return text
}

/** Kept for each input, since a reader that is closed takes what it has buffered with it. */
const readers = new WeakMap<object, AsyncIterator<string>>()

function linesOf(io: CliIo): AsyncIterator<string> {
  const known = readers.get(io.stdin)
  if (known) return known
  const lines = createInterface({ input: io.stdin, terminal: false })[Symbol.asyncIterator]()
  readers.set(io.stdin, lines)
  return lines
}
