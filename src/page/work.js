// Work in place of a puzzle (T-26): finds a number whose SHA-256 with the puzzle begins with enough zero bits, in small portions,
// while the person is still typing. Who presses the button sooner waits a moment. One block of 64 bytes holds every try.
const input = document.querySelector('input[data-puzzle]')
const { puzzle, bits, busy, send } = input.dataset
const form = input.form
let pressed = send && form.querySelector('button')

document.addEventListener('submit', event => {
  if (event.target !== form || input.value) return
  event.preventDefault()
  event.stopImmediatePropagation()
  pressed = event.submitter ?? form.querySelector('button')
  pressed.textContent = busy
}, true)

let number = 0
function portion() {
  for (const end = number + 2000; number < end; number++) {
    if (Math.clz32(firstWord(`${puzzle}.${number}`)) < bits) continue
    input.value = String(number)
    if (pressed) form.requestSubmit(pressed)
    return
  }
  setTimeout(portion)
}

// SHA-256's constants: fractional parts of the square and cube roots of the first primes.
const primes = []
for (let n = 2; primes.length < 64; n++) if (primes.every(prime => n % prime)) primes.push(n)
const fraction = root => (root - Math.floor(root)) * 2 ** 32 | 0
const rounds = Int32Array.from(primes, prime => fraction(Math.cbrt(prime)))
const start = Int32Array.from(primes.slice(0, 8), prime => fraction(Math.sqrt(prime)))
const words = new Int32Array(64)
const turn = (word, by) => word >>> by | word << 32 - by

/** The first 32 bits of the hash of at most 55 ASCII characters. */
function firstWord(text) {
  words.fill(0, 0, 16)
  for (let at = 0; at < text.length; at++) words[at >> 2] |= text.charCodeAt(at) << 24 - (at % 4) * 8
  words[text.length >> 2] |= 128 << 24 - (text.length % 4) * 8
  words[15] = text.length * 8
  for (let at = 16; at < 64; at++) {
    const [early, late] = [words[at - 15], words[at - 2]]
    words[at] = words[at - 16] + words[at - 7] + (turn(early, 7) ^ turn(early, 18) ^ early >>> 3) + (turn(late, 17) ^ turn(late, 19) ^ late >>> 10)
  }
  let [a, b, c, d, e, f, g, h] = start
  for (let at = 0; at < 64; at++) {
    const one = h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + (e & f ^ ~e & g) + rounds[at] + words[at] | 0
    const two = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + (a & b ^ a & c ^ b & c) | 0
    h = g; g = f; f = e; e = d + one | 0; d = c; c = b; b = a; a = one + two | 0
  }
  return a + start[0] | 0
}

portion()
