/** The Azure CLI as Debian ships it, unmodified, pointed at a server under test by a cloud file of its own. */
import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DevFile } from '../../src/development/dev-file.ts'

export interface AzAnswer {
  /** az's exit status: 0, 1, or 3 for something that is not there. */
  status: number
  stdout: string
  stderr: string
}

export interface Az {
  /** Its environment, for commands a test starts itself. */
  env: Record<string, string>
  /** Runs a command and gives its JSON; throws with what az said when it fails. */
  json<T = Record<string, unknown>>(...args: string[]): Promise<T>
  /** Runs a command that need not succeed. */
  run(...args: string[]): Promise<AzAnswer>
}

/** @param folder where this az keeps its profile and its tokens: one for each server, because its cache goes by host name without the port */
export async function azFor(dev: Pick<DevFile, 'httpsOrigin' | 'caFile'>, folder: string): Promise<Az> {
  mkdirSync(folder, { recursive: true })
  const env: Record<string, string> = {
    PATH: process.env.PATH ?? '', HOME: folder, AZURE_CONFIG_DIR: folder, REQUESTS_CA_BUNDLE: dev.caFile, AZURE_CORE_COLLECT_TELEMETRY: 'no',
    AZURE_CORE_NO_COLOR: 'yes', AZURE_CORE_ONLY_SHOW_ERRORS: 'yes', PYTHONDONTWRITEBYTECODE: '1',
  }
  const az = { env, run: (...args: string[]) => run(env, args), json: <T>(...args: string[]) => json<T>(env, args) }
  await json(env, ['cloud', 'register', '-n', 'Latchkey', '--cloud-config', `@${cloudFile(dev.httpsOrigin, folder)}`])
  await json(env, ['cloud', 'set', '-n', 'Latchkey'])
  return az
}

/** An authority that ends in `adfs` is the one az 2.45 takes without asking Microsoft's host about it. */
function cloudFile(origin: string, folder: string): string {
  const file = join(folder, 'latchkey.json')
  const endpoints = {
    activeDirectory: `${origin}/adfs`, activeDirectoryResourceId: `${origin}/arm`, activeDirectoryGraphResourceId: `${origin}/aadgraph`,
    microsoftGraphResourceId: origin, management: `${origin}/arm`, resourceManager: `${origin}/arm`,
  }
  writeFileSync(file, JSON.stringify({ endpoints }))
  return file
}

function run(env: Record<string, string>, args: string[]): Promise<AzAnswer> {
  return new Promise(resolve =>
    execFile('az', [...args, '-o', 'json'], { env, maxBuffer: 16 * 1024 * 1024 }, (error, stdout, stderr) =>
      resolve({ status: error ? Number(error.code ?? 1) : 0, stdout, stderr })))
}

async function json<T>(env: Record<string, string>, args: string[]): Promise<T> {
  const { status, stdout, stderr } = await run(env, args)
  if (status !== 0) throw new Error(`az ${args.join(' ')} ended with ${status}: ${stderr}`)
  return (stdout.trim() === '' ? undefined : JSON.parse(stdout)) as T
}
