import { randomInt } from 'node:crypto'
import { Secret } from '../secret.ts'

// No letter or digit that is taken for another when read aloud or typed from paper.
const alphabets = ['abcdefghijkmnpqrstuvwxyz', 'ABCDEFGHJKLMNPQRSTUVWXYZ', '23456789', '-+=!#%']
const length = 18

/** 18 characters of all four kinds: about 100 bits (LD-27). For an operator's verbs, which have no tenant's policy to ask yet. */
export function newTemporaryPassword(): Secret {
  const all = alphabets.join('')
  for (;;) {
    const text = Array.from({ length }, () => all[randomInt(all.length)]).join('')
    const varied = alphabets.every(alphabet => [...text].some(character => alphabet.includes(character)))
    if (varied && /^[A-Za-z0-9]/.test(text)) return new Secret(text)
  }
}
