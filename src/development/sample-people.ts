/**
 * Who works at Contoso, the tenant of the development mode: one of every kind of person that a rule tells apart. Passwords stand
 * here so that anybody can try things; the development mode answers on this machine only.
 */

/** Names of the sample lead to the same ids in every installation. */
export const sampleDomain = 'contoso.example'
export const sampleInitialDomain = 'contoso.onlatchkey.example'

export interface SamplePerson {
  /** Before the `@`. */
  name: string
  displayName: string
  password: string
  department: string
  jobTitle: string
  language: 'en' | 'da' | 'nb' | 'lv'
  usageLocation: 'GB' | 'DK' | 'NO' | 'LV'
  /** Registered and verified: counts for everybody. */
  email?: string
  mobile?: string
  /** Directory data that an administrator filled in: counts for reset without anyone registering (M-24). */
  otherMail?: string
  mobilePhone?: string
  role?: keyof typeof sampleRoles
  /** What is special, shown on /dev. */
  state?: 'locked' | 'disabled' | 'mustChange' | 'outOfScope'
}

export const sampleRoles = {
  globalAdministrator: '62e90394-69f5-4237-9190-012177145e10',
  passwordAdministrator: '966707d0-3269-4727-9be2-8c3a10f19b9d',
  userAdministrator: 'fe930be7-5e62-47db-91af-98c3a49a38b1',
  helpdeskAdministrator: '729827e3-9c14-49f7-bb1b-9608f156bbb8',
} as const

const mail = (name: string) => `${name}.private@mail.example`

export const samplePeople: readonly SamplePerson[] = [
  { name: 'ann', displayName: 'Ann Sørensen', password: 'Kestrel-Anchor-58', department: 'Sales', jobTitle: 'Account Manager', language: 'en', usageLocation: 'DK', email: mail('ann'), mobilePhone: '+45 20123456' },
  { name: 'gus', displayName: 'Gus Ærøskøbing', password: 'Walnut-Harbour-37', department: 'IT', jobTitle: 'Head of IT', language: 'en', usageLocation: 'DK', role: 'globalAdministrator', email: mail('gus'), mobile: '+45 20123401' },
  { name: 'paula', displayName: 'Paula Āboliņa', password: 'Thimble-Meadow-64', department: 'IT', jobTitle: 'Password Administrator', language: 'lv', usageLocation: 'LV', role: 'passwordAdministrator', email: mail('paula'), mobile: '+371 20123402' },
  { name: 'uffe', displayName: 'Uffe Bøgh', password: 'Saddle-Glacier-29', department: 'IT', jobTitle: 'User Administrator', language: 'da', usageLocation: 'DK', role: 'userAdministrator', email: mail('uffe'), mobile: '+45 20123403' },
  { name: 'helga', displayName: 'Helga Bjørnstad', password: 'Lantern-Orchid-83', department: 'IT', jobTitle: 'Helpdesk', language: 'nb', usageLocation: 'NO', role: 'helpdeskAdministrator', email: mail('helga'), mobile: '+47 40123404' },
  { name: 'soren', displayName: 'Søren Kjær', password: 'Copper-Thistle-46', department: 'Sales', jobTitle: 'Salesman', language: 'da', usageLocation: 'DK', otherMail: mail('soren') },
  { name: 'ase', displayName: 'Åse Nygård', password: 'Marble-Falcon-72', department: 'Sales', jobTitle: 'Saleswoman', language: 'nb', usageLocation: 'NO', mobilePhone: '+47 40123406' },
  { name: 'janis', displayName: 'Jānis Bērziņš', password: 'Velvet-Quarry-91', department: 'Production', jobTitle: 'Foreman', language: 'lv', usageLocation: 'LV', otherMail: mail('janis'), mobilePhone: '+371 20123407' },
  { name: 'zane', displayName: 'Zane Kalniņa', password: 'Pebble-Juniper-35', department: 'Production', jobTitle: 'Welder', language: 'lv', usageLocation: 'LV', mobilePhone: '+371 20123408' },
  { name: 'zanete', displayName: 'Žanete Ozoliņa', password: 'Cobalt-Sparrow-67', department: 'Production', jobTitle: 'Planner', language: 'lv', usageLocation: 'LV', email: mail('zanete') },
  { name: 'carlis', displayName: 'Čārlis Šmits', password: 'Basket-Monsoon-52', department: 'Warehouse', jobTitle: 'Driver', language: 'lv', usageLocation: 'LV' },
  { name: 'kare', displayName: 'Kåre Østby', password: 'Anvil-Clover-88', department: 'Warehouse', jobTitle: 'Storekeeper', language: 'nb', usageLocation: 'NO' },
  { name: 'mette', displayName: 'Mette Brøgger', password: 'Feather-Canyon-43', department: 'Warehouse', jobTitle: 'Packer', language: 'da', usageLocation: 'DK', state: 'outOfScope', email: mail('mette'), mobile: '+45 20123412' },
  { name: 'liga', displayName: 'Līga Krūmiņa', password: 'Timber-Lagoon-76', department: 'Finance', jobTitle: 'Bookkeeper', language: 'lv', usageLocation: 'LV', email: mail('liga'), mobile: '+371 20123413' },
  { name: 'bjorn', displayName: 'Bjørn Håland', password: 'Compass-Willow-31', department: 'Finance', jobTitle: 'Controller', language: 'nb', usageLocation: 'NO', state: 'locked', email: mail('bjorn'), mobile: '+47 40123414' },
  { name: 'astrid', displayName: 'Astrid Ågesen', password: 'Saffron-Bridge-59', department: 'Finance', jobTitle: 'Payroll', language: 'da', usageLocation: 'DK', state: 'disabled', email: mail('astrid') },
  { name: 'nils', displayName: 'Nils Sæther', password: 'Hazel-Turbine-24', department: 'Production', jobTitle: 'Apprentice', language: 'nb', usageLocation: 'NO', state: 'mustChange', otherMail: mail('nils') },
  { name: 'kristine', displayName: 'Kristīne Liepiņa', password: 'Ribbon-Summit-95', department: 'Sales', jobTitle: 'Marketing', language: 'lv', usageLocation: 'LV', otherMail: mail('kristine'), mobilePhone: '+371 20123417' },
  { name: 'oyvind', displayName: 'Øyvind Strøm', password: 'Cinder-Poplar-62', department: 'Production', jobTitle: 'Electrician', language: 'nb', usageLocation: 'NO', mobilePhone: '+47 40123418' },
  { name: 'jorgen', displayName: 'Jørgen Lærke', password: 'Barley-Comet-47', department: 'Production', jobTitle: 'Engineer', language: 'da', usageLocation: 'DK', email: mail('jorgen'), mobile: '+45 20123419' },
  { name: 'sigrid', displayName: 'Sigrid Åkesson', password: 'Magnet-Fjord-86', department: 'Sales', jobTitle: 'Export', language: 'nb', usageLocation: 'NO', otherMail: mail('sigrid') },
  { name: 'edgars', displayName: 'Edgars Pētersons', password: 'Pillow-Granite-39', department: 'Warehouse', jobTitle: 'Storekeeper', language: 'lv', usageLocation: 'LV', mobilePhone: '+371 20123421' },
  { name: 'birgit', displayName: 'Birgit Høj', password: 'Teapot-Cypress-74', department: 'Finance', jobTitle: 'Auditor', language: 'da', usageLocation: 'DK' },
  { name: 'tom', displayName: 'Tom Whitfield', password: 'Gravel-Lilac-51', department: 'Production', jobTitle: 'Consultant', language: 'en', usageLocation: 'GB', otherMail: mail('tom') },
  { name: 'elina', displayName: 'Elīna Grīnberga', password: 'Bottle-Aurora-68', department: 'Sales', jobTitle: 'Assistant', language: 'lv', usageLocation: 'LV', email: mail('elina'), mobile: '+371 20123424' },
]

export const sampleApplication = {
  displayName: 'Contoso automation',
  permissions: [
    'Application.ReadWrite.All', 'Directory.ReadWrite.All', 'User.ReadWrite.All', 'Group.ReadWrite.All', 'RoleManagement.ReadWrite.Directory',
    'UserAuthenticationMethod.ReadWrite.All', 'User-PasswordProfile.ReadWrite.All', 'Policy.ReadWrite.AuthenticationMethod', 'AuditLog.Read.All',
    'AppRoleAssignment.ReadWrite.All', 'DelegatedPermissionGrant.ReadWrite.All', 'Policy.Read.All', 'Policy.ReadWrite.ApplicationConfiguration', 'Policy.ReadWrite.Authorization',
    'Organization.ReadWrite.All', 'Domain.ReadWrite.All', 'LicenseAssignment.ReadWrite.All', 'User.RevokeSessions.All', 'User.DeleteRestore.All', 'Reports.Read.All',
  ],
} as const
