import { randomInt } from 'node:crypto'
import { checkPassword } from '../rules/password-policy.ts'
import type { PasswordFacts } from '../rules/password-policy.ts'
import { Secret } from '../secret.ts'

/** No letter or digit that is easily read as another; 18 of these 56 are 104 bits (LD-27). */
const classes = ['abcdefghijkmnpqrstuvwxyz', 'ABCDEFGHJKLMNPQRSTUVWXYZ', '23456789']
const symbols = classes.join('')
const length = 18

/**
 * A password for an administrator to pass on, in force until it is used once. It has letters of both kinds and digits, so that a
 * domain that asks for three of four classes takes it, and it passes the tenant's own rules.
 */
export function generateTemporaryPassword(facts: PasswordFacts): Secret {
  for (let tryNumber = 0; tryNumber < 1_000; tryNumber++) {
    const text = Array.from({ length }, () => symbols[randomInt(symbols.length)]).join('')
    const mixed = classes.every(one => [...text].some(character => one.includes(character)))
    if (mixed && checkPassword(text, facts).length === 0) return new Secret(text)
  }
  throw new Error('No generated password passes the rules of this tenant')
}
