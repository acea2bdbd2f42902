import type { ComponentChildren, VNode } from 'preact'
import type { PageContext } from './context.ts'
import { Icon } from './icon.tsx'
import type { IconName } from './icon.tsx'

export interface ChoiceOption {
  value: string
  label: ComponentChildren
  hint?: ComponentChildren
  icon?: IconName
  disabled?: boolean
}

interface ChoiceProps {
  context: PageContext
  name: string
  /** The question. */
  legend: ComponentChildren
  options: readonly ChoiceOption[]
  value?: string
  error?: string
  hint?: ComponentChildren
  /** Where the page's heading already asks the question. */
  hideLegend?: boolean
}

/** One of several, as cards: radio buttons in a fieldset, each a large target. */
export function Choice({ name, legend, options, value, error, hint, hideLegend }: ChoiceProps): VNode {
  const described = [hint && `${name}-hint`, error && `${name}-error`].filter(Boolean).join(' ')
  return (
    <fieldset class={error ? 'choice wrong' : 'choice'} aria-describedby={described || undefined}>
      <legend class={hideLegend ? 'unseen' : undefined}>{legend}</legend>
      {hint && <p class="hint" id={`${name}-hint`}>{hint}</p>}
      {error && <p class="error" id={`${name}-error`}>{error}</p>}
      {options.map((option, index) => (
        <label class="option" key={option.value}>
          <input
            type="radio" name={name} value={option.value} id={index === 0 ? name : `${name}-${index}`}
            checked={option.value === value} disabled={option.disabled} required
          />
          {option.icon && <Icon name={option.icon} />}
          <span><span class="name">{option.label}</span>{option.hint && <span class="hint">{option.hint}</span>}</span>
        </label>
      ))}
    </fieldset>
  )
}

/** A yes or no. Posts `value` ('yes' by default) when ticked, nothing otherwise. */
export function Checkbox({ name, label, hint, checked, value = 'yes' }: {
  name: string; label: ComponentChildren; hint?: ComponentChildren; checked?: boolean; value?: string
}): VNode {
  return (
    <label class="checkbox">
      <input type="checkbox" name={name} id={name} value={value} checked={checked} />
      <span>{label}{hint && <span class="hint">{hint}</span>}</span>
    </label>
  )
}

/** One of many, as a list to pull down. */
export function Select({ context, name, label, options, value, error, hint }: {
  context: PageContext; name: string; label: ComponentChildren; options: readonly { value: string; label: string }[]; value?: string; error?: string
  hint?: ComponentChildren
}): VNode {
  const described = [hint && `${name}-hint`, error && `${name}-error`].filter(Boolean).join(' ')
  return (
    <div class={error ? 'field wrong' : 'field'}>
      <label for={name}>{label}</label>
      {hint && <p class="hint" id={`${name}-hint`}>{hint}</p>}
      {error && <p class="error" id={`${name}-error`}>{error}</p>}
      <select id={name} name={name} required aria-describedby={described || undefined} aria-invalid={error ? 'true' : undefined}>
        {value === undefined && <option value="">{context.t('field.choose')}</option>}
        {options.map(option => <option key={option.value} value={option.value} selected={option.value === value}>{option.label}</option>)}
      </select>
    </div>
  )
}
