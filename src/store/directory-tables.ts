/** What the directory over REST needs beside people and groups: changes since a moment, what was deleted. */

export interface DirectoryTables {}
