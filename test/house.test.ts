// The house keeps its own promises: who may import whom, and that the rules are pure. The table is the documentation.
import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, test } from 'node:test'

const src = join(import.meta.dirname, '..', 'src')

/** Files of the hall that every room may use. All other files beside them only assemble and are used by nobody below. */
const innerHall = [
  'access.ts', 'agents-none.ts', 'app.ts', 'bodies.ts', 'client-address.ts', 'config.ts', 'csv.ts', 'device.ts', 'fault-point.ts', 'graph-error.ts', 'inner-request.ts', 'key-file.ts', 'keyring.ts', 'log.ts', 'odata-path.ts', 'refusal.ts', 'secret.ts', 'text.ts',
]

const all = 'everything'
/** A room with doors to the street: everything below it and never another room with doors. */
const door = ['rules', 'store', 'notify', 'credentials', 'page', 'inner hall']
/** Rooms that answer over Graph share its grammar. */
const graphDoor = [...door, 'graph']

/** What each room may import beside itself. */
const mayImport: Record<string, readonly string[] | typeof all> = {
  rules: [],
  store: ['rules', 'inner hall'],
  notify: ['rules', 'store', 'inner hall'],
  page: ['rules', 'inner hall'],
  credentials: ['rules', 'store', 'notify', 'inner hall'],
  reset: door,
  signin: door,
  'security-info': door,
  oauth: door,
  graph: ['rules', 'store', 'credentials', 'inner hall'],
  directory: graphDoor,
  applications: graphDoor,
  reports: graphDoor,
  diagnosis: door,
  help: door,
  // Its help names the operator's verbs, which that file lists and loads only when called.
  cli: ['inner hall', 'operator/verbs.ts'],
  operator: all,
  development: all,
  // The types of the store and the reasons of the rules are in the signatures that every room shares.
  'inner hall': ['rules', 'store (types)'],
  'outer hall': all,
}

interface Import {
  from: string
  to: string
  typeOnly: boolean
}

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(name => /\.tsx?$/.test(name)).map(name => join(src, name))
const read = (file: string) => readFileSync(file, 'utf8')

/** The room a file stands in. */
function roomOf(file: string): string {
  const path = relative(src, file)
  if (path.includes('/')) return path.split('/')[0]!
  return innerHall.includes(path) ? 'inner hall' : 'outer hall'
}

/** Every import, re-export and dynamic import of a file of our own. */
function importsOf(file: string): Import[] {
  const found = [...read(file).matchAll(/^(?:import|export)\s+(type\s)?[^'"]*?from\s+'(\.[^']+)'|import\('(\.[^']+)'\)|^import\s+'(\.[^']+)'/gm)]
  return found.map(([, type, named, lazy, bare]) => ({ from: file, to: join(file, '..', (named ?? lazy ?? bare)!), typeOnly: type !== undefined }))
}

const imports = files.flatMap(importsOf).filter(one => /\.tsx?$/.test(one.to) && !relative(src, one.to).startsWith('..'))
const show = ({ from, to }: Import) => `${relative(src, from)} imports ${relative(src, to)}`

function isAllowed(one: Import): boolean {
  const [here, there] = [roomOf(one.from), roomOf(one.to)]
  const allowed = mayImport[here]
  if (allowed === undefined) return false
  if (here === there || allowed === all || allowed.includes(there) || allowed.includes(relative(src, one.to))) return true
  return one.typeOnly && allowed.includes(`${there} (types)`)
}

describe('the house', () => {
  test('has imports to look at, and every room stands in the table', () => {
    assert.ok(imports.length > 200)
    for (const file of files) assert.ok(roomOf(file) in mayImport, `no row for the room of ${relative(src, file)}`)
  })

  test('nobody imports whom the table does not name', () => {
    assert.deepEqual(imports.filter(one => !isAllowed(one)).map(show), [])
  })

  test('the inner hall is there, so that its list means something', () => {
    for (const name of innerHall) assert.ok(files.includes(join(src, name)), `${name} is named as inner hall and does not exist`)
  })

  test('no file stands beside another of its name with the other ending', () => {
    for (const file of files) if (file.endsWith('.ts')) assert.ok(!files.includes(`${file}x`), relative(src, file))
  })
})

describe('the rules', () => {
  const rules = files.filter(file => roomOf(file) === 'rules')

  test('import nothing but one another: no package, no module of Node', () => {
    for (const file of rules) {
      const foreign = [...read(file).matchAll(/^(?:import|export)\b[^'"]*?from\s+'([^.][^']*)'|\b(?:require|import)\(/gm)]
      assert.deepEqual(foreign.map(([text]) => text), [], relative(src, file))
    }
  })

  test('know no clock, no random number, no surroundings and no waiting', () => {
    const impure = /\bDate\.now\b|\bnew Date\b|\bDate\(|\bMath\.random\b|\bcrypto\b|\bprocess\b|\bglobalThis\b|\bperformance\b|\bTemporal\b|\bsetTimeout\b|\bsetInterval\b|\bfetch\(|\bconsole\b|\basync\b|\bawait\b|\bPromise\b|\btoLocale/
    for (const file of rules) {
      const code = read(file).replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '')
      assert.equal(impure.exec(code)?.[0], undefined, relative(src, file))
    }
  })

  test('keep no state: nothing at the top of a file can be assigned again', () => {
    for (const file of rules) assert.doesNotMatch(read(file), /^(export )?(let|var)\b/m, relative(src, file))
  })
})
