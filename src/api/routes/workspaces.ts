import { principalOf } from "../access.ts"
import { type Operation, operation } from "../operation.ts"
import { Page, pageOf, WorkspaceRef } from "../schemas/basics.ts"
import { NewWorkspace, Workspace, WorkspaceInput, WorkspacePatch, WorkspaceRemoval } from "../schemas/workspaces.ts"

/** Workspaces: created, shown, renamed, limited, deleted. */
export const workspaceOperations: readonly Operation[] = [
  operation(
    {
      id: "listWorkspaces",
      method: "GET",
      path: "/v1/workspaces",
      tag: "workspaces",
      access: "viewer",
      summary: "List the workspaces of the caller; an operator sees all of them",
      query: Page,
      answer: pageOf(Workspace),
    },
    async (request, _reply, { workspaces }) => workspaces.list(principalOf(request), request.query),
  ),
  operation(
    {
      id: "getWorkspace",
      method: "GET",
      path: "/v1/workspaces/{id}",
      tag: "workspaces",
      access: "viewer",
      summary: "Get a workspace",
      params: WorkspaceRef,
      answer: Workspace,
    },
    async (request, _reply, { workspaces }) => workspaces.get(principalOf(request), request.params.id),
  ),
  operation(
    {
      id: "createWorkspace",
      method: "POST",
      path: "/v1/workspaces",
      tag: "workspaces",
      access: "operator",
      summary: "Create a workspace, with an admin key that is shown only once",
      body: WorkspaceInput,
      examples: { "A customer": { name: "acme", title: "Acme Inc." } },
      status: 201,
      answer: NewWorkspace,
      location: "/v1/workspaces/{id}",
    },
    async (request, _reply, { workspaces }) => workspaces.create(principalOf(request), request.body),
  ),
  operation(
    {
      id: "updateWorkspace",
      method: "PATCH",
      path: "/v1/workspaces/{id}",
      tag: "workspaces",
      access: "admin",
      summary: "Rename a workspace, or change its plan (operators only)",
      params: WorkspaceRef,
      body: WorkspacePatch,
      examples: { "A plan": { plan: { ratePerMinute: 600, tests: { perMinute: 60 } } } },
      answer: Workspace,
    },
    async (request, _reply, { workspaces }) => workspaces.change(principalOf(request), request.params.id, request.body),
  ),
  operation(
    {
      id: "deleteWorkspace",
      method: "DELETE",
      path: "/v1/workspaces/{id}",
      tag: "workspaces",
      access: "operator",
      summary: "Delete a workspace with everything in it",
      description: "Repeat the name of the workspace to confirm.",
      params: WorkspaceRef,
      query: WorkspaceRemoval,
    },
    async (request, _reply, { workspaces }) => {
      await workspaces.remove(principalOf(request), request.params.id, request.query.name)
    },
  ),
]
