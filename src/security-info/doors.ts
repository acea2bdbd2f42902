import type { FastifyRequest } from 'fastify'
import type { Access } from '../access.ts'
import type { App } from '../app.ts'
import { enterManage, enterWizard } from './visit.ts'
import type { DoorName, Visit } from './visit.ts'

/**
 * The two ways to the same forms: from one's own list, signed in and with a proof at most ten minutes old (N-STEP), and from the
 * stop at sign-in. Each has its own addresses, so that each route says by itself the least it asks for (T-15).
 */
export interface Door {
  name: DoorName
  /** Where its pages begin. */
  base: string
  /** Where its JSON begins. */
  api: string
  access: Access
  enter(app: App, request: FastifyRequest): Promise<Visit>
  /** Where to go when a method has been added. */
  afterwards(kind: string): string
}

export const doors: readonly Door[] = [
  {
    name: 'manage', base: '/security-info', api: '/api/security-info', access: 'recent', enter: enterManage,
    afterwards: kind => `/security-info?done=added&method=${kind}`,
  },
  {
    name: 'register', base: '/security-info/register', api: '/api/security-info/register', access: 'firstFactor', enter: enterWizard,
    afterwards: () => '/security-info/register',
  },
]
