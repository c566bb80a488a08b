import { createHash } from "node:crypto"
import type { FastifyInstance } from "fastify"

/** A jack and a patched one: the mark of the documentation and of the hub's own page. */
export const LOGO =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 150 32" width="150" height="32"><g fill="none" stroke="#fff" stroke-width="2.5"><circle cx="9" cy="10" r="5"/><circle cx="29" cy="10" r="5"/><path d="M9 15c0 14 20 14 20 0"/></g><text x="44" y="22" font-family="system-ui, sans-serif" font-size="19" font-weight="600" fill="#fff">Jackfield</text></svg>'
export const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#1f3a5f"/><g fill="none" stroke="#fff" stroke-width="2.5"><circle cx="9" cy="11" r="4"/><circle cx="23" cy="11" r="4"/><path d="M9 15c0 12 14 12 14 0"/></g></svg>'

const STYLE =
  "body{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}@media(prefers-color-scheme:dark){body{background:#15181c;color:#e8e8e8}a{color:#8ab4f8}}"
const POLICY = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

/** Relative links, so that the page also works below a path of a proxy. */
const PAGE = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Jackfield</title><style>${STYLE}</style></head>
<body><h1>Jackfield</h1>
<p>This hub is running. It has no web console yet; one comes with a later version.</p>
<ul>
<li><a href="docs">Documentation of the API</a>, to read and to try out</li>
<li><a href="openapi.json">Its OpenAPI document</a></li>
<li>On the command line: <code>jackfield connectors add</code>, and <code>jackfield help</code></li>
</ul>
<p>The first start printed the first login and API key. A lost password is replaced by <code>jackfield users reset-password</code>.</p>
</body></html>
`

/** Serves the page at `/`, for people who open the URL that the first start prints. It runs no script and loads nothing. */
export function usePages(app: FastifyInstance): void {
  app.get("/", async (_request, reply) => reply.header("content-security-policy", POLICY).type("text/html; charset=utf-8").send(PAGE))
}
