/** What the token service keeps: signing keys, codes, families of refresh tokens. */

export interface OAuthTables {}
