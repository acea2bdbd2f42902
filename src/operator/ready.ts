/** `latchkey ready`: asks the server of this configuration, on this machine, whether it can work. For containers and scripts. */
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { Config, VerbIo } from '../config.ts'
import { OperatorError, parseArgs, runVerb } from './open-app.ts'
import { configSource, readConfig } from './read-config.ts'

const patience = 4000

export function run(args: string[], io: VerbIo): Promise<number> {
  return runVerb(io, async ({ say }) => {
    const { values } = parseArgs({ args, options: { config: { type: 'string' } } })
    const config = readConfig(configSource(values.config === undefined ? [] : ['--config', values.config], io.env))
    const { status, failing } = await ask(config)
    if (status === 200) {
      say('operator.ready.yes')
      return 0
    }
    throw new OperatorError('operator.ready.no', { failing: failing.join(', ') || String(status) })
  })
}

function ask(config: Config): Promise<{ status: number; failing: string[] }> {
  const { host, port, tls, origin } = config.listeners[0]!
  // A socket that listens everywhere answers on loopback too; the name is the one the server knows itself by.
  const address = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  const url = new URL(origin)
  const options = { host: address, port, path: '/readyz', headers: { host: url.host }, timeout: patience, agent: false, servername: url.hostname }
  return new Promise((resolve, reject) => {
    const asked = (tls ? requestHttps : requestHttp)(options, answer => {
      let text = ''
      answer.on('data', (data: Buffer) => (text += String(data)))
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, failing: failingOf(text) }))
    })
    const unanswered = (detail: string) => reject(new OperatorError('operator.ready.silent', { address: `${address}:${port}`, detail }))
    asked.on('timeout', () => asked.destroy(new Error('timeout')))
    asked.on('error', error => unanswered((error as { code?: string }).code ?? error.message))
    asked.end()
  })
}

function failingOf(text: string): string[] {
  try {
    const { failing } = JSON.parse(text) as { failing?: string[] }
    return failing ?? []
  } catch {
    return []
  }
}
