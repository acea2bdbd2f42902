import assert from 'node:assert/strict'
import { test } from 'node:test'
import { engines, expect, openFaultStage } from './stage.ts'
import type { Answer, Visitor } from './stage.ts'

for (const engine of engines) {
  test(`R-15: 2,000 resets begun and wrong passwords in flight: every sign-in succeeds and /livez answers (${engine})`, async t => {
    const stage = await openFaultStage({ engine })
    try {
      const node = await stage.serve()
      const people = await Promise.all(
        Array.from({ length: 6 }, async (_, n) => {
          const person = await stage.person(`p${n}`)
          const visitor = stage.visitor(node) // a browser of theirs, at a place of theirs
          expect(await visitor.signIn(person.userPrincipalName, person.password), 200)
          return { person, visitor }
        }),
      )
      const counts: Record<string, number> = {}
      const note = (what: string, { status }: Answer) => void (counts[`${what} ${status}`] = (counts[`${what} ${status}`] ?? 0) + 1)
      /** Too many connections from one address are cut (T-27): that is a refusal too. */
      const attack = async (what: string, work: Promise<Answer>) => {
        const cut = (error: { code?: string }) => (error.code === 'ECONNRESET' ? undefined : Promise.reject(error as Error))
        const answer = await work.catch(cut)
        if (answer) note(what, answer)
        else counts[`${what} cut`] = (counts[`${what} cut`] ?? 0) + 1
      }
      const [width, guessers] = [2_000, 70]
      const stranger = (n: number): Visitor => Object.assign(stage.visitor(node), { through: `127.0.1.${n % 12}` })
      let [begun, signedIn] = [false, false]
      // Always from elsewhere, for names that exist and names that do not, all at once.
      const resets = Promise.all(Array.from({ length: width }, async (_, n) => {
        await attack('reset', stranger(n).start(n % 3 ? `nobody${n}@contoso.example` : people[n % 6]!.person.userPrincipalName))
      })).then(() => (begun = true))
      const wrongPasswords = Promise.all(Array.from({ length: guessers }, async (_, lane) => {
        for (let n = lane; !signedIn; n += guessers) {
          const username = n % 2 ? people[n % 6]!.person.userPrincipalName : `nobody${n}@contoso.example`
          await attack('wrong password', stranger(n).signIn(username, `wrong ${n}`))
        }
      }))
      const signingIn = (async () => {
        for (let n = 0; !begun || n < people.length; n++) {
          const { person, visitor } = people[n % people.length]!
          note('sign-in', await visitor.signIn(person.userPrincipalName, person.password))
          note('/livez', await visitor.send('GET', '/livez'))
        }
        signedIn = true
      })()
      await Promise.all([resets, wrongPasswords, signingIn])
      t.diagnostic(Object.entries(counts).map(([what, count]) => `${what}: ${count}`).join(', '))
      const ofOurs = Object.keys(counts).filter(what => /^(sign-in|\/livez)/.test(what))
      assert.deepEqual(ofOurs.sort(), ['/livez 200', 'sign-in 200'])
      const ofTheirs = Object.keys(counts).filter(what => !ofOurs.includes(what))
      for (const what of ofTheirs) assert.match(what, /^reset (201|503|cut)$|^wrong password (401|429|503|cut)$/)
      assert.ok(counts['reset 201']! > 0 && counts['wrong password 401']! > 0, 'the attack was served as far as there was room')
    } finally {
      await stage.close()
    }
  })
}
