import type { VNode } from 'preact'
import type { PageContext } from './context.ts'

/** Where in a row of steps this page is: `current` counts from 1. Said in words, drawn as a bar. */
export function Steps({ context, labels, current }: { context: PageContext; labels: readonly string[]; current: number }): VNode {
  return (
    <div class="steps">
      <p>{context.t('page.step', { current, count: labels.length })}: <strong>{labels[current - 1]}</strong></p>
      <ol aria-hidden="true">{labels.map((label, index) => <li key={label} class={index < current ? 'done' : undefined} />)}</ol>
    </div>
  )
}
