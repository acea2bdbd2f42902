import type { ComponentChildren, VNode } from 'preact'
import type { PageContext } from './context.ts'

export interface FieldProps {
  context: PageContext
  name: string
  label: ComponentChildren
  type?: 'text' | 'email' | 'tel' | 'password' | 'search'
  value?: string
  /** What is wrong with it, in words; the field is then marked and described by it. */
  error?: string
  hint?: ComponentChildren
  autocomplete?: string
  inputmode?: 'text' | 'email' | 'tel' | 'numeric'
  required?: boolean
  maxlength?: number
  /** The one field of the page where typing starts; not on a page with an error summary, which takes the focus itself. */
  autofocus?: boolean
  readonly?: boolean
  /** With script: 'code' drops everything but letters and digits from what is pasted, 'name' the blanks around it. */
  tidy?: 'code' | 'name'
  class?: string
  /** A name or an address: no spelling help, no capital at the beginning. */
  plain?: boolean
}

/** A labelled input with its hint and its error, tied together for screen readers. */
export function Field(props: FieldProps): VNode {
  const { name, label, type = 'text', value, error, hint, required = true, tidy } = props
  const described = [hint && `${name}-hint`, error && `${name}-error`].filter(Boolean).join(' ')
  const typed = (type === 'text' || type === 'search') && !props.plain
  return (
    <div class={error ? 'field wrong' : 'field'}>
      <label for={name}>{label}{!required && <span class="optional"> {props.context.t('field.optional')}</span>}</label>
      {hint && <p class="hint" id={`${name}-hint`}>{hint}</p>}
      {error && <p class="error" id={`${name}-error`}>{error}</p>}
      <Shell context={props.context} reveal={type === 'password'}>
        <input
          id={name} name={name} type={type as 'text' /* one signature for all: the library has one for each */} value={value} class={props.class}
          autocomplete={props.autocomplete} inputmode={props.inputmode} maxlength={props.maxlength}
          required={required} readonly={props.readonly} autofocus={props.autofocus}
          aria-describedby={described || undefined} aria-invalid={error ? 'true' : undefined}
          spellcheck={typed ? undefined : false} autocapitalize={typed ? undefined : 'none'} data-tidy={tidy}
        />
      </Shell>
    </div>
  )
}

/** Script puts its "Show" button in here, so that without script there is none. */
function Shell({ context, reveal, children }: { context: PageContext; reveal: boolean; children: ComponentChildren }): VNode {
  if (!reveal) return <>{children}</>
  return <div class="reveal" data-show={context.t('field.show')} data-hide={context.t('field.hide')} data-what={context.t('field.showWhat')}>{children}</div>
}

type Simple = Partial<FieldProps> & { context: PageContext }

/** A code that was sent or is shown by an app: digits in groups, blanks accepted, offered by phones from the message. */
export function CodeField({ context, ...rest }: Simple): VNode {
  return (
    <Field
      context={context} name="code" label={context.t('field.code')} inputmode="numeric" autocomplete="one-time-code" maxlength={20} tidy="code"
      class="code" {...rest}
    />
  )
}

/** A password: the one in force (`current`) or the one to be (`new`), with the matching autocomplete token. Never has a value. */
export function PasswordField({ context, kind, ...rest }: Simple & { kind: 'current' | 'new' }): VNode {
  return (
    <Field
      context={context} name={kind === 'new' ? 'newPassword' : 'password'} label={context.t(kind === 'new' ? 'field.newPassword' : 'field.password')}
      maxlength={1024} {...rest} type="password" autocomplete={kind === 'new' ? 'new-password' : 'current-password'} value={undefined}
    />
  )
}

/** New password twice. Names: `newPassword`, `confirmPassword`. `userName` lets password managers store it under the right name. */
export function NewPasswordFields({ context, hint, error, confirmError, userName }: {
  context: PageContext; hint?: ComponentChildren; error?: string; confirmError?: string; userName?: string
}): VNode {
  return (
    <>
      {userName && <input class="aside" type="text" name="userName" autocomplete="username" value={userName} readonly tabindex={-1} aria-hidden="true" />}
      <PasswordField context={context} kind="new" hint={hint} error={error} />
      <PasswordField context={context} kind="new" name="confirmPassword" label={context.t('field.confirmPassword')} error={confirmError} />
    </>
  )
}
