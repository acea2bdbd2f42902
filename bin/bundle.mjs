// Where the bundle lies that was built from the sources as they are now: dist/<mark>/. Every state of the sources has a folder of
// its own, so a build never touches a file that a running server may still load, and two builds at once end with the same result.
// Nothing but Node's own modules: bin/prepare.mjs asks before anything is installed, and under an old Node.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** The folder for the sources in `root` as they are; an installation without sources has one folder only, and that is it. */
export function bundleFolder(root) {
  if (existsSync(join(root, 'src'))) return join(root, 'dist', markOf(root))
  return join(root, 'dist', foldersOf(root)[0] ?? 'none')
}

/** The bundle's entry, or undefined when it has not been built. */
export function builtMain(root) {
  const main = join(bundleFolder(root), 'src', 'main.cjs')
  return existsSync(main) ? main : undefined
}

/** The folders of bundles, the newest first. */
export function foldersOf(root) {
  const dist = join(root, 'dist')
  if (!existsSync(dist)) return []
  const built = readdirSync(dist).filter(name => /^[0-9a-f]{16}$/.test(name))
  const madeAt = new Map(built.map(name => [name, statSync(join(dist, name)).mtimeMs]))
  return built.sort((a, b) => madeAt.get(b) - madeAt.get(a))
}

/**
 * Names, sizes and times of change, to the second (archives and images keep no more): reading every file would take four times as
 * long. Paths are put together by hand, for this runs at every start and path.join was most of it.
 */
function markOf(root) {
  const hash = createHash('sha1')
  const add = path => {
    const { mtimeMs, size } = statSync(`${root}/${path}`)
    hash.update(`${path}\0${size}\0${Math.floor(mtimeMs / 1000)}\n`)
  }
  const walk = folder => {
    for (const name of readdirSync(`${root}/${folder}`).sort()) {
      const path = `${folder}/${name}`
      if (name.includes('.')) add(path)
      else walk(path)
    }
  }
  for (const folder of ['src', 'locales']) walk(folder)
  for (const file of ['package-lock.json', 'bin/build.mjs']) add(file)
  return hash.digest('hex').slice(0, 16)
}
