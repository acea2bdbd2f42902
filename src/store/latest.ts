/** A value made of a text, made again only when the text is another one. */
export interface Latest<Value> {
  /** The value of `text`, which was read just now for `key`. The same object as last time when the text is the same. */
  of(key: string, text: string): Value
}

/**
 * What was made of the latest text of each of so many keys. Nothing can be out of date, in any number of processes: the text is read
 * each time, and only the work on it is spared. The values are shared, so they are frozen to the bottom.
 */
export function latest<Value extends object>(make: (text: string) => Value, mostKept = 500): Latest<Value> {
  const kept = new Map<string, { text: string; value: Value }>()
  return {
    of: (key, text) => {
      const known = kept.get(key)
      if (known?.text === text) return known.value
      const value = freeze(make(text))
      if (kept.size >= mostKept) kept.clear()
      kept.set(key, { text, value })
      return value
    },
  }
}

function freeze<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const one of Object.values(value)) freeze(one)
  return Object.freeze(value)
}
