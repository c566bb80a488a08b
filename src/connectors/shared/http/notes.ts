/** Text for the pages of types that use the shared fields. Each part starts with a third-level heading and ends with a line break. */

export const pagingNotes = `### Pages

A call gives the records of all pages as one list, of at most \`maxPages\` pages, 100,000 records and 32 MiB; beyond that it is an error, never a part of the list. With \`Accept: application/x-ndjson\` (\`jackfield connectors call --ndjson\`), it gives each page's records as they arrive, one JSON object per line, and \`maxPages\` is the only limit: a page is requested when the caller has taken the ones before it, and a call that fails after its first record ends with a line \`{"$error": …}\`. Each page is a request under the connector's limits.

Reading ends at an empty page (\`page\`, \`offset\`), or at an answer without a cursor or address (\`cursor\`, \`link\`). A page with fewer records than \`size\` is not the last one, because a server may cap its pages or leave records out of them: the next offset is the number of records that came, and records that come again there are left out. With \`total\`, reading ends when so many records came, without the request for the empty page, and fewer records are an error. A 404 behind the last page ends the list if the first page is still there.

A page that repeats the one before is an error, unless the answer counts exactly the records that were read. So are a cursor or address that was used already, a later page with an \`error\` in place of its records, and a next page on another host or port. A next address on plain \`http\` is read over \`https\` where the URL is, since servers behind a proxy write their own scheme.

A position in the body goes to a member by its name, or by a JSON pointer such as \`/variables/after\`.
`

export const sinceNotes = `### New records

With \`since\`, the stream can be read incrementally: the plan \`since\` names the column, and the cursor keeps the highest value that any record had. The next read sends that value in the parameter. The API is expected to answer with records from that value on; those that the last read gave already are recognised by their content and left out, and so are records without a value. The records may come in any order. Values are compared as numbers, as times in ISO 8601, or else as text. When more than 500 records share the highest value, some of them come again.
`

export const retryNotes = `### Retries

A request is made again after a status of \`retryStatuses\` and after a connection that broke: GET, HEAD, PUT and DELETE always, POST and PATCH only with \`repeatable\`, or when no connection was made and so nothing was sent. The wait doubles from 250 ms, half of it by chance, and is never shorter than \`Retry-After\` asks (seconds or a date), or than the time until a used-up limit begins anew (\`RateLimit-Reset\`, \`X-RateLimit-Reset\`). A 403 with \`Retry-After\`, with nothing left of a limit or with words for it counts as a 429. When the wait would end after the call's deadline, the failure is returned at once. Each retry takes a turn of the connector's limits, and the call's answer counts them in \`requests\` and \`retries\`. A test makes each request once.
`

export const oauthNotes = `### OAuth 2.0

\`oauth2_client\` is the client-credentials grant, or with \`grantType\` another one that needs no person, such as Zoom's \`account_credentials\` or \`password\` with \`username\` and \`password\` among \`tokenParameters\`; \`oauth2_refresh\` uses a refresh token from a user's login. Its answer may be JSON or form-encoded; without a token, the error repeats the provider's reason. The token endpoint is dialled like every other address, follows no redirect, and is trusted as \`tls\` says. Access tokens are stored encrypted and shared by all nodes: when many calls find one expired, one of them asks for the next, and the others wait for it. \`expires_in\` may be a number or text, and counts for at most a day; without it, a token is used for an hour or until it is refused. A stored token that the API answers with 401 is replaced once, and the request is made again.

A refresh token that the provider replaces is stored before the new access token is used, even when the caller has left or the database is away for up to a minute. One gap remains: when the hub is *killed* between the provider's answer and the commit, the last refresh token is sent once more. Providers with a grace period accept it; others refuse it (\`invalid_grant\`), and the error says that the user must log in again.

Stored tokens belong to the token URL, the client id and the refresh token that was entered. Connectors with the same ones share them; a new secret or scope keeps them; another refresh token starts anew. Tokens that no connector uses are removed after 90 days. When \`tokenUrl\` changes to another host, the login's secrets must be entered again.
`

export const hmacNotes = `### HMAC signatures

The signed text is the \`parts\` in their order, joined by \`separator\`; without any, it is timestamp, method, path, query and body, joined by line feeds. Path and query are signed as they are sent. Every request, retry and page is signed anew. When a redirect leads to another origin, signature and timestamp are dropped. The id of a key goes into \`headers\`.
`
