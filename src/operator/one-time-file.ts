import { closeSync, fsyncSync, openSync, unlinkSync, writeSync } from 'node:fs'
import type { Secret } from '../secret.ts'
import { OperatorError, type VerbContext } from './open-app.ts'

/**
 * Writes something that is read once, for its owner only; never over an existing file.
 * @returns takes the file away again, for when what it tells did not come true
 */
export function writeOneTimeFile(file: string, text: string): () => void {
  let descriptor: number
  try {
    descriptor = openSync(file, 'wx', 0o600)
  } catch (error) {
    throw new OperatorError('operator.init.fileExists', { file, detail: (error as { code?: string }).code ?? 'unknown' })
  }
  writeSync(descriptor, text)
  fsyncSync(descriptor)
  closeSync(descriptor)
  return () => unlinkSync(file)
}

/** Tells a one-time password, once: on standard output, or only where its file is. */
export function tellPassword({ io, say }: VerbContext, password: Secret, file: string | undefined): void {
  if (file) return say('operator.init.passwordFile', { file })
  say('operator.init.password')
  io.stdout.write(`  ${password.reveal()}\n`)
}
