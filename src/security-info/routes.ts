import type { Server } from '../access.ts'
import type { App } from '../app.ts'
import { addRoutes } from './add-routes.ts'
import { apiRoutes } from './api-routes.ts'
import { appPasswordRoutes } from './app-password-routes.ts'
import { basicRoutes } from './basic-auth.ts'
import { changePasswordRoutes } from './change-password-routes.ts'
import { doors } from './doors.ts'
import { manageRoutes } from './manage-routes.ts'
import { wizardRoutes } from './wizard-routes.ts'

/** "These prove it's me": security info, changing one's password, app passwords. */
export function securityInfoRoutes(server: Server, app: App): void {
  aliasRoutes(server)
  manageRoutes(server, app)
  wizardRoutes(server, app)
  for (const door of doors) {
    addRoutes(server, app, door)
    apiRoutes(server, app, door)
  }
  changePasswordRoutes(server, app)
  appPasswordRoutes(server, app)
  basicRoutes(server, app)
}

/** The addresses people have in old mails and articles (M-05, LD-40); what the query says is kept. */
function aliasRoutes(server: Server): void {
  for (const url of ['/ssprsetup', '/mfasetup']) {
    server.get(url, { config: { access: 'public', surface: 'page' } }, async (request, reply) => {
      const question = request.url.indexOf('?')
      return reply.redirect(`/security-info${question < 0 ? '' : request.url.slice(question)}`, 303)
    })
  }
}
