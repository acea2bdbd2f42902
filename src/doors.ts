import type { App } from './app.ts'
import type { Server } from './access.ts'
import type { Store } from './store/open.ts'

/** A room's way in: it declares its routes on the server it is given. */
export type Door = (server: Server, app: App, store: Store) => void | Promise<void>

/** Every door of the house, in the order in which they are hung. Development's are hung in development only. */
export async function doors(app: App): Promise<Door[]> {
  const [health, assets, signin, reset, securityInfo, directory, applications, reports, diagnosis, help, oauth] = await Promise.all([
    import('./operator/health.ts'),
    import('./page/assets.ts'),
    import('./signin/routes.ts'),
    import('./reset/routes.ts'),
    import('./security-info/routes.ts'),
    import('./directory/routes.ts'),
    import('./applications/routes.ts'),
    import('./reports/routes.ts'),
    import('./diagnosis/routes.ts'),
    import('./help/routes.ts'),
    import('./oauth/routes.ts'),
  ])
  const always: Door[] = [
    health.healthRoutes, assets.assetRoutes, signin.signinRoutes, reset.resetRoutes, securityInfo.securityInfoRoutes, directory.directoryRoutes, applications.applicationsRoutes,
    reports.reportingRoutes, diagnosis.diagnosisRoutes, help.helpRoutes, oauth.oauthRoutes,
  ]
  if (app.config.mode !== 'development') return always
  const { developmentRoutes } = await import('./development/routes.ts')
  return [...always, developmentRoutes]
}
