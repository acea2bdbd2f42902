import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { IntlMessageFormat } from 'intl-messageformat'
import { locales } from '../src/text.ts'
import type { Locale } from '../src/text.ts'

const root = new URL('..', import.meta.url).pathname
const names = readdirSync(join(root, 'locales/en')).filter(name => name.endsWith('.json'))
const read = (locale: Locale, name: string) => JSON.parse(readFileSync(join(root, 'locales', locale, name), 'utf8')) as Record<string, unknown>

type Part = { type: number; value?: unknown; options?: Record<string, { value: Part[] }> }

/** Every placeholder with its kind, so that a plural here is a plural there. */
function placeholders(parts: Part[], into = new Set<string>()): Set<string> {
  for (const part of parts) {
    // 0 literal, 1 argument, 2 number, 3 date, 4 time, 5 select, 6 plural, 7 #
    if (part.type > 0 && part.type < 7) into.add(String(part.value))
    for (const option of Object.values(part.options ?? {})) placeholders(option.value, into)
  }
  return into
}

function plurals(parts: Part[]): string[][] {
  return parts.flatMap(part => [
    ...(part.type === 6 ? [Object.keys(part.options ?? {})] : []),
    ...Object.values(part.options ?? {}).flatMap(option => plurals(option.value)),
  ])
}

const parse = (text: string, locale: Locale) => new IntlMessageFormat(text, locale, undefined, { ignoreTag: true }).getAst() as unknown as Part[]

describe('the locale files', () => {
  it('are the same files in every language', () => {
    for (const locale of locales) assert.deepEqual(readdirSync(join(root, 'locales', locale)).toSorted(), readdirSync(join(root, 'locales/en')).toSorted(), locale)
  })

  it('name each language file in text.ts, so that none is forgotten', () => {
    const source = readFileSync(join(root, 'src/text.ts'), 'utf8')
    for (const name of names) {
      assert.ok(source.includes(`'../locales/en/${name}'`), `the type of ${name}`)
      assert.ok(source.includes(`'${name.slice(0, -5)}',`), `${name} among the files that are read`)
    }
  })

  for (const name of names) {
    const english = read('en', name)

    it(`${name}: keys begin with the file’s name and every language has the same ones`, () => {
      for (const key of Object.keys(english)) assert.ok(key.startsWith(`${name.slice(0, -5)}.`), key)
      for (const locale of locales) assert.deepEqual(Object.keys(read(locale, name)).toSorted(), Object.keys(english).toSorted(), `${locale}/${name}`)
    })

    it(`${name}: every sentence parses, none is empty, and all languages fill in the same values`, () => {
      for (const [key, source] of Object.entries(english)) {
        for (const locale of locales) {
          const text = read(locale, name)[key]
          assert.ok(typeof text === 'string' && text.trim() !== '', `${locale}: ${key} is empty`)
          let parts: Part[] = []
          assert.doesNotThrow(() => { parts = parse(text, locale) }, `${locale}: ${key} is not an ICU message: ${text}`)
          assert.deepEqual([...placeholders(parts)].toSorted(), [...placeholders(parse(String(source), 'en'))].toSorted(), `${locale}: ${key}`)
          for (const forms of plurals(parts)) {
            const needed = new Intl.PluralRules(locale).resolvedOptions().pluralCategories
            // Latvian's zero covers 0, 10 to 20 and 30: where it reads as `other`, it may be left out.
            for (const form of needed) assert.ok(forms.includes(form) || (form === 'zero' && forms.includes('other')), `${locale}: ${key} has no plural form "${form}"`)
          }
        }
      }
    })
  }

  it('no key stands in two files', () => {
    const seen = new Map<string, string>()
    for (const name of names) for (const key of Object.keys(read('en', name))) {
      assert.equal(seen.get(key), undefined, `${key} in ${name} and ${seen.get(key)}`)
      seen.set(key, name)
    }
  })

  it('keys that nothing in src mentions are reported', t => {
    const source = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
      .filter(path => /\.tsx?$/.test(path))
      .map(path => readFileSync(join(root, 'src', path), 'utf8'))
      .join('\n')
    // Keys put together from data are found by their beginning, up to the last dot or the first `${`.
    const built = new Set([...source.matchAll(/`([a-z-]+(?:\.[\w-]+)*\.)\$\{/g)].map(match => match[1]!))
    for (const name of names) {
      const unused = Object.keys(read('en', name)).filter(key => !source.includes(`'${key}'`) && ![...built].some(start => key.startsWith(start)))
      if (unused.length > 0) t.diagnostic(`${name}: nothing mentions ${unused.join(', ')}`)
    }
  })
})
