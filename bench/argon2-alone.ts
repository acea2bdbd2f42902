/** The peer of sign-in: what @node-rs/argon2 verifies on the same cores with nothing around it. Prints verifications a second. */
import { hash, verify } from '@node-rs/argon2'

const [count = 200, inFlight = 8] = process.argv.slice(2).map(Number)
const stored = await hash('Gr8-ann-Kelp#71', { memoryCost: 19_456, timeCost: 2, parallelism: 1 })
for (let warm = 0; warm < 10; warm++) await verify(stored, 'Gr8-ann-Kelp#71')
let left = count
const started = performance.now()
await Promise.all(Array.from({ length: inFlight }, async () => {
  while (left-- > 0) await verify(stored, 'Gr8-ann-Kelp#71')
}))
process.stdout.write(`${count / ((performance.now() - started) / 1000)}\n`)
