import type { ComponentChildren, VNode } from 'preact'
import { reasonText } from '../text.ts'
import type { PageContext } from './context.ts'
import { Icon } from './icon.tsx'
import type { IconName } from './icon.tsx'

type NoticeKind = 'error' | 'info' | 'success' | 'warning'

const icons: Record<NoticeKind, IconName> = { error: 'warning', warning: 'warning', info: 'info', success: 'check' }

/**
 * Something to know before going on. An error takes the focus, so that keyboard and screen reader start there; the others are
 * read in their place. Colour is never alone: each kind has its sign and its word.
 */
export function Notice({ kind, title, children }: { kind: NoticeKind; title?: ComponentChildren; children?: ComponentChildren }): VNode {
  const error = kind === 'error'
  return (
    <div class={`notice ${kind}`} role={error ? 'alert' : undefined} tabindex={error ? -1 : undefined} autofocus={error}>
      <Icon name={icons[kind]} />
      <div>{title && <p class="name">{title}</p>}{children}</div>
    </div>
  )
}

interface ReasonNoticeProps {
  context: PageContext
  reasons: readonly { code: string; values?: Record<string, string | number> }[]
  /** Under which an administrator finds what really happened (LD-01). */
  supportCode?: string
  title?: ComponentChildren
  /** The field at fault: the sentence becomes a link to it. */
  field?: string
}

/** Why it did not work, in words, with a link to what can be done about it. Nothing when there is no reason. */
export function ReasonNotice({ context, reasons, supportCode, title, field }: ReasonNoticeProps): VNode | null {
  if (reasons.length === 0) return null
  return (
    <Notice kind="error" title={title ?? context.t('page.error')}>
      {reasons.map(reason => {
        const text = reasonText(context.locale, reason)
        return (
          <p key={reason.code} data-code={reason.code}>
            {field ? <a href={`#${field}`}>{text}</a> : text} <a class="more" href={`/help#${reason.code}`}>{context.t('page.whatToDo')}</a>
          </p>
        )
      })}
      {supportCode && <SupportCode context={context} code={supportCode} />}
    </Notice>
  )
}

/** Several things wrong with a form, each a link to its field. */
export function ErrorSummary({ context, errors }: { context: PageContext; errors: readonly { field: string; text: string }[] }): VNode | null {
  if (errors.length === 0) return null
  return (
    <Notice kind="error" title={context.t('page.errors', { count: errors.length })}>
      <ul>{errors.map(error => <li key={error.field}><a href={`#${error.field}`}>{error.text}</a></li>)}</ul>
    </Notice>
  )
}

/** The code to tell the help desk. */
export function SupportCode({ context, code }: { context: PageContext; code: string }): VNode {
  return <p class="support">{context.t('page.supportCode')} <code>{code}</code></p>
}
