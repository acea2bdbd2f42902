import type { App } from './app.ts'
import type { Server } from './access.ts'
import type { Store } from './store/open.ts'

/** A room's way in: it declares its routes on the server it is given. */
export type Door = (server: Server, app: App, store: Store) => void | Promise<void>

const missing = (error: { code?: string }) => {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error
  return {}
}

/** Every door of the house, in the order in which they are hung. Development's are hung in development only. */
export async function doors(app: App): Promise<Door[]> {
  const loaded: Record<string, unknown>[] = await Promise.all([
      import('./operator/health.ts').catch(missing),
      import('./page/assets.ts').catch(missing),
      import('./signin/routes.ts').catch(missing),
      import('./reset/routes.ts').catch(missing),
      import('./security-info/routes.ts').catch(missing),
      import('./graph/routes.ts').catch(missing),
      import('./diagnosis/routes.ts').catch(missing),
      import('./help/routes.ts').catch(missing),
      ...(app.config.mode === 'development' ? [import('./development/routes.ts').catch(missing)] : []),
    ])
  const names = ['healthRoutes', 'assetRoutes', 'signinRoutes', 'resetRoutes', 'securityInfoRoutes', 'graphRoutes', 'diagnosisRoutes', 'helpRoutes', 'developmentRoutes']
  return loaded.flatMap((module, index) => (module[names[index]!] ? [module[names[index]!] as Door] : []))
}
