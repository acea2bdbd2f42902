import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { checkBanned, isWithinOneEdit, normalisePassword } from '../../src/rules/banned-passwords.ts'
import { bannedTerms } from '../../src/rules/banned-terms.ts'

const global = ['blank', 'password', 'abcdef', 'qwerty', 'welcome', 'summer']
const custom = ['contoso', 'london', 'widget']
const names = ['Poll', 'Berg', 'Fabrikam']
const facts = { terms: [...global, ...custom], names }

const vectors: [id: string, password: string, normalised: string, points: number, why: 'name' | 'fuzzy' | 'score' | null][] = [
  ['B-01', 'Bl@nK', 'blank', 1, 'fuzzy'],
  ['B-02', 'abcdeg', 'abcdeg', 6, 'fuzzy'],
  ['B-03', 'abcdefg', 'abcdefg', 2, 'fuzzy'],
  ['B-04', 'abcde', 'abcde', 5, 'fuzzy'],
  ['B-05', 'p0LL23fb', 'poll23fb', 8, 'name'],
  ['B-06', 'C0ntos0Blank12', 'contosoblankl2', 4, 'score'],
  ['B-07', 'ContoS0Bl@nkf9!', 'contosoblankf9!', 5, null],
  ['B-08', 'Contoso!1', 'contoso!l', 3, 'score'],
  ['B-09', 'Contoso@London', 'contosoalondon', 3, 'score'],
  ['B-10', 'ContosoWidget', 'contosowidget', 2, 'score'],
  ['B-11', '!Contoso', '!contoso', 2, 'fuzzy'],
  ['B-12', 'LondonHQ', 'londonhq', 3, 'score'],
  ['B-13', 'P@ssw0rd', 'password', 1, 'fuzzy'],
  ['B-14', 'P@$$w0rd1', 'passwordl', 2, 'fuzzy'],
  ['B-15', 'Passw0rd!2x', 'password!2x', 4, 'score'],
  ['B-16', 'Passw0rd!2xy', 'password!2xy', 5, null],
  ['B-17', 'MyP@ssW0rd', 'mypassword', 3, 'score'],
  ['B-18', 'cli365P@ssW0rd', 'cli365password', 7, null],
  ['B-19', 'Password1Password2', 'passwordlpassword2', 4, 'score'],
  ['B-20', 'C0nt0$0c0nt0$0!!', 'contosocontoso!!', 4, 'score'],
  ['B-21', 'Bl@nk-C0nt0so', 'blank-contoso', 3, 'score'],
  ['B-22', 'Summer2026!', 'summer2o26!', 6, null],
  ['B-23', 'W3lcomeToLondon7', 'w3lcometolondon7', 11, null],
  ['B-24', 'F@brikam#Kz9', 'fabrikam#kz9', 12, 'name'],
  ['B-25', 'Berglund-77x', 'berglund-77x', 12, 'name'],
  ['B-26', 'Fabr1kam#Kz9', 'fabrlkam#kz9', 12, null],
  ['B-27', 'Correct Horse 9 batt', 'correct horse 9 batt', 20, null],
  ['B-28', 'blankblankblankblank1A', 'blankblankblankblankla', 6, null],
]

for (const [id, password, normalised, points, why] of vectors) {
  test(`${id} ${password} is ${why ? `refused (${why})` : 'accepted'} with ${points} points`, () => {
    assert.equal(normalisePassword(password), normalised)
    const result = checkBanned(password, facts)
    assert.equal(result.points, points)
    assert.equal(result.banned ? result.why : null, why)
  })
}

test('B-08 and B-12 pass this check when the custom list is off or not licensed', () => {
  assert.deepEqual(checkBanned('Contoso!1', { terms: global, names }), { banned: false, points: 9 })
  assert.deepEqual(checkBanned('LondonHQ', { terms: global, names }), { banned: false, points: 8 })
})

test('a name shorter than four characters is not looked for', () => {
  assert.equal(checkBanned('Bobcat-97-zu', { terms: [], names: ['Bob'] }).banned, false)
  assert.equal(checkBanned('Bobs-cat-97-zu', { terms: [], names: ['Bobs'] }).banned, true)
})

test('one edit is one substitution, insertion or deletion, as the textbook distance says', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 6 })
  fc.assert(fc.property(word, word, (a, b) => assert.equal(isWithinOneEdit(a, b), levenshtein(a, b) <= 1)))
})

test('a piece more or less never makes a password worth more than its characters', () => {
  fc.assert(fc.property(fc.array(fc.constantFrom(...facts.terms, 'x', '9', '!'), { maxLength: 12 }), parts => {
    const { points } = checkBanned(parts.join(''), { ...facts, names: [] })
    assert.ok(points <= parts.length)
  }))
})

test('the shipped base terms are normalised, at least four characters, and none twice', () => {
  assert.ok(bannedTerms.length > 400)
  for (const term of bannedTerms) assert.ok(term === normalisePassword(term) && term.length >= 4, term)
  assert.equal(new Set(bannedTerms).size, bannedTerms.length)
})

function levenshtein(a: string, b: string): number {
  const row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    let diagonal = row[0]!
    row[0] = i
    for (let j = 1; j <= b.length; j++) {
      const next = Math.min(row[j]! + 1, row[j - 1]! + 1, diagonal + (a[i - 1] === b[j - 1] ? 0 : 1))
      diagonal = row[j]!
      row[j] = next
    }
  }
  return row[b.length]!
}
