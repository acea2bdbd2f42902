import type { VNode } from 'preact'
import type { Config } from '../config.ts'
import type { KeptMessage } from '../notify/folder.ts'
import type { PageContext } from '../page/context.ts'
import { Field } from '../page/field.tsx'
import { Actions, Button, Form } from '../page/form.tsx'
import { Layout } from '../page/layout.tsx'
import { formatDateTime } from '../text.ts'
import { sampleDomain, samplePeople, type SamplePerson } from './sample-people.ts'

/** Where everything is, and who can be whom. */
export function indexPage(context: PageContext, config: Config): VNode {
  const { t } = context
  const links = [
    ['/reset', 'development.page.reset'], ['/signin', 'development.page.signin'], ['/security-info', 'development.page.securityInfo'],
    ['/changepassword', 'development.page.changePassword'], ['/help', 'development.page.help'], ['/dev/mailbox', 'development.mailbox.title'],
    ['/dev/phone', 'development.phone.title'], ['/dev/clock', 'development.clock.title'], ['/dev/faults', 'development.faults.title'], ['/api/openapi.json', 'development.page.api'],
  ] as const
  return (
    <Layout context={context} title={t('development.title')} lead={t('development.lead')} wide>
      <p>{config.listeners.map(({ origin }) => <span key={origin}><a href={origin}>{origin}</a> </span>)}</p>
      <h2>{t('development.pages')}</h2>
      <ul class="list">
        {links.map(([href, key]) => <li key={href}><a class="what" href={href}>{t(key)}</a><span class="hint">{href}</span></li>)}
      </ul>
      <h2>{t('development.people.title')}</h2>
      <ul class="list">
        {samplePeople.map(person => (
          <li key={person.name}>
            <span class="what">
              <span class="name">{person.displayName} {marks(context, person).map(mark => <span class="mark" key={mark}>{mark}</span>)}</span>
              <span class="hint">{person.name}@{sampleDomain}</span>
              <span class="hint">{[person.email, person.mobile, person.otherMail, person.mobilePhone].filter(Boolean).join(' · ')}</span>
            </span>
            <code>{person.password}</code>
          </li>
        ))}
      </ul>
    </Layout>
  )
}

function marks({ t }: PageContext, person: SamplePerson): string[] {
  const count = [person.email, person.mobile, person.otherMail, person.mobilePhone].filter(Boolean).length
  return [
    ...(person.role ? [person.jobTitle] : []),
    ...(person.state ? [t(`development.people.${person.state}`)] : []),
    t('development.people.methods', { count }),
  ]
}

/** Mail or texts, the newest first, as plain text: what a message looks like in a mail program is not shown here. */
export function messagesPage(context: PageContext, kind: 'mail' | 'sms', messages: readonly KeptMessage[]): VNode {
  const { t, locale } = context
  return (
    <Layout context={context} title={t(kind === 'mail' ? 'development.mailbox.title' : 'development.phone.title')} wide>
      {messages.length === 0 && <p class="empty">{t('development.messages.none')}</p>}
      <ul class="list">
        {messages.map(message => (
          <li key={message.dedupeId}>
            <div class="what">
              {message.kind === 'mail' && <span class="name">{message.subject}</span>}
              <span class="hint">{t('development.messages.to')} {message.to} · {formatDateTime(locale, message.at)}</span>
              <pre>{message.text}</pre>
            </div>
          </li>
        ))}
      </ul>
      <p><a href="/dev">{t('development.title')}</a></p>
    </Layout>
  )
}

/** `typed` is what could not be read as a duration. */
export function clockPage(context: PageContext, now: number, offset: number, typed?: string): VNode {
  const { t, locale } = context
  return (
    <Layout context={context} title={t('development.clock.title')}>
      <p>{t('development.clock.now', { now: formatDateTime(locale, now) })}</p>
      {offset !== 0 && <p>{t('development.clock.ahead', { offset: describeOffset(offset) })}</p>}
      <Form context={context} action="/dev/clock/move">
        <Field
          context={context} name="by" label={t('development.clock.advance')} hint={t('development.clock.advanceHint')} value={typed ?? 'PT25H'} plain
          maxlength={60} error={typed === undefined ? undefined : t('development.clock.wrong')}
        />
        <Actions><Button>{t('development.clock.move')}</Button></Actions>
      </Form>
      {offset !== 0 && <Form context={context} action="/dev/clock/move"><Button kind="secondary">{t('development.clock.reset')}</Button></Form>}
      <p><a href="/dev">{t('development.title')}</a></p>
    </Layout>
  )
}

function describeOffset(milliseconds: number): string {
  const minutes = Math.round(Math.abs(milliseconds) / 60_000)
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor((minutes % 1440) / 60)]
  return `${milliseconds < 0 ? '−' : '+'}${days} d ${hours} h ${minutes % 60} min`
}
