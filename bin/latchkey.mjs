#!/usr/bin/env node
// The command, under Node 24: this one if it is new enough, else the one bin/prepare.mjs brought. Runs the bundle when there is one
// of the sources as they are, else the sources themselves, which start slower and take twice the memory.
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { builtMain } from './bundle.mjs'

const bin = dirname(fileURLToPath(import.meta.url))
const root = join(bin, '..')

if (Number(process.versions.node.split('.')[0]) < 24) await runUnderBroughtNode()
else {
  startLean()
  const main = builtMain(root)
  if (main) createRequire(import.meta.url)(main)
  else {
    await import('./jsx.mjs')
    await import('../src/main.ts')
  }
}

/**
 * Nearly everything that runs until the sockets are open runs for the last time: optimizing it costs a sixth of the processor time and,
 * with the compilers' own pages, 15 MiB that an idle server never gives back. Only thresholds are touched, which V8 reads anew each
 * time; src/lean-start.ts puts them back. See docs/decisions/004-bundle.md.
 */
function startLean() {
  setFlagsFromString('--invocation-count-for-maglev=2000')
  setFlagsFromString('--invocation-count-for-turbofan=15000')
  // What is made young during the start would have its space grow to 16 MiB, which an idle server never gives back.
  setFlagsFromString('--semi-space-growth-factor=1')
}

async function runUnderBroughtNode() {
  const { spawn } = await import('node:child_process')
  const brought = join(root, 'runtime', 'node_modules', '.bin', 'node')
  if (!existsSync(brought)) {
    console.error(`latchkey: needs Node 24 or newer, this is ${process.version}. Run "npm start" once in ${root}: it brings one.`)
    process.exit(1)
  }
  const child = spawn(brought, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)))
}
