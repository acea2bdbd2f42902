import { inspect } from 'node:util'

/**
 * A value that must not be seen: a password, a code, an answer, an access pass, an application secret, a session id.
 * It prints as dots wherever it is written by accident (logs, JSON, templates, errors); `reveal()` is the one way out,
 * and every call of it can be found by searching for that word (T-75).
 */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The value itself: only for hashing, sealing, comparing, sending to its owner, or showing once. */
  reveal(): string {
    return this.#value
  }

  get isEmpty(): boolean {
    return this.#value === ''
  }

  toString(): string {
    return '•••'
  }

  toJSON(): string {
    return '•••'
  }

  [Symbol.toPrimitive](): string {
    return '•••'
  }

  [inspect.custom](): string {
    return 'Secret(•••)'
  }
}
