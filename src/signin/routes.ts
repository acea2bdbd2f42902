import type { Server } from '../access.ts'
import type { App } from '../app.ts'
import { accountRoutes } from './account-routes.ts'
import { apiRoutes } from './api-routes.ts'
import { factorRoutes } from './factor-routes.ts'
import { signInRoutes } from './sign-in-routes.ts'

/** Signing in and out, and what one's own sessions are: pages, and the same for programs under `/api/signin`. */
export function signinRoutes(server: Server, app: App): void {
  signInRoutes(server, app)
  factorRoutes(server, app)
  accountRoutes(server, app)
  apiRoutes(server, app)
}
