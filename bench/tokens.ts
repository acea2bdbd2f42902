/**
 * Client-credentials tokens beside oidc-provider's, and beside the bare signatures of the machine. All three share the same cores with
 * the load. The peer does the same work twice: as it comes, which leaves no trace of a token, and with a sign-in log as durable as ours
 * (one row for each token, committed to SQLite before its answer leaves), which is the one the promise speaks of.
 */
import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Installation } from './installation.ts'
import { loadTokens } from './token-load.ts'
import type { TokenRequest } from './token-load.ts'

type Record_ = (name: string, value: number, bound: number, atLeast: boolean, note: string) => void

const here = import.meta.dirname
const command = join(here, '..', 'bin', 'latchkey.mjs')
const connections = 32
const wanted = 6_000

export interface TokenPeer {
  plain: TokenRequest
  logged: TokenRequest
  stop(): void
}

/** Two processes of the same server, one of which keeps a log. */
export async function startTokenPeers(folder: string, port: number): Promise<TokenPeer> {
  const peerFolder = join(here, 'tokens-peer')
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-fund', '--no-audit', '--loglevel=error'], { cwd: peerFolder, stdio: ['ignore', 'ignore', 'inherit'] })
  const start = async (at: number, log: string[]): Promise<ChildProcess> => {
    const child = spawn(process.execPath, [join(peerFolder, 'server.mjs'), String(at), ...log], { stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, NODE_ENV: 'production' } })
    await new Promise<void>((resolve, reject) => {
      child.stdout!.once('data', () => resolve())
      child.once('exit', code => reject(new Error(`oidc-provider ended with ${code}`)))
    })
    return child
  }
  const children = [await start(port, []), await start(port + 1, [join(folder, 'tokens-peer.db')])]
  const request = (at: number): TokenRequest => ({
    port: at, host: `localhost:${at}`, path: '/token',
    body: 'grant_type=client_credentials&client_id=bench&client_secret=bench-bench-bench-bench-bench-bench-bench&scope=read',
  })
  return { plain: request(port), logged: request(port + 1), stop: () => children.forEach(child => child.kill('SIGTERM')) }
}

function requestOf(latchkey: Installation, dataDir: string): TokenRequest {
  const { tenantId, application } = JSON.parse(readFileSync(join(dataDir, 'dev.json'), 'utf8')) as { tenantId: string; application: { appId: string; secret: string } }
  const { port, host } = new URL(latchkey.origin)
  const form = { grant_type: 'client_credentials', client_id: application.appId, client_secret: application.secret, scope: 'https://graph.microsoft.com/.default' }
  return { port: Number(port), host, path: `/${tenantId}/oauth2/v2.0/token`, body: new URLSearchParams(form).toString() }
}

/** Signatures a second of two processes that do nothing else, by the machine's own openssl. */
function signaturesPerSecond(): number {
  const said = execFileSync('openssl', ['speed', '-multi', '2', '-seconds', '2', 'rsa2048'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  return Number(/^rsa +2048 bits +\S+ +\S+ +([\d.]+)/m.exec(said)?.[1])
}

const setAlgorithm = (dataDir: string, algorithm: 'RS256' | 'ES256', domain: string) =>
  execFileSync(process.execPath, [command, 'tenant', 'settings', '--data-dir', dataDir, '--tenant', domain, `signingAlgorithm=${algorithm}`], { stdio: ['ignore', 'ignore', 'inherit'] })

/** @param busily runs while eight sign-ins are always wanted */
export async function tokens(
  { latchkey, dataDir, peer, record, busily }: { latchkey: Installation; dataDir: string; peer: TokenPeer; record: Record_; busily<T>(work: () => Promise<T>): Promise<T> },
): Promise<void> {
  const request = requestOf(latchkey, dataDir)
  const many = (to: TokenRequest) => loadTokens(to, connections, wanted)
  for (const to of [request, peer.plain, peer.logged]) await loadTokens(to, connections, 1_500)
  const plain = await many(peer.plain)
  const ours = await many(request)
  const logged = await many(peer.logged)
  const bare = signaturesPerSecond()
  const against = (theirs: number) => `${ours.perSecond.toFixed(0)}/s against ${theirs.toFixed(0)}/s`
  record('tokens / oidc-provider, both logged', ours.perSecond / logged.perSecond, 1.6, true, against(logged.perSecond))
  record('tokens / oidc-provider, only ours logged', ours.perSecond / plain.perSecond, 1, true, against(plain.perSecond))
  record('tokens / openssl rsa2048', ours.perSecond / bare, 0.62, true, against(bare))
  record('token p99 / oidc-provider, both logged', ours.p99 / logged.p99, 0.6, false, `${ours.p99.toFixed(1)} ms against ${logged.p99.toFixed(1)} ms`)
  await busyTokens(request, record, busily)
  setAlgorithm(dataDir, 'ES256', latchkey.dev.domain)
  await loadTokens(request, connections, 1_500)
  const elliptic = await many(request)
  setAlgorithm(dataDir, 'RS256', latchkey.dev.domain)
  record('ES256 tokens / RS256', elliptic.perSecond / ours.perSecond, 3, true, `${elliptic.perSecond.toFixed(0)}/s against ${ours.perSecond.toFixed(0)}/s`)
}

/** One token after another, alone and among sign-ins. */
async function busyTokens(request: TokenRequest, record: Record_, busily: <T>(work: () => Promise<T>) => Promise<T>): Promise<void> {
  const ask = () => loadTokens(request, 1, 500)
  await ask()
  const quiet = await ask()
  const busy = await busily(ask)
  record('token among sign-ins / quiet', busy.median / quiet.median, 2, false, `${busy.median.toFixed(2)} ms against ${quiet.median.toFixed(2)} ms`)
}
