#!/usr/bin/env node
// The command. Starts src/main.ts under Node 24: this one if it is new enough, else the one bin/prepare.mjs brought.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const bin = dirname(fileURLToPath(import.meta.url))
const brought = join(bin, '..', 'runtime', 'node_modules', '.bin', 'node')
const old = Number(process.versions.node.split('.')[0]) < 24
if (old && !existsSync(brought)) {
  console.error(`latchkey: needs Node 24 or newer, this is ${process.version}. Run "npm start" once in ${join(bin, '..')}: it brings one.`)
  process.exit(1)
}
const child = spawn(old ? brought : process.execPath, ['--import', join(bin, 'jsx.mjs'), join(bin, '..', 'src', 'main.ts'), ...process.argv.slice(2)], { stdio: 'inherit' })
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)))
