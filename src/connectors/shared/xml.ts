import { breathe } from "../../core/breathe.ts"
import { PlatformError } from "../../core/errors.ts"

/** An element of an XML document. Namespaces and attributes are left out. */
export interface XmlElement {
  readonly name: string
  /** The text directly in it, with its white space. */
  readonly text: string
  readonly children: readonly XmlElement[]
}

/** Characters that are parsed before other work is served. */
const PIECE = 65_536
/** Elements within one another at most; the APIs that are read have less than ten. */
const DEEPEST = 64

/**
 * The root element of a document. Only XML's own five entities are known, so a document cannot define any that grow.
 * `response_invalid` for a text that is not well-formed XML.
 */
export async function parseXml(text: string, from: string): Promise<XmlElement> {
  const { SaxesParser } = await import("saxes")
  const top: Open = { name: "", text: "", children: [] }
  const open: Open[] = [top]
  const parser = new SaxesParser({ xmlns: false })
  parser.on("error", (error) => {
    throw unreadable(from, error)
  })
  parser.on("opentag", ({ name }) => {
    if (open.length > DEEPEST) throw unreadable(from)
    const element: Open = { name: name.replace(/^.*:/, ""), text: "", children: [] }
    open.at(-1)?.children.push(element)
    open.push(element)
  })
  const add = (piece: string): void => {
    const last = open.at(-1)
    if (last !== undefined) last.text += piece
  }
  parser.on("text", add)
  parser.on("cdata", add)
  parser.on("closetag", () => void open.pop())
  for (let at = 0; at < text.length; at += PIECE) {
    parser.write(text.slice(at, at + PIECE))
    if (at + PIECE < text.length) await breathe()
  }
  parser.close()
  const [root] = top.children
  if (root === undefined) throw unreadable(from)
  return root
}

interface Open extends XmlElement {
  text: string
  readonly children: Open[]
}

/** The text of the first child of that name; undefined if there is none. */
export const textIn = (element: XmlElement, name: string): string | undefined => element.children.find((child) => child.name === name)?.text

export const childrenIn = (element: XmlElement, name: string): readonly XmlElement[] => element.children.filter((child) => child.name === name)

const unreadable = (from: string, cause?: unknown): PlatformError =>
  new PlatformError("response_invalid", `${from} answers with something other than XML; check for a proxy between it and the hub.`, { cause })
