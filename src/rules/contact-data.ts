// The form of phone numbers and addresses (sspr §2.5). What does not have it is kept but does not count as a method.

const phoneForm = /^\+[1-9]\d{0,2} \d{4,14}([xX]\d{1,6})?$/
// Deliberately plain: one @, no blanks, a dotted domain. Whether mail arrives is what the code finds out.
const addressForm = /^[^\s@<>(),;:"\\]{1,64}@[^\s@<>(),;:"\\.]+(\.[^\s@<>(),;:"\\.]+)+$/

/** `+<country code> <number>`, with `x<extension>` or without. */
export function isWellFormedPhone(text: string): boolean {
  return phoneForm.test(text)
}

export function isWellFormedAddress(text: string): boolean {
  return text.length <= 254 && addressForm.test(text)
}

/** What is dialled or texted: no blank and no extension (C-14): `+45 33123456x12` gives `+4533123456`. */
export function dialledNumber(stored: string): string {
  return stored.replace(/[xX]\d*$/, '').replace(/[^+\d]/g, '')
}

/** True when a typed number is the stored one: digits only, `00` in place of `+` accepted, the extension left out. */
export function isSamePhone(typed: string, stored: string): boolean {
  const digits = typed.replace(/[xX]\d*$/, '').replace(/\D/g, '').replace(/^00/, '')
  return digits !== '' && digits === dialledNumber(stored).slice(1)
}
