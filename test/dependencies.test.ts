import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

interface Locked {
  version?: string
  resolved?: string
  integrity?: string
  hasInstallScript?: boolean
  dev?: boolean
  optional?: boolean
  devOptional?: boolean
  optionalDependencies?: Record<string, string>
}

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
const own = JSON.parse(read('package.json')) as { dependencies: Record<string, string>; devDependencies: Record<string, string> }
const locked = Object.entries((JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> }).packages).filter(([path]) => path !== '')

test('every direct dependency has its reason in docs/dependencies.md, and nothing else stands there (T-81)', () => {
  const reasons = [...read('docs/dependencies.md').matchAll(/^\| (`.*`) \|/gm)].flatMap(row => [...row[1]!.matchAll(/`([^`]+)`/g)].map(one => one[1]!))
  assert.deepEqual(reasons.toSorted(), Object.keys(own.dependencies).toSorted())
})

test('the server stays within 24 direct packages and 160 in all (LD-52)', () => {
  const server = locked.filter(([, one]) => !one.dev && !one.optional && !one.devOptional)
  assert.ok(Object.keys(own.dependencies).length <= 24, `${Object.keys(own.dependencies).length} direct`)
  assert.ok(server.length <= 160, `${server.length} in all`)
})

test('versions are exact, every package is known by its hash, none by an address, and none runs a script when installed', () => {
  for (const [name, version] of Object.entries({ ...own.dependencies, ...own.devDependencies })) assert.match(version, /^\d+\.\d+\.\d+(-[\w.]+)?$/, name)
  for (const [path, one] of locked) {
    assert.ok(one.integrity, path)
    assert.equal(one.resolved, undefined, path)
    assert.notEqual(one.hasInstallScript, true, path)
  }
})

// npm leaves a platform's package out of the lockfile when the registry has not got that version yet; then `npm ci` refuses the lockfile
// on every machine, and a clone does not start.
for (const folder of ['.', 'runtime', 'bench/peer', 'bench/tokens-peer'])
  test(`the lockfile in ${folder} holds every platform's package, so that a clean clone can be installed`, () => {
    const { packages } = JSON.parse(read(`${folder}/package-lock.json`)) as { packages: Record<string, Locked> }
    const missing = Object.entries(packages).flatMap(([path, one]) =>
      Object.keys(one.optionalDependencies ?? {}).filter(name => !packages[`node_modules/${name}`] && !packages[`${path}/node_modules/${name}`]))
    assert.deepEqual(missing, [])
  })
