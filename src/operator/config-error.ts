import type { MessageKey, MessageValues } from '../text.ts'

/**
 * Why this configuration is refused: one sentence that names the key, where it was given and the fix (T-79). The sentence is
 * `operator.config.…`; the values never hold a secret.
 */
export class ConfigError extends Error {
  readonly messageKey: MessageKey
  readonly values: MessageValues

  constructor(messageKey: MessageKey, values: MessageValues = {}) {
    super(messageKey)
    this.name = 'ConfigError'
    this.messageKey = messageKey
    this.values = values
  }
}
