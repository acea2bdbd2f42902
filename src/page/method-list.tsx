import type { ComponentChildren, VNode } from 'preact'
import { Icon } from './icon.tsx'
import type { IconName } from './icon.tsx'

export interface ListedItem {
  id: string
  icon: IconName
  title: ComponentChildren
  detail?: ComponentChildren
  /** A word beside the title: "Default", "This browser". */
  mark?: string
  /** Links and small forms, at the end of the line. */
  actions?: ComponentChildren
}

/** Things someone has, with what can be done about each: methods, sessions, app passwords. */
export function MethodList({ items, label, empty }: { items: readonly ListedItem[]; label: string; empty?: ComponentChildren }): VNode {
  if (items.length === 0) return <p class="empty">{empty}</p>
  return (
    <ul class="list" aria-label={label}>
      {items.map(item => (
        <li key={item.id}>
          <Icon name={item.icon} />
          <div class="what">
            <p class="name">{item.title}{item.mark && <span class="mark">{item.mark}</span>}</p>
            {item.detail && <p class="hint">{item.detail}</p>}
          </div>
          {item.actions && <div class="do">{item.actions}</div>}
        </li>
      ))}
    </ul>
  )
}

/** Ways to go on, each a card to press: the first page, the account page. */
export function TaskList({ tasks }: { tasks: readonly { href: string; icon: IconName; title: ComponentChildren; detail?: ComponentChildren }[] }): VNode {
  return (
    <ul class="tasks">
      {tasks.map(task => (
        <li key={task.href}>
          <a href={task.href}>
            <Icon name={task.icon} />
            <span><span class="name">{task.title}</span>{task.detail && <span class="hint">{task.detail}</span>}</span>
            <Icon name="arrow" />
          </a>
        </li>
      ))}
    </ul>
  )
}

/** Names and values. */
export function Facts({ rows }: { rows: readonly (readonly [name: ComponentChildren, value: ComponentChildren])[] }): VNode {
  return <dl class="facts">{rows.map(([name, value], index) => <div key={index}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>
}

/** A value to be taken elsewhere (a key, an app password): script adds a button that copies it. */
export function CopyValue({ value, label, copied }: { value: string; label: string; copied: string }): VNode {
  return <p class="copy" data-copy={label} data-copied={copied}><code>{value}</code></p>
}
