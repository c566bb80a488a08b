import { principalOf } from "../access.ts"
import { type Operation, operation } from "../operation.ts"
import { ifMatchOf } from "../request.ts"
import { ConnectorRef } from "../schemas/basics.ts"
import { Connector } from "../schemas/connectors.ts"
import { Credentials, CredentialsInput, SwitchInput } from "../schemas/credentials.ts"
import { TestInput, TestReport } from "../schemas/tests.ts"
import { answerTest, REPORT_LINES } from "../test-answer.ts"
import { shown } from "./connectors.ts"

/** Credentials in slots: staged, tested, switched, rolled back. */
export const credentialOperations: readonly Operation[] = [
  operation(
    {
      id: "getCredentials",
      method: "GET",
      path: "/v1/connectors/{id}/credentials",
      tag: "credentials",
      access: "viewer",
      scoped: true,
      summary: "Get the current, next and previous credentials of a connector; secrets are shown as fingerprints",
      params: ConnectorRef,
      answer: Credentials,
    },
    async (request, _reply, { credentials }) => credentials.show(principalOf(request), request.params.id),
  ),
  operation(
    {
      id: "stageCredentials",
      method: "PUT",
      path: "/v1/connectors/{id}/credentials/next",
      tag: "credentials",
      access: "editor",
      summary: "Stage the next credentials",
      description: "The connector uses its current credentials until the staged ones are switched in.",
      params: ConnectorRef,
      body: CredentialsInput,
      examples: { "A new password": { config: { password: "correct horse battery staple" } } },
      answer: Credentials,
      ifMatch: true,
    },
    async (request, _reply, { credentials }) => credentials.stage(principalOf(request), request.params.id, request.body.config, ifMatchOf(request)),
  ),
  operation(
    {
      id: "discardCredentials",
      method: "DELETE",
      path: "/v1/connectors/{id}/credentials/next",
      tag: "credentials",
      access: "editor",
      summary: "Discard the staged credentials",
      params: ConnectorRef,
    },
    async (request, _reply, { credentials }) => {
      await credentials.discard(principalOf(request), request.params.id)
    },
  ),
  operation(
    {
      id: "testCredentials",
      method: "POST",
      path: "/v1/connectors/{id}/credentials/next/test",
      tag: "credentials",
      access: "editor",
      summary: "Test a connector with its staged credentials",
      params: ConnectorRef,
      body: TestInput,
      examples: { "At most five seconds": { timeoutMs: 5_000 } },
      answer: TestReport,
      media: REPORT_LINES,
    },
    async (request, reply, { credentials }) =>
      answerTest(request, reply, request.body, (options) => credentials.test(principalOf(request), request.params.id, options)),
  ),
  operation(
    {
      id: "switchCredentials",
      method: "POST",
      path: "/v1/connectors/{id}/credentials/switch",
      tag: "credentials",
      access: "editor",
      summary: "Make the staged credentials the current ones, as a new version",
      params: ConnectorRef,
      body: SwitchInput,
      examples: { "Even without a test that passed": { force: true } },
      answer: Connector,
      etag: true,
      ifMatch: true,
    },
    async (request, _reply, { credentials }) => {
      const ifMatch = ifMatchOf(request)
      const options = { force: request.body.force === true, ...(ifMatch === undefined ? {} : { ifMatch }) }
      return shown(await credentials.switch(principalOf(request), request.params.id, options))
    },
  ),
  operation(
    {
      id: "rollBackCredentials",
      method: "POST",
      path: "/v1/connectors/{id}/credentials/rollback",
      tag: "credentials",
      access: "editor",
      summary: "Restore the credentials from before the last switch",
      params: ConnectorRef,
      answer: Connector,
      etag: true,
      ifMatch: true,
    },
    async (request, _reply, { credentials }) => shown(await credentials.rollback(principalOf(request), request.params.id, ifMatchOf(request))),
  ),
]
