/**
 * Renders the pages people meet most, each as full as it gets and in Latvian, whose sentences are the longest. Prints
 * `{ "<page>": <rendered a second> }`.
 */
import type { VNode } from 'preact'
import type { PageContext } from '../src/page/context.ts'
import { renderPage } from '../src/page/send-page.ts'
import { CodePage, MethodPage, PasswordPage } from '../src/reset/pages.tsx'
import { reason } from '../src/rules/verdict.ts'
import type { ListedMethod, Overview } from '../src/security-info/list-methods.ts'
import { OverviewPage } from '../src/security-info/overview-page.tsx'
import { SignInPage } from '../src/signin/sign-in-pages.tsx'
import { translate } from '../src/text.ts'

const context: PageContext = {
  locale: 'lv', t: (key, values) => translate('lv', key, values), formToken: 'k1.2vYc1Jd0Q5oJ8vXl0f3uTn8yR7eWq6sZ', path: '/signin', query: 'mkt=lv-LV',
  branding: { displayName: 'Contoso', accentColor: '#7a1f5c' }, correlationId: '00000000-0000-4000-8000-000000000000', signedInAs: 'Zane Bērziņa-Kļaviņa',
}
const journey = { supportCode: 'KX4-9P2-TT7', gate: 1, helpdesk: { kind: 'request' } } as const
const now = Date.UTC(2026, 10, 21, 5, 40)
const method = (kind: ListedMethod['kind'], value: string, more: Partial<ListedMethod> = {}): ListedMethod => ({
  id: crypto.randomUUID(), kind, value, source: 'registered', verified: true, heldUntil: null, isDefault: false, createdDateTime: now, lastUsedAt: now,
  answers: null, use: 'both', may: { change: true, verify: true, delete: true, makeDefault: true }, ...more,
})
const overview: Overview = {
  now, pass: undefined, offers: [], readiness: { state: 'missing', missing: 1 }, administrator: undefined, appPasswords: true, questionCount: 5,
  methods: [
    method('mobile', '+371 ******67', { isDefault: true }), method('email', 'za***@example.org', { use: 'resetOnly', heldUntil: now }),
    method('microsoftAuthenticator', 'Pixel 9'), method('securityQuestions', '', { answers: 5, use: 'resetOnly' }), method('office', '+371 *****21', { verified: false }),
  ],
}

const pages: Record<string, () => VNode> = {
  'sign-in, refused': () => SignInPage({ context, userName: 'zane@contoso.example', continueTo: '/security-info', reasons: [reason('LK_SIGNIN_FAILED')] }),
  'reset: the ways': () => MethodPage({
    context, journey, reasons: [reason('LK_CODE_EXPIRED')],
    offers: [
      { value: 'email', way: 'email', masked: 'za***@example.org' }, { value: 'mobileSms', way: 'mobileSms', masked: '+371 ******67' },
      { value: 'code', way: 'code' }, { value: 'securityQuestions', way: 'securityQuestions' },
    ],
  }),
  'reset: the code': () => CodePage({ context, journey, offer: { value: 'mobileSms', way: 'mobileSms', masked: '+371 ******67' }, waitSeconds: 30, resent: true }),
  'reset: the new password': () => PasswordPage({ context, journey, userName: 'zane@contoso.example', rules: { kind: 'entra' }, reasons: [reason('LK_PASSWORD_MISMATCH')] }),
  'security info, five methods': () => OverviewPage({ context, overview, done: { what: 'added', kind: 'email' } }),
}

const milliseconds = 600
const rates: Record<string, number> = {}
for (const [name, page] of Object.entries(pages)) {
  for (let warm = 0; warm < 2000; warm++) renderPage(page())
  let rendered = 0
  const started = performance.now()
  while (performance.now() - started < milliseconds) for (let ten = 0; ten < 10; ten++, rendered++) renderPage(page())
  rates[name] = rendered / ((performance.now() - started) / 1000)
}
process.stdout.write(JSON.stringify(rates))
