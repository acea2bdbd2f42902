import type { VNode } from 'preact'
import { Form, Button } from '../page/form.tsx'
import { Field } from '../page/field.tsx'
import { Layout } from '../page/layout.tsx'
import { Notice } from '../page/notice.tsx'
import type { PageContext } from '../page/context.ts'
import type { ReasonCode } from '../rules/reason.ts'
import { reasonText } from '../text.ts'
import type { HelpPage } from './help-pages.ts'
import { helpPage, helpPages, linkTargets } from './help-pages.ts'
import { codesOf, problemOf } from './problems.ts'
import type { Problem } from './problems.ts'

/** Lines that start with a dash become a list, the others paragraphs: as much form as help needs. */
export function HelpText({ text }: { text: string }): VNode {
  const blocks: { list: boolean; lines: string[] }[] = []
  for (const line of text.split('\n')) {
    const list = line.startsWith('- ')
    const last = blocks.at(-1)
    if (list && last?.list) last.lines.push(line.slice(2))
    else blocks.push({ list, lines: [list ? line.slice(2) : line] })
  }
  return <>{blocks.map(block => (block.list ? <ul>{block.lines.map(line => <li>{line}</li>)}</ul> : <p>{block.lines[0]}</p>))}</>
}

function Search({ context, query }: { context: PageContext; query?: string }): VNode {
  return (
    <Form context={context} method="get" action="/help">
      <Field context={context} name="q" type="search" label={context.t('help.search')} value={query} maxlength={200} autocomplete="off" />
      <Button kind="secondary">{context.t('help.search.button')}</Button>
    </Form>
  )
}

function PageList({ context, pages }: { context: PageContext; pages: readonly HelpPage[] }): VNode {
  return <ul>{pages.map(one => <li key={one.id}><a href={`/help/${one.id}`}>{context.t(one.titleKey)}</a></li>)}</ul>
}

/**
 * Every problem as one heading with its codes as anchors: a refusal links to /help#<code>, and the fragment never reaches the
 * server, so all of them stand on this page.
 */
function Problems({ context }: { context: PageContext }): VNode {
  return (
    <>
      {helpPages.filter(one => one.kind === 'problem').map(one => (
        <section key={one.id} id={one.id}>
          {codesOf(one.id as Problem).map(code => <i key={code} id={code} />)}
          <h3><a href={`/help/${one.id}`}>{context.t(one.titleKey)}</a></h3>
          <HelpText text={firstAdvice(context.t(one.textKey))} />
        </section>
      ))}
    </>
  )
}

/** The whole text of a problem is one click away; the list shows what it is about and the first thing to do. */
function firstAdvice(text: string): string {
  const lines = text.split('\n')
  return lines.slice(0, lines[0]!.startsWith('- ') ? 1 : 2).join('\n')
}

/** /help: search, how-tos, every problem with its codes, and the ways to the other pages. */
export function helpIndex(context: PageContext, feedbackUrl: string | null): VNode {
  const { t } = context
  return (
    <Layout context={context} title={t('help.title')} lead={t('help.intro')} wide>
      <Search context={context} />
      <h2>{t('help.howto')}</h2>
      <PageList context={context} pages={helpPages.filter(one => one.kind === 'howto')} />
      <h2>{t('help.problems')}</h2>
      <Problems context={context} />
      <ul>
        <li><a href="/help/questions">{t('help.questions')}</a></li>
        <li><a href="/help/administrators">{t('help.administrators')}</a></li>
        {feedbackUrl && <li><a href={feedbackUrl} rel="noreferrer">{t('help.feedback')}</a></li>}
      </ul>
    </Layout>
  )
}

/** /help/questions and /help/administrators. */
export function helpList(context: PageContext, kind: 'question' | 'administrator'): VNode {
  const title = context.t(kind === 'question' ? 'help.questions' : 'help.administrators')
  return (
    <Layout context={context} title={title} before={<Back context={context} />}>
      <PageList context={context} pages={helpPages.filter(one => one.kind === kind)} />
    </Layout>
  )
}

/** /help?q=… */
export function helpResults(context: PageContext, query: string, pages: readonly HelpPage[]): VNode {
  const { t } = context
  return (
    <Layout context={context} title={t('help.title')} before={<Back context={context} />}>
      <Search context={context} query={query} />
      {pages.length === 0
        ? <Notice kind="info">{t('help.search.nothing', { query })}</Notice>
        : <><p>{t('help.search.results', { count: pages.length, query })}</p><PageList context={context} pages={pages} /></>}
    </Layout>
  )
}

/** /help/<id>: one answer, where it leads, and for administrators where the live verdict is. */
export function helpAnswer(context: PageContext, page: HelpPage): VNode {
  const { t } = context
  return (
    <Layout context={context} title={t(page.titleKey)} before={<Back context={context} />}>
      <HelpText text={t(page.textKey)} />
      {page.kind === 'problem' && <p>{t('help.supportCode')}</p>}
      {page.links.length > 0 && <ul>{page.links.map(link => <li key={link}><a href={linkTargets[link]}>{t(`help.link.${link}`)}</a></li>)}</ul>}
      {page.kind === 'administrator' && page.diagnosis && <p>{t('help.live', { question: page.diagnosis })}</p>}
      {page.kind === 'problem' && <Codes context={context} codes={codesOf(page.id as Problem)} />}
    </Layout>
  )
}

/** /help/<code>: the sentence of this code, then the problem it belongs to. */
export function helpCode(context: PageContext, code: ReasonCode): VNode {
  const page = helpPage(problemOf(code))!
  const { t } = context
  return (
    <Layout context={context} title={t(page.titleKey)} lead={t('help.code', { code })} before={<Back context={context} />}>
      <p><strong>{reasonText(context.locale, { code })}</strong></p>
      <HelpText text={t(page.textKey)} />
      <p>{t('help.supportCode')}</p>
      {page.links.length > 0 && <ul>{page.links.map(link => <li key={link}><a href={linkTargets[link]}>{t(`help.link.${link}`)}</a></li>)}</ul>}
    </Layout>
  )
}

function Codes({ context, codes }: { context: PageContext; codes: readonly ReasonCode[] }): VNode | null {
  if (codes.length === 0) return null
  return (
    <>
      <h2>{context.t('help.code.says')}</h2>
      <dl>{codes.map(code => <div key={code} id={code}><dt>{code}</dt><dd>{reasonText(context.locale, { code })}</dd></div>)}</dl>
    </>
  )
}

function Back({ context }: { context: PageContext }): VNode {
  return <p><a href="/help">{context.t('help.all')}</a></p>
}
