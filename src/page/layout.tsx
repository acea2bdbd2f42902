import type { ComponentChildren, VNode } from 'preact'
import { localeNames, locales } from '../text.ts'
import { accentStyle, assets } from './assets.ts'
import type { PageContext } from './context.ts'
import { Icon } from './icon.tsx'

interface LayoutProps {
  context: PageContext
  /** The page's name: its heading, and the first part of the window's title. */
  title: string
  /** A sentence under the heading. */
  lead?: ComponentChildren
  children?: ComponentChildren
  /** Lists and overviews get more room than a form. */
  wide?: boolean
  /** The page asks for itself again after so many seconds, until the answer is another page. */
  refreshSeconds?: number
  /** Above the heading: a way back, or steps. */
  before?: ComponentChildren
}

/** A whole page: head, header, one card, footer. Works without script; `enhance.js` only adds comfort. */
export function Layout({ context, title, lead, children, wide, refreshSeconds, before }: LayoutProps): VNode {
  const { t, branding, locale } = context
  const accent = accentStyle(branding.accentColor)
  const note = context.signedInAs ? undefined : (branding.textByLocale?.[locale] ?? branding.textByLocale?.en)
  return (
    <html lang={locale}>
      <head>
        <meta charset="utf-8" />
        <title>{`${title} – ${branding.displayName}`}</title>
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="same-origin" />
        <meta name="robots" content="noindex" />
        <link rel="icon" href={assets.icon} />
        <link rel="stylesheet" href={assets.css} />
        {accent && <link rel="stylesheet" href={accent} />}
        <script src={assets.script} defer />
        {refreshSeconds !== undefined && <noscript><meta http-equiv="refresh" content={String(refreshSeconds)} /></noscript>}
      </head>
      <body class={wide ? 'roomy' : undefined} data-refresh={refreshSeconds}>
        <a class="skip" href="#main">{t('page.skip')}</a>
        <header class="top">
          <a class="brand" href="/"><Icon name="key" />{branding.displayName}</a>
          {context.signedInAs && <AccountMenu context={context} />}
        </header>
        <main id="main" class={wide ? 'card wide' : 'card'}>
          {before}
          <h1>{title}</h1>
          {lead && <p class="lead">{lead}</p>}
          {children}
        </main>
        <footer class="foot">
          {note && <p class="note">{note}</p>}
          <LanguageMenu context={context} />
          <p><a href="/help">{t('page.help')}</a></p>
        </footer>
      </body>
    </html>
  )
}

function AccountMenu({ context }: { context: PageContext }): VNode {
  return (
    <nav class="account" aria-label={context.t('page.account')}>
      <a href="/account" class="who"><Icon name="person" />{context.signedInAs}</a>
      <form method="post" action="/signout">
        <input type="hidden" name="_csrf" value={context.formToken} />
        <button class="plain">{context.t('page.signOut')}</button>
      </form>
    </nav>
  )
}

/**
 * The same page in another language: links that hold only a query, so that no path, however strange, can make them lead
 * elsewhere (T-34). What else the query holds is kept.
 */
function LanguageMenu({ context }: { context: PageContext }): VNode {
  const kept = new URLSearchParams(context.query)
  kept.delete('mkt')
  kept.delete('lng')
  const rest = kept.size > 0 ? `&${kept}` : ''
  return (
    <nav aria-label={context.t('page.language')}>
      <ul class="languages">
        {locales.map(one => (
          <li key={one}>
            <a href={`?mkt=${one}${rest}`} lang={one} hreflang={one} aria-current={one === context.locale ? 'true' : undefined}>{localeNames[one]}</a>
          </li>
        ))}
      </ul>
    </nav>
  )
}
