// How a destination is shown to somebody who may not know it yet (sspr §5.8).

/** `+45 33123467` gives `+45 XXXXXX67`: country code and blanks stay, all digits of the number but the last two go. */
export function maskPhone(stored: string): string {
  const number = stored.replace(/[xX]\d*$/, '')
  const space = number.indexOf(' ')
  // Without the expected form nothing marks the country code, so it is hidden with the rest.
  const shown = number.startsWith('+') && space > 0 ? space : 0
  const digits = [...number].flatMap((character, index) => (index >= shown && /\d/.test(character) ? [index] : []))
  const hidden = new Set(digits.slice(0, -2))
  return [...number].map((character, index) => (hidden.has(index) ? 'X' : character)).join('')
}

/** `anders.n@example.org` gives `an******n@example.org`. Always six stars: how long the name is, is not told either. */
export function maskEmail(stored: string): string {
  const at = stored.lastIndexOf('@')
  if (at < 0) return '******'
  const local = Array.from(stored.slice(0, at))
  const shown = local.length > 3 ? `${local[0]}${local[1]}******${local.at(-1)}` : `${local[0] ?? ''}******`
  return shown + stored.slice(at)
}
