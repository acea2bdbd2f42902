import assert from 'node:assert/strict'
import test from 'node:test'
import { readHeading, type Heading } from '../../src/operator/import-columns.ts'
import { tidyPhones } from '../../src/operator/import-phones.ts'
import { readRow } from '../../src/operator/import-rows.ts'
import { locales, translate } from '../../src/text.ts'
import { templateHeading } from './entra-template.ts'

const heading = (names: string): Heading => {
  const read = readHeading({ line: 1, fields: names.split(',') })
  assert.ok('columns' in read)
  return read
}
const plain = heading(
  'userPrincipalName,displayName,givenName,surname,mail,usageLocation,preferredLanguage,accountEnabled,mobilePhone,businessPhones,otherMails,password,jobTitle',
)
const row = (fields: string[], of = plain) => readRow(of, { line: 7, fields })

test("Entra's template is understood, its block-sign-in column turned round, what is not kept named", () => {
  const template = heading(templateHeading)
  assert.deepEqual(template.ignored, ['Street address [streetAddress]', 'State or province [state]', 'Country or region [country]', 'City [city]', 'ZIP or postal code [postalCode]'])
  const read = row(['Līga Krūmiņa', 'liga@contoso.example', 'Start-Here-77', 'Yes', 'Līga', 'Krūmiņa', 'Auditor', 'Finance', 'lv', '', '', '', 'Rīga 3', '', '', '+371 67001122', '+371 20001122'], template)
  assert.ok('person' in read)
  const { password, ...person } = read.person
  assert.equal(password!.reveal(), 'Start-Here-77')
  assert.deepEqual(person, {
    line: 7, userPrincipalName: 'liga@contoso.example', displayName: 'Līga Krūmiņa', givenName: 'Līga', surname: 'Krūmiņa', jobTitle: 'Auditor', department: 'Finance',
    officeLocation: 'Rīga 3', usageLocation: 'LV', accountEnabled: false, mobilePhone: '+371 20001122', businessPhones: ['+371 67001122'],
  })
})

test("the template's row of examples is passed over", () => {
  assert.deepEqual(row(['Example: Chris Green', 'Example: chris@contoso.com', 'Example: myPassword1234', 'Example: No'], heading(templateHeading)), { example: true })
})

test('plain names are understood in any case, and other spellings of phones and addresses', () => {
  assert.deepEqual(heading('UPN,DISPLAYNAME,Mobile,telephoneNumber,alternateEmailAddress').columns, ['userPrincipalName', 'displayName', 'mobilePhone', 'businessPhones', 'otherMails'])
})

test('a heading without the two columns everyone needs, or with one twice, is refused', () => {
  const problem = (names: string) => {
    const read = readHeading({ line: 3, fields: names.split(',') })
    assert.ok('messageKey' in read)
    return [read.messageKey, read.column, read.line]
  }
  assert.deepEqual(problem('displayName,mail'), ['operator.import.columnMissing', 'userPrincipalName', 3])
  assert.deepEqual(problem('userPrincipalName'), ['operator.import.columnMissing', 'displayName', 3])
  assert.deepEqual(problem('userPrincipalName,displayName,upn'), ['operator.import.columnTwice', 'userPrincipalName', 3])
  assert.deepEqual(problem('userPrincipalName,displayName,accountEnabled,blockSignIn'), ['operator.import.columnTwice', 'accountEnabled', 3])
})

test('every kind of bad row names its line, its column and the fix, in four languages', async t => {
  const ok = { upn: 'ann@contoso.example', name: 'Ann' }
  const cells = (over: Record<number, string>) => Array.from({ length: 13 }, (_, index) => over[index] ?? (index === 0 ? ok.upn : index === 1 ? ok.name : ''))
  const cases: [what: string, fields: string[], column: string, key: string][] = [
    ['no user name', cells({ 0: '' }), 'userPrincipalName', 'required'],
    ['no display name', cells({ 1: '  ' }), 'displayName', 'required'],
    ['a user name without a domain', cells({ 0: 'ann' }), 'userPrincipalName', 'principalName'],
    ['letters a user name cannot have', cells({ 0: 'søren@contoso.example' }), 'userPrincipalName', 'principalName'],
    ['a dot before the @', cells({ 0: 'ann.@contoso.example' }), 'userPrincipalName', 'principalName'],
    ['two @', cells({ 0: 'ann@b@contoso.example' }), 'userPrincipalName', 'principalName'],
    ['a value that is too long', cells({ 2: 'x'.repeat(65) }), 'givenName', 'tooLong'],
    ['a line break in a name', cells({ 1: 'Ann\nSørensen' }), 'displayName', 'control'],
    ['an escape character', cells({ 12: 'a\u001b[31mb' }), 'jobTitle', 'control'],
    ['a mail address that is none', cells({ 4: 'ann at contoso' }), 'mail', 'mail'],
    ['another address that is none', cells({ 10: 'a@b.example;nothing' }), 'otherMails', 'mail'],
    ['too many addresses', cells({ 10: Array.from({ length: 11 }, (_, i) => `a${i}@b.example`).join(';') }), 'otherMails', 'tooMany'],
    ['two office phones', cells({ 9: '+45 33123456|+45 33123457' }), 'businessPhones', 'tooMany'],
    ['a country that is none', cells({ 5: 'Denmark' }), 'usageLocation', 'usageLocation'],
    ['a country of digits', cells({ 5: '45' }), 'usageLocation', 'usageLocation'],
    ['a language that is none', cells({ 6: 'på dansk' }), 'preferredLanguage', 'language'],
    ['neither yes nor no', cells({ 7: 'perhaps' }), 'accountEnabled', 'yesNo'],
    ['more values than columns', [...cells({}), 'left over'], '14', 'tooManyValues'],
  ]
  for (const [what, fields, column, key] of cases) {
    await t.test(what, () => {
      const read = row(fields)
      assert.ok('problems' in read, 'the row must be refused')
      const [problem, ...more] = read.problems
      assert.deepEqual([problem!.line, problem!.column, problem!.messageKey, more.length], [7, column, `operator.import.${key}`, 0])
      for (const locale of locales) assert.ok(translate(locale, problem!.messageKey, problem!.values).length > 10)
    })
  }
})

test('several faults of a row are told at once', () => {
  const read = row(['', '', '', '', 'x', '5', '', '', '', '', '', '', ''])
  assert.ok('problems' in read)
  assert.deepEqual(read.problems.map(one => one.column), ['userPrincipalName', 'displayName', 'mail', 'usageLocation'])
})

test('numbers written in full become the form that counts; others stay, and are told of', () => {
  const tidied = (mobilePhone: string) => {
    const person = { line: 2, userPrincipalName: 'a@b.example', displayName: 'A', mobilePhone }
    const problems = tidyPhones(person)
    return [person.mobilePhone, problems.length]
  }
  assert.deepEqual(tidied('+4520123456'), ['+45 20123456', 0])
  assert.deepEqual(tidied('0045 20 12 34 56'), ['+45 20123456', 0])
  assert.deepEqual(tidied('+1 (425) 555-0123'), ['+1 4255550123', 0])
  assert.deepEqual(tidied('+371 20 123 456'), ['+371 20123456', 0])
  assert.deepEqual(tidied('+45 33123456x12'), ['+45 33123456x12', 0])
  assert.deepEqual(tidied('20123456'), ['20123456', 1])
  assert.deepEqual(tidied('+45 12'), ['+45 12', 1])
})
