// Bundles src/ into dist/<mark>/ (bin/bundle.mjs): a thousand small modules become some thirty files, which halves the time of a start
// and the memory it takes (docs/decisions/004-bundle.md). Run by bin/prepare.mjs --build; `node bin/build.mjs` does it by hand.
import { cpSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { rolldown } from 'rolldown'
import { bundleFolder, foldersOf } from './bundle.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
/** Bundles of other states of the sources that stay, for servers that still run from them. */
const kept = 3

/** Builds what is not built. @returns the folder */
export async function build() {
  const folder = bundleFolder(root)
  if (existsSync(folder)) return folder
  const half = join(root, 'dist', `.${process.pid}`)
  try {
    await bundle(join(half, 'src'))
    cpSync(join(root, 'src', 'page'), join(half, 'src'), { recursive: true, filter: isStatic })
    cpSync(join(root, 'locales'), join(half, 'locales'), { recursive: true })
    publish(half, folder)
  } finally {
    rmSync(half, { recursive: true, force: true })
  }
  for (const old of foldersOf(root).slice(kept)) rmSync(join(root, 'dist', old), { recursive: true, force: true })
  return folder
}

const isStatic = path => !/\.tsx?$/.test(path)

/** Whole or not at all; when another build of the same sources was quicker, that one stands. */
function publish(half, folder) {
  mkdirSync(dirname(folder), { recursive: true })
  try {
    renameSync(half, folder)
  } catch (error) {
    if (!existsSync(folder)) throw error
  }
}

async function bundle(into) {
  const made = await rolldown({
    cwd: root,
    input: join(root, 'src', 'main.ts'),
    platform: 'node',
    tsconfig: false,
    // Native code stays where its package put it; the others are asked for by packages that can do without.
    external: [/^@node-rs\//, /^rolldown/, 'pg-native', 'pg-cloudflare'],
    transform: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    plugins: [withoutHttp2, oneReaderForAlikePaths],
  })
  // CommonJS, because importing node:http as an ES module reads its every export, and one of them loads all of fetch and HTTP/2: 10 MiB.
  // Names and lines stay, so that a trace can be read.
  const { output } = await made.generate({ format: 'cjs', entryFileNames: '[name].cjs', chunkFileNames: '[name].cjs', comments: false })
  await made.close()
  mkdirSync(into, { recursive: true })
  for (const { fileName, code } of output) writeFileSync(join(into, fileName), inAscii(fileName, code))
}

/** Fastify loads node:http2 whether it is asked for or not, 5 MiB; Latchkey speaks HTTP/1.1 and leaves the rest to the proxy in front. */
const withoutHttp2 = {
  name: 'without-http2',
  resolveId: id => (id === 'node:http2' ? '\0no-http2' : undefined),
  load: id => (id === '\0no-http2' ? { code: 'module.exports = {}', moduleType: 'js' } : undefined),
}

/**
 * The router compiles, for every route, a function that puts the path's parameters into an object: nine hundred scripts, of which all
 * but a few dozen say the same. Routes whose parameters have the same names share theirs here.
 */
const oneReaderForAlikePaths = {
  name: 'one-reader-for-alike-paths',
  transform(code, id) {
    if (!/[\\/]find-my-way[\\/]lib[\\/]handler-storage\.js$/.test(id)) return
    const call = 'this._compileCreateParamsObject(params)'
    if (!code.includes(call)) throw new Error(`${id}: ${call} is not there any more; look again at what a route costs`)
    return `${code.replace(call, () => `(readers[params.join('/')] ??= ${call})`)}\nconst readers = Object.create(null)\n`
  },
}

/** V8 keeps a source with one letter outside Latin-1 in twice the space: such letters are written as escapes. */
function inAscii(file, code) {
  const escaped = /\\[^ -~\t\r\n]/.exec(code)
  if (escaped) throw new Error(`${file}: a backslash before ${escaped[0][1]} has no meaning, and would change that of \\u`)
  return code.replace(/[^ -~\t\r\n]/g, letter => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await build().catch(error => {
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  })
}
