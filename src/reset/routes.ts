import type { Server } from '../access.ts'
import type { App } from '../app.ts'
import { resetApiRoutes } from './api-routes.ts'
import { resetPageRoutes } from './page-routes.ts'

/** "I forgot my password": pages under `/reset`, and the same for programs under `/api/resets`. */
export function resetRoutes(server: Server, app: App): void {
  resetPageRoutes(server, app)
  resetApiRoutes(server, app)
}
