import type { MessageKey } from '../text.ts'
import type { Problem } from './problems.ts'
import { problems } from './problems.ts'

export type Link = 'reset' | 'register' | 'change' | 'appPasswords' | 'signin' | 'sessions' | 'admin'

/** Where the links of the help lead; the canonical paths of LD-40. */
export const linkTargets: Readonly<Record<Link, string>> = {
  reset: '/reset', register: '/security-info', change: '/changepassword', appPasswords: '/app-passwords', signin: '/signin',
  sessions: '/sessions', admin: '/admin',
}

export interface HelpPage {
  /** Its address: /help/<id>. */
  id: string
  kind: 'howto' | 'question' | 'administrator' | 'problem'
  /** The rows of the specification it answers (sspr §1.1, F-rows, §12.4). */
  rows: readonly string[]
  titleKey: MessageKey
  textKey: MessageKey
  links: readonly Link[]
  /** The diagnosis that gives the live verdict (sspr §1.2). */
  diagnosis?: string
}

const page = (id: string, kind: HelpPage['kind'], links: readonly Link[] = [], diagnosis?: string, more: readonly string[] = []): HelpPage => ({
  id, kind, rows: [id, ...more], titleKey: `help.${id}.title` as MessageKey, textKey: `help.${id}.text` as MessageKey, links,
  ...(diagnosis ? { diagnosis } : {}),
})

const howTo: readonly HelpPage[] = [
  page('M-06', 'howto', ['reset']),
  page('M-26', 'howto', ['register'], 'D-12'),
  page('M-07', 'howto', ['change'], 'D-04'),
  page('M-08', 'howto', ['appPasswords']),
]

const questions: readonly HelpPage[] = [
  page('M-04', 'question', ['register']),
  page('M-05', 'question', ['register']),
  page('M-40', 'question', ['register'], 'D-12'),
  ...['F-03', 'F-04', 'F-05'].map(id => page(id, 'question', ['register'])),
  ...['F-06', 'F-07', 'F-09', 'F-10', 'F-11', 'F-12', 'F-15', 'F-16', 'F-18', 'F-19', 'F-20', 'F-21'].map(id => page(id, 'question')),
]

const forAdministrators: readonly HelpPage[] = [
  page('M-01', 'administrator'),
  page('M-02', 'administrator', ['admin'], 'D-16'),
  page('M-03', 'administrator', ['register', 'reset'], 'D-03'),
  page('M-09', 'administrator', ['admin'], 'D-05'),
  page('M-10', 'administrator', ['admin'], 'D-06'),
  page('M-11', 'administrator', [], 'D-06', ['M-12']),
  page('M-13', 'administrator', ['admin'], 'D-08'),
  page('M-14', 'administrator', ['admin'], 'D-10', ['M-21']),
  page('M-15', 'administrator', ['admin'], 'D-07'),
  page('M-16', 'administrator', [], 'D-08'),
  page('M-17', 'administrator', ['admin'], 'D-09', ['M-18', 'M-19']),
  page('M-20', 'administrator', [], 'D-09'),
  page('M-22', 'administrator', [], 'D-11'),
  page('M-23', 'administrator', ['admin'], 'D-11'),
  page('M-24', 'administrator', [], 'D-13'),
  page('M-25', 'administrator', [], 'D-13'),
  page('M-27', 'administrator', ['admin'], 'D-14'),
  page('M-28', 'administrator'),
  page('M-29', 'administrator', ['admin'], 'D-15'),
  page('M-30', 'administrator', [], 'D-05'),
  page('M-31', 'administrator', ['admin'], 'D-17'),
  page('M-32', 'administrator', ['admin'], 'D-18', ['M-33', 'M-34']),
  page('M-35', 'administrator', [], 'D-18'),
  page('M-36', 'administrator', [], 'D-17'),
  page('M-37', 'administrator', ['register'], 'D-19'),
  page('M-38', 'administrator', ['reset'], 'D-19'),
  page('M-39', 'administrator', ['admin'], 'D-19'),
  ...['F-01', 'F-02', 'F-08', 'F-13', 'F-14', 'F-17'].map(id => page(id, 'administrator')),
  ...['S-01', 'S-02', 'S-03'].map(id => page(id, 'administrator', ['admin'])),
  page('S-04', 'administrator', ['admin'], 'D-12'),
  page('S-05', 'administrator', ['admin'], 'D-13'),
  page('S-06', 'administrator', ['admin'], 'D-05'),
  page('S-07', 'administrator', ['admin'], 'D-17'),
]

/** Where a problem's page leads, when there is a page that helps. */
const problemLinks: Partial<Record<Problem, readonly Link[]>> = {
  notRegistered: ['register'], locked: ['reset'], currentPassword: ['reset', 'signin'], mustChange: ['signin'], session: ['reset', 'signin'],
  method: ['register'], appPassword: ['appPasswords'], password: ['change'], code: ['register'],
}

const problemPages: readonly HelpPage[] = (Object.keys(problems) as Problem[]).map(id => ({
  id, kind: 'problem', rows: [], titleKey: `help.problem.${id}.title` as MessageKey, textKey: `help.problem.${id}.text` as MessageKey,
  links: problemLinks[id] ?? [],
}))

export const helpPages: readonly HelpPage[] = [...howTo, ...problemPages, ...questions, ...forAdministrators]

const byRow = new Map(helpPages.flatMap(one => [one.id, ...one.rows].map(row => [row.toLowerCase(), one])))

/** The page for a row of the specification or a problem, whatever the case; undefined for anything else. */
export function helpPage(id: string): HelpPage | undefined {
  return byRow.get(id.toLowerCase())
}
