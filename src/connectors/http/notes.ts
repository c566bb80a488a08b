import { hmacNotes, oauthNotes, pagingNotes, retryNotes, sinceNotes } from "../shared/http/notes.ts"

/** How the fields work together, for the type's page. */
export const notes = `### Inputs

| in the config | where the input goes | how it is escaped |
|---|---|---|
| \`url\`: \`https://api.example.com/users/{{ id }}?q={{ q }}\` | path and query | percent-encoded; \`.\`, \`..\` and an empty value are rejected as a part of the path |
| a \`headers\` row with \`input: "tenant"\` | the header | not at all; line breaks and characters outside Latin-1 are rejected |
| a \`parameters\` row | the query | percent-encoded |
| a \`body\` row | a member of the JSON body, or a field of the form | as JSON, or form-encoded |
| \`bodyTemplate\` | the place of its expression in the JSON or form | escaped inside quotes; a complete JSON value outside of them |

Scheme, host and port always come from the config. A row's \`value\` is a default; without one, a call must give the input unless \`required\` is false. \`GET /v1/connectors/{id}/inputs\` lists the inputs: those of the URL first, then headers, parameters and body.

Templates are Jinja as implemented by \`@huggingface/jinja\`: \`if\`, \`for\`, \`set\`, macros, and the filters that an error message lists. A template that does not parse is rejected when it is saved, with line and column. Macros and \`{% set x %}…{% endset %}\` blocks produce *text*: outside of quotes it becomes a JSON string, never an object; \`{% set x = value %}\` keeps the value. Rendering has 200 ms, 64 MB and 1 MiB of output, in a separate process.

### Answers

1. A status of 200 to 299 is a success, or a status that \`successStatuses\` lists. 404 and 410 mean that nothing is at the URL (\`stream_not_found\`).
2. Then \`success\` must be true as JMESPath defines it: not null, not false, not empty.
3. \`records\` finds the records: a list, or one object. An empty list means no records. A path that matches nothing is an error, because the path is usually wrong; write \`\`items || \`[]\` \`\` where nothing means none.

JSON is read, and NDJSON as a list of its lines; other text is one record with the member \`text\`. An HTML page is an error, because it is usually a login or error page, unless the headers have an \`Accept\` that names HTML. The character set is, in this order, that of \`charset\`, of a byte order mark, of the answer's Content-Type, or UTF-8; invalid bytes are an error.

A redirect of a GET or HEAD is followed; a redirect of another method is followed only with 307 or 308 and to the same origin. Any other redirect is an error that names the target, unless \`successStatuses\` lists its status.

An answer has at most 10 MiB after decompression, 1,000,000 JSON values, and 32 MiB of records as JSON. Expressions are checked when they are saved, and errors name the column. Expressions whose result could grow out of proportion are rejected: \`$\`, \`let\`, \`replace\`, \`pad_…\` and repeated copies of the input (\`[@,@]|[@,@]|…\`). Large answers and slow expressions are evaluated in a separate process, with 3 s and 192 MB for each answer; workspaces take turns. If the call's deadline comes first, the call fails with \`timed_out\`, and the message names the expression that was being evaluated. A stream has at most 1 MiB per record and 5,000 columns.

### Tests and refused credentials

A test sends GET by default, and checks the answer like a call: by status, \`success\` and \`records\`. \`probe\` chooses another request. If a call needs inputs or sends another method, the answer to GET proves only the connection and, if it succeeds, the login; the report says so.

A 401 stops the connector (\`credentials_refused\`) only if its credentials were certainly refused. It does not stop a connector without credentials, after a redirect to another origin, after HEAD, or after a test by another method than the call's. A 401 to a call with inputs is checked by a GET without them: if that succeeds, the call fails with \`permission_denied\`.

${pagingNotes}
${sinceNotes}
${retryNotes}
${oauthNotes}
${hmacNotes}`
