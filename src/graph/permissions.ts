/**
 * Who may call what over Graph, as the permissions of graph §5.4, §6.4, §8, §10 and §11 name it. A person signed in with our
 * cookie passes the access line and is judged by directory roles; a program by the names here.
 */
const graph = (delegated: readonly string[], application: readonly string[] = delegated) => ({ graph: { delegated, application } }) as const
const none: readonly string[] = []

const readUsers = ['User.Read.All', 'User.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All']
const writeUsers = ['User.ReadWrite.All', 'Directory.ReadWrite.All']
const readMethods = ['UserAuthenticationMethod.Read.All', 'UserAuthenticationMethod.ReadWrite.All']
const writeMethods = ['UserAuthenticationMethod.ReadWrite.All']

export const access = {
  me: graph(['User.Read', 'User.ReadWrite', ...readUsers], none),
  readUsers: graph(readUsers, ['User.ReadBasic.All', ...readUsers]),
  createUser: graph(writeUsers),
  updateUser: graph([...writeUsers, 'User-PasswordProfile.ReadWrite.All', 'User-Phone.ReadWrite.All', 'User.EnableDisableAccount.All', 'Directory.AccessAsUser.All'],
    [...writeUsers, 'User-PasswordProfile.ReadWrite.All', 'User-Phone.ReadWrite.All', 'User.EnableDisableAccount.All']),
  deleteUser: graph(['User.DeleteRestore.All', 'User.ReadWrite.All']),
  revokeSessions: graph(['User.RevokeSessions.All', ...writeUsers]),
  readRoles: graph(['RoleManagement.Read.Directory', 'RoleManagement.ReadWrite.Directory', 'Directory.Read.All', 'Directory.ReadWrite.All']),
  writeRoles: graph(['RoleManagement.ReadWrite.Directory']),
  readMethods: graph(readMethods),
  writeMethods: graph(writeMethods),
  // No program resets a password by itself on this path (graph §6.4).
  resetPassword: graph(writeMethods, none),
  operations: graph(readMethods, none),
  reports: graph(['AuditLog.Read.All']),
  audit: graph(['AuditLog.Read.All']),
  readPolicy: graph(['Policy.Read.All', 'Policy.ReadWrite.AuthenticationMethod']),
  writePolicy: graph(['Policy.ReadWrite.AuthenticationMethod']),
  validatePassword: graph(['User.Read', ...readUsers]),
} as const
