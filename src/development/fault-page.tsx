import type { VNode } from 'preact'
import type { PageContext } from '../page/context.ts'
import { Button, Form } from '../page/form.tsx'
import { Layout } from '../page/layout.tsx'
import type { FaultOrder } from './faults.ts'

/** What waits, in the words it was ordered in, and how to order more. */
export function faultsPage(context: PageContext, faults: readonly FaultOrder[]): VNode {
  const { t } = context
  return (
    <Layout context={context} title={t('development.faults.title')} lead={t('development.faults.lead')} wide>
      {faults.length === 0 && <p class="empty">{t('development.faults.none')}</p>}
      <ul class="list">{faults.map((fault, at) => <li key={at}><code>{JSON.stringify(fault)}</code></li>)}</ul>
      {faults.length > 0 && <Form context={context} action="/dev/faults/clear"><Button kind="secondary">{t('development.faults.clear')}</Button></Form>}
      <h2>{t('development.faults.order')}</h2>
      <pre>{examples.map(order => `curl -X POST -H 'content-type: application/json' http://localhost:8080/dev/faults -d '${JSON.stringify(order)}'`).join('\n')}</pre>
      <p><a href="/dev">{t('development.title')}</a></p>
    </Layout>
  )
}

const examples: readonly FaultOrder[] = [
  { on: 'token', times: 2, aadsts: 7000222 },
  { on: 'graph', status: 429, retryAfter: 3 },
  { on: 'graph', path: '/v1.0/users', status: 503 },
  { on: 'token', delay: 'PT2S' },
  { on: 'graph', times: 5, consistency: 'PT5S' },
]
