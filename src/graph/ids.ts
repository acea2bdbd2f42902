/** Ids are kept in small letters, shown so, and found in any (real-clients §1.13, §1.14). */
const guid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'
const alone = new RegExp(`^${guid}$`, 'i')
/** A key in a path: the id alone, or with the name of a property that holds one. Other keys stay as they are written. */
const inPath = new RegExp(`^(?:${guid}|\\((?:id|appId|roleTemplateId)='${guid}'\\))$`, 'i')
const anywhere = new RegExp(guid, 'i')

/** An id as it is kept; any other text as it is. */
export const asKept = (text: string): string => (alone.test(text) ? text.toLowerCase() : text)

/** The same for a segment of a path. */
export const keyAsKept = (segment: string): string => (inPath.test(segment) ? segment.replace(anywhere, id => id.toLowerCase()) : segment)
