import type { VerbIo } from '../config.ts'

/** What runs on the database of this machine, and not against a server (LD-61). Each verb loads only what it needs. */
export interface Verb {
  /** @returns the exit status: 0 done, 1 refused or failed, 2 called wrongly */
  run(args: string[], io: VerbIo): Promise<number>
}

export const verbs: Readonly<Record<string, (() => Promise<Verb>) | undefined>> = {
  dev: () => import('../development/dev.ts'),
  serve: () => import('./serve.ts'),
  init: () => import('./init.ts'),
  migrate: () => import('./migrate.ts'),
  doctor: () => import('./doctor.ts'),
  ready: () => import('./ready.ts'),
  tenant: () => import('./tenant.ts'),
  import: () => import('./import.ts'),
  audit: () => import('./audit.ts'),
  keys: () => import('./keys.ts'),
  'restore-mark': () => import('./restore-mark.ts'),
  'recover-admin': () => import('./recover-admin.ts'),
  'config-schema': () => import('./config-schema-verb.ts'),
}
