const FORM = /^\s*application\/x-www-form-urlencoded\s*(;|$)/i
/** JSON under any of its names (`vnd.api+json`, `x-amz-json-1.1`), and text/plain, which some APIs expect; not NDJSON. */
const JSON_TYPE = /^\s*(?!application\/stream\+json)(?:[\w-]+\/(?:[\w.+-]*[+.-])?json(?:-?[\d.]+)?|text\/plain)\s*(;|$)/i

/** Whether a body of that content type is a form. */
export const isForm = (type: string): boolean => FORM.test(type)

/** The problem with a request's Content-Type, worded to follow a name; undefined if body fields or a template can be sent under that type. */
export function bodyTypeFault(type: string): string | undefined {
  if (!FORM.test(type) && !JSON_TYPE.test(type)) {
    const [essence = ""] = type.split(";")
    return `may not be ${essence.trim().slice(0, 60)}: the body is sent as JSON, or as a form under application/x-www-form-urlencoded.`
  }
  const [, charset] = /;\s*charset\s*=\s*["']?([\w-]+)/i.exec(type) ?? []
  return charset === undefined || /^(utf-?8|us-ascii)$/i.test(charset)
    ? undefined
    : `may not name the charset ${charset.slice(0, 40)}: the body is sent in UTF-8.`
}
