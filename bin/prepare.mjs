// Makes a clone ready to run: brings Node 24 where the machine's own is older, then installs what differs from the lockfile;
// with --build it also bundles the server when the sources have changed, with --test it brings what the tests need from Debian.
// Plain JavaScript with nothing but Node's own modules, because it runs before anything is installed and under an old Node.
// Quick when there is nothing to do (a tenth of a second), since it stands before every npm script.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, symlinkSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { builtMain } from './bundle.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const at = (...parts) => join(root, ...parts)
const say = text => process.stderr.write(`latchkey: ${text}\n`)

/** True when what npm recorded as installed in this folder is not what its lockfile asks for. */
function stale(folder) {
  let have
  try {
    have = JSON.parse(readFileSync(at(folder, 'node_modules', '.package-lock.json'), 'utf8')).packages
  } catch {
    return true
  }
  const want = JSON.parse(readFileSync(at(folder, 'package-lock.json'), 'utf8')).packages
  return Object.keys(want).some(name => name !== '' && !want[name].optional && have[name]?.version !== want[name].version)
}

function run(node, folder, what) {
  const npm = process.env.npm_execpath
  if (!npm) fail('call this through npm (npm start, npm test), which knows how to install packages')
  say(what)
  const done = spawnSync(node, [npm, 'ci', '--no-fund', '--no-audit', '--ignore-scripts', '--loglevel=error'], {
    cwd: at(folder),
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, PATH: `${dirname(node)}:${process.env.PATH}` },
  })
  if (done.status !== 0) fail(`npm ci failed in ${at(folder)}; its own message is above. Is the network there?`)
}

function fail(sentence) {
  say(sentence)
  process.exit(1)
}

const major = Number(process.versions.node.split('.')[0])
// After the first run this script itself runs under the brought Node, so look at runtime/ whenever it was used before:
// otherwise a newer version in its lockfile would never be noticed.
const brought = major < 24 || existsSync(at('runtime', 'node_modules'))
let node = process.execPath

if (brought) {
  if (stale('runtime')) {
    if (process.platform !== 'linux' || process.arch !== 'x64') {
      if (major < 24) fail(`Latchkey needs Node 24 or newer; this is ${process.version}. Install it from your system's packages and try again.`)
    } else run(process.execPath, 'runtime', major < 24 ? `this is Node ${process.version}; bringing Node 24 (once) …` : 'updating Node 24 …')
  }
  if (existsSync(at('runtime', 'node_modules', '.bin', 'node'))) node = at('runtime', 'node_modules', '.bin', 'node')
}

// npm itself must run under Node 24: an old Node silently leaves out optional packages (the native bindings are optional packages).
if (stale('.')) run(node, '.', 'installing packages (once) …')

const link = at('node_modules', '.bin', 'node')
if (brought && node !== process.execPath && !existsSync(link)) {
  mkdirSync(dirname(link), { recursive: true })
  symlinkSync('../../runtime/node_modules/.bin/node', link)
}

if (process.argv.includes('--build') && !builtMain(root)) {
  say('building (after a change only) …')
  const done = spawnSync(node, [at('bin', 'build.mjs')], { stdio: ['ignore', 'inherit', 'inherit'] })
  if (done.status !== 0) fail('the build failed; what is wrong stands above')
}

if (process.argv.includes('--test')) {
  const done = spawnSync('bash', [at('bin', 'install-test-packages.sh')], { stdio: 'inherit' })
  if (done.status !== 0) process.exit(done.status ?? 1)
}
