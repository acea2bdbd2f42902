import type { ComponentChildren, VNode } from 'preact'
import type { PageContext } from './context.ts'

interface FormProps {
  context: PageContext
  /** Where it posts to; the answer to a post is always 303, or the same page again with 422. */
  action: string
  children?: ComponentChildren
  method?: 'post' | 'get'
  id?: string
  /** Values that travel along unseen: ids and choices, never a secret. */
  hidden?: Record<string, string | undefined>
}

/** A form with its token in it. The server's own messages are used, so the browser's bubbles stay away. */
export function Form({ context, action, children, method = 'post', id, hidden = {} }: FormProps): VNode {
  return (
    <form method={method} action={action} id={id} novalidate>
      {method === 'post' && <input type="hidden" name="_csrf" value={context.formToken} />}
      {Object.entries(hidden).map(([name, value]) => value !== undefined && <input type="hidden" key={name} name={name} value={value} />)}
      {children}
    </form>
  )
}

interface ButtonProps {
  children?: ComponentChildren
  kind?: 'primary' | 'secondary' | 'danger' | 'link'
  name?: string
  value?: string
  /** Posts elsewhere than its form says. */
  action?: string
  /** Of the form it belongs to, when it stands outside. */
  form?: string
  /** With script: not to be pressed before so many seconds have gone. The server decides all the same. */
  waitSeconds?: number
  /** The text while waiting, with `{seconds}` where the number goes: `context.t('page.wait', …)` is not it, this is filled by script. */
  waitText?: string
  /** For screen readers, where several buttons on a page say the same ("Delete"). */
  label?: string
}

export function Button({ children, kind = 'primary', name, value, action, form, waitSeconds, waitText, label }: ButtonProps): VNode {
  return (
    <button
      class={kind} name={name} value={value} formaction={action} form={form} aria-label={label}
      data-wait={waitSeconds} data-wait-text={waitSeconds === undefined ? undefined : waitText}
    >
      {children}
    </button>
  )
}

/** Buttons in a row, the main one first; under one another on a narrow screen. */
export function Actions({ children }: { children?: ComponentChildren }): VNode {
  return <div class="actions">{children}</div>
}

/** A link that looks like a button, for what changes nothing. */
export function LinkButton({ href, children, kind = 'secondary' }: { href: string; children?: ComponentChildren; kind?: ButtonProps['kind'] }): VNode {
  return <a class={`button ${kind}`} href={href}>{children}</a>
}
