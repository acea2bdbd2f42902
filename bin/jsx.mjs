// Lets Node load .tsx files as they are: each is transformed once by rolldown and kept, by path and time of change.
// Loaded with --import, so the test runner hands it on to the processes it starts.
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { createRequire, enableCompileCache, registerHooks } from 'node:module'
import { join, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

const require = createRequire(import.meta.url)
const cache = join(dirname(fileURLToPath(import.meta.url)), '..', 'node_modules', '.cache')
enableCompileCache(join(cache, 'compile'))

registerHooks({
  load(url, context, nextLoad) {
    if (!url.endsWith('.tsx')) return nextLoad(url, context)
    const path = fileURLToPath(url)
    const { mtimeMs, size } = statSync(path)
    const kept = join(cache, 'jsx', `${createHash('sha1').update(`${path}\0${mtimeMs}\0${size}`).digest('hex')}.mjs`)
    return { format: 'module', source: read(kept) ?? transform(path, kept), shortCircuit: true }
  },
})

function read(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function transform(path, kept) {
  const { transformSync } = require('rolldown/utils') // loaded only when something changed
  const { code, map, errors } = transformSync(path, readFileSync(path, 'utf8'), {
    lang: 'tsx',
    sourcemap: true,
    jsx: { runtime: 'automatic', importSource: 'preact' },
  })
  if (errors?.length > 0) throw new SyntaxError(`${path}: ${errors.map(e => e.message ?? String(e)).join('\n')}`)
  const inline = `\n//# sourceMappingURL=data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString('base64')}`
  try {
    mkdirSync(dirname(kept), { recursive: true })
    writeFileSync(`${kept}.${process.pid}`, code + inline)
    renameSync(`${kept}.${process.pid}`, kept) // whole or not at all: several processes may do this at once
  } catch {
    // A read-only installation runs all the same, only slower to start.
  }
  return code + inline
}
