import type { Definition } from "./definition.ts"

/** The path of a definition's icon below the mount. */
export const iconPath = ({ name }: Definition): string => `/icons/${name.toLowerCase()}.svg`

/** A plain tile with the definition's first letter, so that no trademark is used. */
export const iconOf = ({ name, color }: Definition): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48" role="img" aria-label="${name}">` +
  `<rect width="48" height="48" rx="10" fill="${color ?? "#4a5568"}"/>` +
  `<text x="24" y="33" font-family="sans-serif" font-size="26" font-weight="700" text-anchor="middle" fill="#fff">${name.slice(0, 1)}</text></svg>`
