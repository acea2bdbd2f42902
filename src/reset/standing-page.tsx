import type { VNode } from 'preact'
import type { PageContext } from '../page/context.ts'
import { BlockedPage, CheckingPage, DonePage, ExpiredPage, RefusedPage } from './outcome-pages.tsx'
import { IntentPage, MethodPage, PasswordPage, UnlockPage } from './pages.tsx'
import type { Standing } from './state.ts'
import type { Journey } from './view.ts'

/** The domain's budget is over by then: whoever still waits is told so (LD-45). */
const unknownAfter = 35_000

/** The page of the step at which a transaction stands. `waited`: milliseconds since the domain was asked, as far as is known. */
export function standingPage({ context, journey, standing, waited = 0 }: {
  context: PageContext; journey: Journey; standing: Standing; waited?: number
}): VNode {
  const common = { context, journey }
  switch (standing.state) {
    case 'GATE':
      return <MethodPage {...common} offers={standing.offers} />
    case 'INTENT':
      return <IntentPage {...common} />
    case 'CHOOSE':
      return <PasswordPage {...common} userName={standing.userName} rules={standing.rules} reasons={standing.reasons} />
    case 'UNLOCK':
      return <UnlockPage {...common} reasons={standing.reasons} />
    case 'CHECKING':
      return <CheckingPage {...common} unknown={waited > unknownAfter} />
    case 'DONE':
      return <DonePage {...common} outcome="done" appPasswordsEnded />
    case 'DONE_PENDING_CLOUD':
      return <DonePage {...common} outcome="pendingCloud" />
    case 'UNLOCKED':
      return <DonePage {...common} outcome="unlocked" />
    case 'REFUSED':
      return <RefusedPage {...common} reasons={standing.reasons} />
    case 'BLOCKED':
      return <BlockedPage {...common} until={standing.until} />
    case 'EXPIRED':
    case 'CANCELLED':
      return <ExpiredPage {...common} cancelled={standing.state === 'CANCELLED'} />
  }
}
