// The types of the API's wire, made from docs/openapi.json by `npm run gen`; edit the schemas in src/api/schemas instead.

export interface paths {
    "/v1/connectors": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the connectors of the workspace, the oldest first
         * @description Requires the role viewer or a higher one.
         */
        get: operations["listConnectors"];
        put?: never;
        /**
         * Create a connector
         * @description Requires the role editor or a higher one.
         */
        post: operations["createConnector"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/connectors/compare": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Show what storing a connector would change
         * @description Nothing is stored. The connector is found by its name. Requires the role editor or a higher one.
         */
        post: operations["compareConnector"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/connectors/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Test a config without storing it
         * @description Requires the role editor or a higher one.
         */
        post: operations["testConnectorConfig"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/connectors/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a connector
         * @description Requires the role viewer or a higher one.
         */
        get: operations["getConnector"];
        put?: never;
        post?: never;
        /**
         * Delete a connector, its secrets and its catalogs
         * @description Requires the role editor or a higher one.
         */
        delete: operations["deleteConnector"];
        options?: never;
        head?: never;
        /**
         * Change a connector
         * @description An absent field keeps its value, within the config too; null clears a field; a mask keeps the stored secret. Requires the role editor or a higher one.
         */
        patch: operations["updateConnector"];
        trace?: never;
    };
    "/v1/connectors/{id}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Test a connector, stage by stage
         * @description Requires the role use or a higher one.
         */
        post: operations["testConnector"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/connector-types": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the connector types with capabilities, JSON Schema and fields
         * @description Requires the role viewer or a higher one.
         */
        get: operations["listConnectorTypes"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/connector-types/{type}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a connector type
         * @description Requires the role viewer or a higher one.
         */
        get: operations["getConnectorType"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/connectors/{id}/credentials": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get the current, next and previous credentials of a connector; secrets are shown as fingerprints
         * @description Requires the role viewer or a higher one.
         */
        get: operations["getCredentials"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/connectors/{id}/credentials/next": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Stage the next credentials
         * @description The connector uses its current credentials until the staged ones are switched in. Requires the role editor or a higher one.
         */
        put: operations["stageCredentials"];
        post?: never;
        /**
         * Discard the staged credentials
         * @description Requires the role editor or a higher one.
         */
        delete: operations["discardCredentials"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/connectors/{id}/credentials/next/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Test a connector with its staged credentials
         * @description Requires the role editor or a higher one.
         */
        post: operations["testCredentials"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/connectors/{id}/credentials/switch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Make the staged credentials the current ones, as a new version
         * @description Requires the role editor or a higher one.
         */
        post: operations["switchCredentials"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/connectors/{id}/credentials/rollback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Restore the credentials from before the last switch
         * @description Requires the role editor or a higher one.
         */
        post: operations["rollBackCredentials"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/connectors/{id}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the changes of a connector, the newest first
         * @description Requires the role viewer or a higher one.
         */
        get: operations["listVersions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/connectors/{id}/versions/{version}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a version, with the connector as it was at that time
         * @description Requires the role viewer or a higher one.
         */
        get: operations["getVersion"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/connectors/{id}/versions/{version}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Restore the config and the secrets of a version, as a new version
         * @description Requires the role editor or a higher one.
         */
        post: operations["restoreVersion"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/connectors/{id}/discover": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Read the system's schema into a new version of the catalog
         * @description Requires the role editor or a higher one.
         */
        post: operations["discoverCatalog"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/connectors/{id}/catalog": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a page of a catalog: the newest, or another version
         * @description Requires the role viewer or a higher one.
         */
        get: operations["getCatalog"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/connectors/{id}/catalogs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the versions of a catalog, the newest first
         * @description Requires the role viewer or a higher one.
         */
        get: operations["listCatalogVersions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/connectors/{id}/catalog/skipped": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List what a catalog left out, with the reasons
         * @description Requires the role viewer or a higher one.
         */
        get: operations["listSkippedStreams"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/connectors/{id}/catalog/diff": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the changes between two versions of a catalog
         * @description Breaking changes are marked. Without `from` and `to`, the newest version is compared with the one before it. Requires the role viewer or a higher one.
         */
        get: operations["diffCatalogs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/connectors/{id}/query": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Run a read-only statement
         * @description Requires the role use or a higher one.
         */
        post: operations["queryConnector"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/connectors/{id}/query/dry-run": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Say what a statement would read, without running it
         * @description For types with the capability `dryRun`, whose systems say it without cost; for the others it is refused, and nothing is sent. Requires the role use or a higher one.
         */
        post: operations["dryRunQuery"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/connectors/{id}/rows": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a stream without SQL
         * @description One page as JSON, with the cursor of the next one; as NDJSON or CSV the whole stream, or the rows from `cursor` on. A read that broke off goes on from its last cursor; a stream without an order of its own has none, and is read from the beginning. Requires the role use or a higher one.
         */
        get: operations["readRows"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/connectors/{id}/call": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Make one request through an HTTP connector
         * @description Requires the role use or a higher one.
         */
        post: operations["callConnector"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/connectors/{id}/inputs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the parameters that a call of an HTTP connector takes
         * @description Requires the role viewer or a higher one.
         */
        get: operations["getCallParameters"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get the states of the workspace's scheduled connectors, for Prometheus
         * @description Requires the role viewer or a higher one.
         */
        get: operations["getWorkspaceMetrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/checks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the scheduled connectors with their states
         * @description Requires the role viewer or a higher one.
         */
        get: operations["listChecks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/connectors/{id}/check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get the schedule and the state of a connector
         * @description Requires the role viewer or a higher one.
         */
        get: operations["getCheck"];
        /**
         * Schedule tests of a connector
         * @description A schedule that has stopped starts again. Requires the role editor or a higher one.
         */
        put: operations["setCheck"];
        post?: never;
        /**
         * End the schedule of a connector; its history stays
         * @description Requires the role editor or a higher one.
         */
        delete: operations["deleteCheck"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/connectors/{id}/checks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the results of a connector's scheduled checks, the newest first
         * @description Requires the role viewer or a higher one.
         */
        get: operations["listCheckResults"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the webhooks of the workspace
         * @description Requires the role admin.
         */
        get: operations["listWebhooks"];
        put?: never;
        /**
         * Create a webhook; its signing secret is shown only once
         * @description Requires the role admin.
         */
        post: operations["createWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a webhook
         * @description Requires the role admin.
         */
        get: operations["getWebhook"];
        put?: never;
        post?: never;
        /**
         * Delete a webhook and its pending deliveries
         * @description Requires the role admin.
         */
        delete: operations["deleteWebhook"];
        options?: never;
        head?: never;
        /**
         * Change a webhook; an absent field is kept
         * @description Requires the role admin.
         */
        patch: operations["updateWebhook"];
        trace?: never;
    };
    "/v1/webhooks/{id}/ping": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send a test event
         * @description Requires the role admin.
         */
        post: operations["pingWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{id}/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the deliveries of a webhook, sent or waiting, the newest first
         * @description Requires the role admin.
         */
        get: operations["listDeliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{id}/deliveries/{delivery}/redeliver": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send a delivery again
         * @description Requires the role admin.
         */
        post: operations["redeliver"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/uploads": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the files of the workspace
         * @description Requires the role viewer or a higher one.
         */
        get: operations["listUploads"];
        put?: never;
        /**
         * Upload a file
         * @description The body is the file itself, with any content type except those of forms. Requires the role editor or a higher one.
         */
        post: operations["createUpload"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/uploads/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get the metadata of a file
         * @description Requires the role viewer or a higher one.
         */
        get: operations["getUpload"];
        put?: never;
        post?: never;
        /**
         * Delete a file; refused while a connector reads it
         * @description Requires the role editor or a higher one.
         */
        delete: operations["deleteUpload"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List your live sessions, the newest first
         * @description Requires the role viewer or a higher one.
         */
        get: operations["listSessions"];
        put?: never;
        /** Log in with e-mail address and password */
        post: operations["logIn"];
        /**
         * Log out: end this session
         * @description Requires the role viewer or a higher one.
         */
        delete: operations["logOut"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sessions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * End one of your sessions
         * @description Requires the role viewer or a higher one.
         */
        delete: operations["endSession"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get the caller: name, workspace and role
         * @description Requires the role viewer or a higher one.
         */
        get: operations["getMe"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Change your name
         * @description Requires the role viewer or a higher one.
         */
        patch: operations["updateMe"];
        trace?: never;
    };
    "/v1/me/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Change your password; your other sessions end
         * @description Requires the role viewer or a higher one.
         */
        post: operations["changePassword"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the users of the workspace, the oldest membership first
         * @description Requires the role admin.
         */
        get: operations["listUsers"];
        put?: never;
        /**
         * Add a user to the workspace
         * @description A password that the hub generates is shown only once. Requires the role admin.
         */
        post: operations["createUser"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/users/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a user
         * @description Requires the role admin.
         */
        get: operations["getUser"];
        put?: never;
        post?: never;
        /**
         * Remove a user from the workspace
         * @description Requires the role admin.
         */
        delete: operations["removeUser"];
        options?: never;
        head?: never;
        /**
         * Change the role, the limit or the name of a user, or disable the login (operators only)
         * @description Requires the role admin.
         */
        patch: operations["updateUser"];
        trace?: never;
    };
    "/v1/users/{id}/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Set the password of a user
         * @description If the request has no password, the hub generates one and shows it only once. Requires the role admin.
         */
        post: operations["setPassword"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/users/{id}/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the live sessions of a user
         * @description Requires the role admin.
         */
        get: operations["listUserSessions"];
        put?: never;
        post?: never;
        /**
         * End every session of a user
         * @description Requires the role admin.
         */
        delete: operations["endUserSessions"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the API keys of the workspace, without their values
         * @description Requires the role admin.
         */
        get: operations["listKeys"];
        put?: never;
        /**
         * Create an API key; its value is shown only once
         * @description Requires the role admin.
         */
        post: operations["createKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/keys/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a key, without its value
         * @description Requires the role admin.
         */
        get: operations["getKey"];
        put?: never;
        post?: never;
        /**
         * Revoke a key
         * @description Requires the role admin.
         */
        delete: operations["revokeKey"];
        options?: never;
        head?: never;
        /**
         * Rename a key
         * @description Requires the role admin.
         */
        patch: operations["updateKey"];
        trace?: never;
    };
    "/v1/keys/{id}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Replace a key with a new one; its value is shown only once
         * @description The old key stays valid for the grace period. Requires the role admin.
         */
        post: operations["rotateKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspaces": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the workspaces of the caller; an operator sees all of them
         * @description Requires the role viewer or a higher one.
         */
        get: operations["listWorkspaces"];
        put?: never;
        /**
         * Create a workspace, with an admin key that is shown only once
         * @description For operators only.
         */
        post: operations["createWorkspace"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspaces/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a workspace
         * @description Requires the role viewer or a higher one.
         */
        get: operations["getWorkspace"];
        put?: never;
        post?: never;
        /**
         * Delete a workspace with everything in it
         * @description Repeat the name of the workspace to confirm. For operators only.
         */
        delete: operations["deleteWorkspace"];
        options?: never;
        head?: never;
        /**
         * Rename a workspace, or change its plan (operators only)
         * @description Requires the role admin.
         */
        patch: operations["updateWorkspace"];
        trace?: never;
    };
    "/v1/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the entries of the audit log, the newest first
         * @description Requires the role admin.
         */
        get: operations["listAuditEntries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit/verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Verify the chain of the audit log; the answer names the first broken entry
         * @description Requires the role admin.
         */
        get: operations["verifyAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Export the audit log, the oldest entry first
         * @description The last line holds the ends of the chain and the workspace. If an export fails, the server breaks the connection before that line. Requires the role admin.
         */
        get: operations["exportAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/egress": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the private addresses that connectors may reach
         * @description For operators only.
         */
        get: operations["listEgressRules"];
        put?: never;
        /**
         * Allow private addresses, effective immediately
         * @description For operators only.
         */
        post: operations["createEgressRule"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/egress/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Delete a rule
         * @description For operators only.
         */
        delete: operations["deleteEgressRule"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Check that the process is alive */
        get: operations["getHealth"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Check that the hub is ready: its database is reachable and migrated */
        get: operations["getReadiness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get the metrics of the process, for Prometheus */
        get: operations["getMetrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get this API as OpenAPI 3.1 */
        get: operations["getDescription"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        AthenaConfig: {
            /**
             * Region
             * @example eu-central-1
             */
            region: string;
            /** Login */
            auth: components["schemas"]["AuthAccessKey"] | components["schemas"]["AuthAssumeRole"];
            /**
             * Workgroup
             * @description It decides the engine's version and the limits of scanned bytes. `primary` unless given.
             */
            workgroup?: string;
            /**
             * Catalog
             * @description For names without one. Empty: discovery lists every catalog. `AwsDataCatalog` unless given.
             */
            catalog?: string;
            /**
             * Database
             * @description For names without one. Empty: discovery lists every database.
             */
            database?: string;
            /**
             * Output location
             * @description Where Athena puts results. Empty: the workgroup's own.
             * @example s3://bucket/folder/
             */
            output?: string;
            /**
             * Encryption of results
             * @description `none` unless given.
             */
            encryption?: {
                /** @constant */
                kind: "none";
            } | {
                /** @constant */
                kind: "SSE_S3";
            } | {
                /** @constant */
                kind: "SSE_KMS";
                /**
                 * Key
                 * @example arn:aws:kms:eu-central-1:123456789012:key/…
                 */
                kmsKey: string;
            };
            /**
             * Owner of the output's bucket
             * @description The account that must own the bucket.
             */
            bucketOwner?: string;
            /**
             * Location of new tables
             * @description New tables are Iceberg tables in folders below it. Empty: none are created.
             * @example s3://bucket/folder/
             */
            tables?: string;
            /**
             * Endpoint
             * @description `standard` unless given.
             */
            endpoint?: components["schemas"]["EndpointStandard"] | components["schemas"]["EndpointFips"] | {
                /** @constant */
                kind: "vpc";
                /**
                 * Endpoint host
                 * @example vpce-0a1b2c3d4e5f-abcdefgh.athena.eu-central-1.vpce.amazonaws.com
                 */
                host: string;
            };
            /**
             * SSH tunnel
             * @description `none` unless given.
             */
            tunnel?: components["schemas"]["TunnelNone"] | components["schemas"]["TunnelSsh"];
        };
        AthenaConfigChange: {
            region?: string | null;
            auth?: components["schemas"]["AuthAccessKeyChange"] | components["schemas"]["AuthAssumeRoleChange"] | null;
            workgroup?: string | null;
            catalog?: string | null;
            database?: string | null;
            output?: string | null;
            encryption?: {
                /** @constant */
                kind?: "none";
            } | {
                /** @constant */
                kind?: "SSE_S3";
            } | {
                /** @constant */
                kind?: "SSE_KMS";
                kmsKey?: string | null;
            } | null;
            bucketOwner?: string | null;
            tables?: string | null;
            endpoint?: components["schemas"]["EndpointStandardChange"] | components["schemas"]["EndpointFipsChange"] | {
                /** @constant */
                kind?: "vpc";
                host?: string | null;
            } | null;
            tunnel?: components["schemas"]["TunnelNoneChange"] | components["schemas"]["TunnelSshChange"] | null;
        };
        /** Amazon Athena */
        AthenaConnector: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "athena";
            config: components["schemas"]["AthenaConfig"];
        };
        /** Amazon Athena */
        AthenaConnectorChange: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "athena";
            config: components["schemas"]["AthenaConfigChange"];
        };
        AuditEntry: {
            /** @description Counts from 1, without a gap */
            seq: number;
            /** Format: date-time */
            at: string;
            /** @description SHA-256 in hex */
            previous: string;
            /** @description SHA-256 in hex */
            hash: string;
            /** @description noun.verb, such as connector.update */
            action: string;
            actor: {
                id: string;
                kind: string;
                name: string;
            };
            role: string | null;
            target: {
                kind: string;
                id: string;
                name: string;
            } | null;
            details: {
                [key: string]: unknown;
            };
            requestId: string | null;
            remoteAddress: string | null;
        };
        AuditEntryList: {
            data: components["schemas"]["AuditEntry"][];
            nextCursor: string | null;
            /** @description The number of matching items on all pages */
            total: number;
        };
        /** @description An end of the chain */
        AuditHead: {
            seq: number;
            /** @description SHA-256 in hex */
            hash: string;
        };
        AuditVerdict: {
            ok: boolean;
            /** @description The number of intact entries, counted from the first that is kept */
            entries: number;
            head: components["schemas"]["AuditHead"];
            removed?: components["schemas"]["AuditHead"];
            /** @description The first broken entry */
            broken?: {
                seq: number;
                reason: string;
            };
        };
        /** Access key */
        AuthAccessKey: {
            /** @constant */
            kind: "access_key";
            /**
             * Access key id
             * @example AKIAIOSFODNN7EXAMPLE
             */
            accessKeyId: string;
            /**
             * Secret access key
             * Format: password
             */
            secretAccessKey: string;
            /**
             * Session token
             * Format: password
             * @description Only of temporary keys. It is not renewed: when it expires, enter new keys.
             */
            sessionToken?: string;
        };
        /** Access key */
        AuthAccessKeyChange: {
            /** @constant */
            kind?: "access_key";
            accessKeyId?: string | null;
            secretAccessKey?: string | components["schemas"]["SecretMask"] | null;
            sessionToken?: string | components["schemas"]["SecretMask"] | null;
        };
        /** Role that an access key assumes */
        AuthAssumeRole: {
            /** @constant */
            kind: "assume_role";
            /**
             * Access key id
             * @example AKIAIOSFODNN7EXAMPLE
             */
            accessKeyId: string;
            /**
             * Secret access key
             * Format: password
             */
            secretAccessKey: string;
            /**
             * Session token
             * Format: password
             * @description Only of temporary keys. It is not renewed: when it expires, enter new keys.
             */
            sessionToken?: string;
            /**
             * Role
             * @example arn:aws:iam::123456789012:role/jackfield
             */
            roleArn: string;
            /**
             * External id
             * Format: password
             * @description If the role's trust policy asks for one.
             */
            externalId?: string;
            /**
             * Session name
             * @description As CloudTrail shows it. `jackfield` unless given.
             */
            sessionName?: string;
        };
        /** Role that an access key assumes */
        AuthAssumeRoleChange: {
            /** @constant */
            kind?: "assume_role";
            accessKeyId?: string | null;
            secretAccessKey?: string | components["schemas"]["SecretMask"] | null;
            sessionToken?: string | components["schemas"]["SecretMask"] | null;
            roleArn?: string | null;
            externalId?: string | components["schemas"]["SecretMask"] | null;
            sessionName?: string | null;
        };
        /** User and password */
        AuthBasic: {
            /** @constant */
            kind: "basic";
            /** User */
            username: string;
            /**
             * Password
             * Format: password
             */
            password: string;
        };
        /**
         * User and password
         * @description `none` unless given.
         */
        AuthBasicChange: {
            /** @constant */
            kind?: "basic";
            username?: string | null;
            password?: string | components["schemas"]["SecretMask"] | null;
        };
        /** Bearer token */
        AuthBearer: {
            /** @constant */
            kind: "bearer";
            /**
             * Token
             * Format: password
             */
            token: string;
        };
        /**
         * Bearer token
         * @description `none` unless given.
         */
        AuthBearerChange: {
            /** @constant */
            kind?: "bearer";
            token?: string | components["schemas"]["SecretMask"] | null;
        };
        /** Key in a header */
        AuthHeader: {
            /** @constant */
            kind: "header";
            /** Header */
            name: string;
            /**
             * Key
             * Format: password
             */
            value: string;
        };
        /**
         * Key in a header
         * @description `none` unless given.
         */
        AuthHeaderChange: {
            /** @constant */
            kind?: "header";
            name?: string | null;
            value?: string | components["schemas"]["SecretMask"] | null;
        };
        /** Private key */
        AuthKey: {
            /** @constant */
            kind: "key";
            /**
             * Private key
             * Format: password
             * @description PEM or OpenSSH format.
             */
            privateKey: string;
            /**
             * Passphrase
             * Format: password
             */
            passphrase?: string;
        };
        /** Private key */
        AuthKeyChange: {
            /** @constant */
            kind?: "key";
            privateKey?: string | components["schemas"]["SecretMask"] | null;
            passphrase?: string | components["schemas"]["SecretMask"] | null;
        };
        /** None */
        AuthNone: {
            /** @constant */
            kind: "none";
        };
        /**
         * None
         * @description `none` unless given.
         */
        AuthNoneChange: {
            /** @constant */
            kind?: "none";
        };
        /** OAuth 2.0 client credentials */
        AuthOauth2Client: {
            /** @constant */
            kind: "oauth2_client";
            /**
             * Token URL
             * Format: uri
             * @example https://login.example.com/oauth2/token
             */
            tokenUrl: string;
            /** Client id */
            clientId: string;
            /**
             * Client secret
             * Format: password
             */
            clientSecret: string;
            /**
             * Grant type
             * @description Only for providers with another one, such as account_credentials; its parameters go into More parameters of the token request. `client_credentials` unless given.
             */
            grantType?: string;
            /**
             * Scope
             * @description Separated by blanks.
             */
            scope?: string;
            /** Audience */
            audience?: string;
            /**
             * Client id and secret go
             * @description In the Authorization header, or in the form. `basic` unless given.
             * @enum {string}
             */
            clientAuth?: "basic" | "post";
            /** More parameters of the token request */
            tokenParameters?: components["schemas"]["TokenParametersEntry"][];
        };
        /**
         * OAuth 2.0 client credentials
         * @description `none` unless given.
         */
        AuthOauth2ClientChange: {
            /** @constant */
            kind?: "oauth2_client";
            tokenUrl?: string | null;
            clientId?: string | null;
            clientSecret?: string | components["schemas"]["SecretMask"] | null;
            grantType?: string | null;
            scope?: string | null;
            audience?: string | null;
            clientAuth?: ("basic" | "post") | null;
            tokenParameters?: components["schemas"]["TokenParametersEntryChange"][] | null;
        };
        /** OAuth refresh token */
        AuthOauthRefresh: {
            /** @constant */
            kind: "oauth_refresh";
            /**
             * Client id
             * @example 1234567890-abc.apps.googleusercontent.com
             */
            clientId: string;
            /**
             * Client secret
             * Format: password
             */
            clientSecret: string;
            /**
             * Refresh token
             * Format: password
             * @description Of a user who allowed the client the scope of the service, or cloud-platform.
             */
            refreshToken: string;
        };
        /** OAuth refresh token */
        AuthOauthRefreshChange: {
            /** @constant */
            kind?: "oauth_refresh";
            clientId?: string | null;
            clientSecret?: string | components["schemas"]["SecretMask"] | null;
            refreshToken?: string | components["schemas"]["SecretMask"] | null;
        };
        /** OAuth access token */
        AuthOauthToken: {
            /** @constant */
            kind: "oauth_token";
            /**
             * Access token
             * Format: password
             * @description It is not renewed: after an hour it expires.
             */
            token: string;
        };
        /** OAuth access token */
        AuthOauthTokenChange: {
            /** @constant */
            kind?: "oauth_token";
            token?: string | components["schemas"]["SecretMask"] | null;
        };
        /** Password */
        AuthPassword: {
            /** @constant */
            kind: "password";
            /**
             * Password
             * Format: password
             */
            password: string;
        };
        /** Password */
        AuthPasswordChange: {
            /** @constant */
            kind?: "password";
            password?: string | components["schemas"]["SecretMask"] | null;
        };
        /** Key in a query parameter */
        AuthQuery: {
            /** @constant */
            kind: "query";
            /** Parameter */
            name: string;
            /**
             * Key
             * Format: password
             */
            value: string;
        };
        /**
         * Key in a query parameter
         * @description `none` unless given.
         */
        AuthQueryChange: {
            /** @constant */
            kind?: "query";
            name?: string | null;
            value?: string | components["schemas"]["SecretMask"] | null;
        };
        /** Service account key */
        AuthServiceAccount: {
            /** @constant */
            kind: "service_account";
            /**
             * Key
             * Format: password
             * @description The whole JSON file. Its URLs are not used.
             * @example {"type":"service_account","project_id":"my-project-123","private_key_id":"0123456789abcdef","private_key":"-----BEGIN PRIVATE KEY-----\n…\n-----END PRIVATE KEY-----\n","client_email":"reader@my-project-123.iam.gserviceaccount.com"}
             */
            key: string;
        };
        /** Service account key */
        AuthServiceAccountChange: {
            /** @constant */
            kind?: "service_account";
            key?: string | components["schemas"]["SecretMask"] | null;
        };
        /** Microsoft Entra access token */
        AuthToken: {
            /** @constant */
            kind: "token";
            /**
             * Access token
             * Format: password
             * @description It is not renewed: when it expires, enter a new one.
             */
            token: string;
        };
        /** Microsoft Entra access token */
        AuthTokenChange: {
            /** @constant */
            kind?: "token";
            token?: string | components["schemas"]["SecretMask"] | null;
        };
        AzureBlobConfig: {
            /**
             * Storage account
             * @example mystorage
             */
            account: string;
            /**
             * Container
             * @example exports
             */
            container: string;
            /** Login */
            auth: {
                /** @constant */
                kind: "key";
                /**
                 * Key
                 * Format: password
                 * @example AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==
                 */
                key: string;
            } | {
                /** @constant */
                kind: "sas";
                /**
                 * Signature
                 * Format: password
                 * @description Of the account or the container, with the rights to read and to list.
                 * @example sv=2022-11-02&sr=c&sp=rl&se=2027-01-01T00:00:00Z&sig=…
                 */
                sas: string;
            } | {
                /** @constant */
                kind: "entra";
                /**
                 * Directory (tenant)
                 * @example contoso.onmicrosoft.com
                 */
                tenant: string;
                /**
                 * Application (client) id
                 * @example 11111111-2222-3333-4444-555555555555
                 */
                clientId: string;
                /**
                 * Client secret
                 * Format: password
                 */
                clientSecret: string;
            } | components["schemas"]["AuthToken"];
            /**
             * Files
             * @description The files to read: * is any text within a folder, ** any folders, ? one character. `**` unless given.
             * @example exports/2026/**\/*.csv
             */
            files?: string;
            /**
             * Streams
             * @description folder: the files of a folder are one stream, and folders such as dt=2026-11-01 below it are columns. `file` unless given.
             * @enum {string}
             */
            streams?: "file" | "folder";
            /**
             * Format
             * @description auto: recognized by each file's first bytes and its name. `auto` unless given.
             * @enum {string}
             */
            format?: "auto" | "csv" | "ndjson" | "json";
            /**
             * Format of new files
             * @description `csv` unless given.
             * @enum {string}
             */
            writes?: "csv" | "ndjson" | "json";
            /**
             * Compression of new files
             * @description `none` unless given.
             * @enum {string}
             */
            compression?: "none" | "gzip" | "zstd";
            /**
             * Encryption scope of new files
             * @description Empty: the container's own.
             */
            encryptionScope?: string;
            /**
             * Endpoint
             * @description `standard` unless given.
             */
            endpoint?: {
                /** @constant */
                kind: "standard";
                /**
                 * Cloud
                 * @description `public` unless given.
                 * @enum {string}
                 */
                cloud?: "public" | "government" | "china";
            } | {
                /** @constant */
                kind: "custom";
                /**
                 * URL
                 * Format: uri
                 * @example https://blobs.example.com:10000
                 */
                url: string;
                /**
                 * Addressing
                 * @description host: the account is in the host already. path: it is the first part of the path. `host` unless given.
                 * @enum {string}
                 */
                style?: "host" | "path";
                /**
                 * TLS
                 * @description Only for https URLs. `verify` unless given.
                 */
                tls?: {
                    /** @constant */
                    kind: "verify";
                    /**
                     * CA certificate
                     * @description PEM of a private authority; without it the system's roots decide.
                     */
                    ca?: string;
                } | {
                    /** @constant */
                    kind: "require";
                };
            };
            /**
             * SSH tunnel
             * @description `none` unless given.
             */
            tunnel?: components["schemas"]["TunnelNone"] | components["schemas"]["TunnelSsh"];
        };
        AzureBlobConfigChange: {
            account?: string | null;
            container?: string | null;
            auth?: {
                /** @constant */
                kind?: "key";
                key?: string | components["schemas"]["SecretMask"] | null;
            } | {
                /** @constant */
                kind?: "sas";
                sas?: string | components["schemas"]["SecretMask"] | null;
            } | {
                /** @constant */
                kind?: "entra";
                tenant?: string | null;
                clientId?: string | null;
                clientSecret?: string | components["schemas"]["SecretMask"] | null;
            } | components["schemas"]["AuthTokenChange"] | null;
            files?: string | null;
            streams?: ("file" | "folder") | null;
            format?: ("auto" | "csv" | "ndjson" | "json") | null;
            writes?: ("csv" | "ndjson" | "json") | null;
            compression?: ("none" | "gzip" | "zstd") | null;
            encryptionScope?: string | null;
            endpoint?: {
                /** @constant */
                kind?: "standard";
                cloud?: ("public" | "government" | "china") | null;
            } | {
                /** @constant */
                kind?: "custom";
                url?: string | null;
                style?: ("host" | "path") | null;
                tls?: {
                    /** @constant */
                    kind?: "verify";
                    ca?: string | null;
                } | {
                    /** @constant */
                    kind?: "require";
                } | null;
            } | null;
            tunnel?: components["schemas"]["TunnelNoneChange"] | components["schemas"]["TunnelSshChange"] | null;
        };
        /** Azure Blob Storage */
        AzureBlobConnector: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "azure_blob";
            config: components["schemas"]["AzureBlobConfig"];
        };
        /** Azure Blob Storage */
        AzureBlobConnectorChange: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "azure_blob";
            config: components["schemas"]["AzureBlobConfigChange"];
        };
        BigqueryConfig: {
            /**
             * Project
             * @description It pays for queries.
             * @example my-project-123
             */
            project: string;
            /** Login */
            auth: components["schemas"]["AuthOauthToken"] | components["schemas"]["AuthServiceAccount"] | components["schemas"]["AuthOauthRefresh"];
            /**
             * Service account to impersonate
             * @description Empty: the login itself. The login needs the role Service Account Token Creator on it.
             * @example reader@my-project.iam.gserviceaccount.com
             */
            impersonate?: string;
            /**
             * Project of the data
             * @description For tables without one. Empty: the project that pays.
             * @example my-project-123
             */
            dataProject?: string;
            /**
             * Dataset
             * @description For tables without one. Empty: discovery lists every dataset.
             * @example analytics
             */
            dataset?: string;
            /**
             * Location
             * @description Where statements run. Empty: where their tables are.
             * @example EU
             */
            location?: string;
            /**
             * Most bytes billed per statement
             * @description BigQuery refuses a statement that would be billed for more, and bills nothing for it. Empty: no limit.
             */
            maximumBytesBilled?: number;
            /**
             * Priority
             * @description Batch statements wait for free capacity. `interactive` unless given.
             * @enum {string}
             */
            priority?: "interactive" | "batch";
            /**
             * Labels of jobs
             * @description They are on the bill, and in INFORMATION_SCHEMA.JOBS.
             */
            labels?: {
                /** Name */
                name: string;
                /** Value */
                value?: string;
            }[];
            /**
             * Tables over Google Drive
             * @description Asks for a token that reads files of Drive too, for tables over Google Sheets. `false` unless given.
             */
            drive?: boolean;
            /**
             * Endpoint
             * @description `global` unless given.
             */
            endpoint?: components["schemas"]["EndpointGlobal"] | components["schemas"]["EndpointRegional"] | components["schemas"]["EndpointPrivate"];
            /**
             * SSH tunnel
             * @description `none` unless given.
             */
            tunnel?: components["schemas"]["TunnelNone"] | components["schemas"]["TunnelSsh"];
        };
        BigqueryConfigChange: {
            project?: string | null;
            auth?: components["schemas"]["AuthOauthTokenChange"] | components["schemas"]["AuthServiceAccountChange"] | components["schemas"]["AuthOauthRefreshChange"] | null;
            impersonate?: string | null;
            dataProject?: string | null;
            dataset?: string | null;
            location?: string | null;
            maximumBytesBilled?: number | null;
            priority?: ("interactive" | "batch") | null;
            labels?: {
                /** Name */
                name: string;
                /** Value */
                value?: string;
            }[] | null;
            drive?: boolean | null;
            endpoint?: components["schemas"]["EndpointGlobalChange"] | components["schemas"]["EndpointRegionalChange"] | components["schemas"]["EndpointPrivateChange"] | null;
            tunnel?: components["schemas"]["TunnelNoneChange"] | components["schemas"]["TunnelSshChange"] | null;
        };
        /** Google BigQuery */
        BigqueryConnector: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "bigquery";
            config: components["schemas"]["BigqueryConfig"];
        };
        /** Google BigQuery */
        BigqueryConnectorChange: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "bigquery";
            config: components["schemas"]["BigqueryConfigChange"];
        };
        /** @description The answer of the other side */
        CallAnswer: {
            output: {
                [key: string]: unknown;
            } | {
                [key: string]: unknown;
            }[];
            durationMs: number;
            /** @description The number of requests that the call took, pages and retries included */
            requests: number;
            /** @description The cause of each retry: a status, or the code of an error */
            retries: string[];
            /** @description In how many places a secret of the connector was hidden, because the far side repeats it */
            hidden?: number;
        };
        CallInput: {
            /** @description Values by the names of the connector's parameters */
            input?: {
                [key: string]: unknown;
            };
            /** @description Sends nothing; the answer is the request that would be sent, secrets hidden */
            dryRun?: boolean;
            /** @description The time limit, in milliseconds. For the whole of a JSON answer; for each page of a stream */
            timeoutMs?: number;
        };
        CallParameter: {
            name: string;
            required: boolean;
            default?: string;
            /** @enum {string} */
            from: "parameter" | "body" | "url" | "header";
        };
        Catalog: {
            version: number;
            /** Format: date-time */
            discoveredAt: string;
            /** @description Whether every object that the system counts is a stream of this catalog */
            complete: boolean;
            counts: components["schemas"]["CatalogCounts"];
            diff: components["schemas"]["CatalogDiffSummary"] | null;
            /** @description The first of the skipped streams; /catalog/skipped has all of them */
            skipped: components["schemas"]["SkippedStream"][];
            streams: components["schemas"]["Stream"][];
            nextCursor: string | null;
            /** @description The number of matching items on all pages */
            total: number;
        };
        CatalogChange: {
            kind: components["schemas"]["CatalogChangeKind"];
            /** @description The names that lead to a stream, such as schema and table */
            path: string[];
            column?: string;
            before?: {
                [key: string]: unknown;
            };
            after?: {
                [key: string]: unknown;
            };
            breaking: boolean;
            why: string;
        };
        CatalogChangeCounts: {
            stream_added?: number;
            stream_removed?: number;
            kind_changed?: number;
            key_changed?: number;
            column_added?: number;
            column_removed?: number;
            type_changed?: number;
            nullable_changed?: number;
        };
        /** @enum {string} */
        CatalogChangeKind: "stream_added" | "stream_removed" | "kind_changed" | "key_changed" | "column_added" | "column_removed" | "type_changed" | "nullable_changed";
        CatalogCounts: {
            total: number;
            streams: number;
            skipped: number;
            byKind: {
                [key: string]: number;
            };
        };
        CatalogDiff: {
            from: number;
            to: number;
            changes: number;
            /** @description Changes after which a reader or a writer of the stream may fail */
            breaking: number;
            byKind: components["schemas"]["CatalogChangeCounts"];
            data: components["schemas"]["CatalogChange"][];
            nextCursor: string | null;
            /** @description The number of matching items on all pages */
            total: number;
        };
        /** @description The changes since the previous version */
        CatalogDiffSummary: {
            from: number;
            to: number;
            changes: number;
            /** @description Changes after which a reader or a writer of the stream may fail */
            breaking: number;
            byKind: components["schemas"]["CatalogChangeCounts"];
        };
        CatalogVersion: {
            version: number;
            /** Format: date-time */
            discoveredAt: string;
            /** @description Whether every object that the system counts is a stream of this catalog */
            complete: boolean;
            counts: components["schemas"]["CatalogCounts"];
            diff: components["schemas"]["CatalogDiffSummary"] | null;
            durationMs: number;
        };
        CatalogVersionList: {
            data: components["schemas"]["CatalogVersion"][];
            nextCursor: string | null;
            /** @description The number of matching items on all pages */
            total: number;
        };
        Check: {
            connector: {
                /** Format: uuid */
                id: string;
                name: string;
                title: string;
                type: string;
            };
            everyMs: number;
            timeoutMs: number;
            state: components["schemas"]["HealthState"];
            /** Format: date-time */
            since: string;
            /** @description Failed checks in a row */
            failures: number;
            lastCheckedAt: string | null;
            nextCheckAt: string | null;
            stopped: {
                code: string;
                message: string;
            } | null;
        };
        CheckInput: {
            /** @description The interval: a minute at least, a week at most */
            everyMs: number;
            /** @description 10,000 unless given */
            timeoutMs?: number;
        };
        CheckList: {
            data: components["schemas"]["Check"][];
            nextCursor: string | null;
            /** @description The number of matching items on all pages */
            total: number;
        };
        CheckResult: {
            id: number;
            /** Format: date-time */
            at: string;
            connectorVersion: number;
            state: components["schemas"]["HealthState"];
            /** @description Whether this check changed the state */
            changed: boolean;
            report: components["schemas"]["TestReport"];
        };
        CheckResultList: {
            data: components["schemas"]["CheckResult"][];
            nextCursor: string | null;
            /** @description The number of matching items on all pages */
            total: number;
        };
        ClickhouseConfig: {
            /**
             * Host
             * Format: hostname
             * @example abc123.eu-west-1.aws.clickhouse.cloud
             */
            host: string;
            /**
             * Port
             * @description Of the HTTP interface: usually 8443 over TLS, and 8123 without. `8443` unless given.
             */
            port?: number;
            /**
             * Path
             * @description Where a proxy serves ClickHouse, if it is not at the root.
             */
            path?: string;
            /**
             * Database
             * @description Only this database; if empty, every database that the user may see.
             * @example shop
             */
            database?: string;
            /** Login */
            auth: {
                /** @constant */
                kind: "password";
                /**
                 * User
                 * @description Give the hub a user of its own, with SELECT on what it reads. `default` unless given.
                 */
                user?: string;
                /**
                 * Password
                 * Format: password
                 */
                password?: string;
            } | {
                /** @constant */
                kind: "bearer";
                /**
                 * Token
                 * Format: password
                 */
                token: string;
            } | {
                /** @constant */
                kind: "certificate";
                /**
                 * User
                 * @description Give the hub a user of its own, with SELECT on what it reads. `default` unless given.
                 */
                user?: string;
                /**
                 * Certificate
                 * @description PEM of the client's certificate, followed by those between it and its root.
                 */
                certificate: string;
                /**
                 * Private key
                 * Format: password
                 */
                privateKey: string;
                /**
                 * Passphrase
                 * Format: password
                 */
                passphrase?: string;
            };
            /**
             * Roles
             * @description To take in place of the user's default roles.
             */
            roles?: {
                /**
                 * Role
                 * @example analyst
                 */
                role: string;
            }[];
            /**
             * Settings
             * @description For every statement; a statement's own SETTINGS are refused.
             */
            settings?: {
                /**
                 * Name
                 * @example max_threads
                 */
                name: string;
                /**
                 * Value
                 * @example 4
                 */
                value: string;
            }[];
            /**
             * TLS
             * @description Switch it off only on a network that you trust. `verify` unless given.
             */
            tls?: components["schemas"]["TlsVerify"] | components["schemas"]["TlsRequire"] | components["schemas"]["TlsOff"];
            /**
             * SSH tunnel
             * @description `none` unless given.
             */
            tunnel?: components["schemas"]["TunnelNone"] | components["schemas"]["TunnelSsh"];
        };
        ClickhouseConfigChange: {
            host?: string | null;
            port?: number | null;
            path?: string | null;
            database?: string | null;
            auth?: {
                /** @constant */
                kind?: "password";
                user?: string | null;
                password?: string | components["schemas"]["SecretMask"] | null;
            } | {
                /** @constant */
                kind?: "bearer";
                token?: string | components["schemas"]["SecretMask"] | null;
            } | {
                /** @constant */
                kind?: "certificate";
                user?: string | null;
                certificate?: string | null;
                privateKey?: string | components["schemas"]["SecretMask"] | null;
                passphrase?: string | components["schemas"]["SecretMask"] | null;
            } | null;
            roles?: {
                /**
                 * Role
                 * @example analyst
                 */
                role: string;
            }[] | null;
            settings?: {
                /**
                 * Name
                 * @example max_threads
                 */
                name: string;
                /**
                 * Value
                 * @example 4
                 */
                value: string;
            }[] | null;
            tls?: components["schemas"]["TlsVerifyChange"] | components["schemas"]["TlsRequireChange"] | components["schemas"]["TlsOffChange"] | null;
            tunnel?: components["schemas"]["TunnelNoneChange"] | components["schemas"]["TunnelSshChange"] | null;
        };
        /** ClickHouse */
        ClickhouseConnector: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "clickhouse";
            config: components["schemas"]["ClickhouseConfig"];
        };
        /** ClickHouse */
        ClickhouseConnectorChange: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "clickhouse";
            config: components["schemas"]["ClickhouseConfigChange"];
        };
        Column: {
            name: string;
            /** @enum {string} */
            type: "string" | "integer" | "decimal" | "float" | "boolean" | "date" | "time" | "timestamp" | "json" | "bytes" | "array" | "unknown";
            /** @description The system's own name of the type */
            nativeType: string;
            nullable: boolean;
            /** @description Digits of a decimal; bits of an integer or a float; decimals of the seconds of a time or a timestamp */
            precision?: number;
            /** @description Decimals of a decimal */
            scale?: number;
            /** @description Characters of a string, or bytes, at most */
            maxLength?: number;
            /** @description Of a time or a timestamp: true for an instant, false for a wall clock without a zone */
            zoned?: boolean;
            /**
             * @description Of an array: the type of its elements
             * @enum {string}
             */
            elements?: "string" | "integer" | "decimal" | "float" | "boolean" | "date" | "time" | "timestamp" | "json" | "bytes" | "array" | "unknown";
            /**
             * @description computed: the system computes the value, and a write leaves it out; identity: the system assigns it to new rows, and a write may not change it
             * @enum {string}
             */
            generated?: "computed" | "identity";
        };
        Comparison: {
            /** @enum {string} */
            action: "create" | "change" | "none";
            id: string | null;
            version: number | null;
            /** @description The labels that the connector has now */
            labels: {
                [key: string]: string;
            };
            changes: components["schemas"]["Difference"][];
            /** @description Pointers to the secrets of the wanted connector */
            secrets: string[];
        };
        Connector: {
            /** Format: uuid */
            id: string;
            /** @description A number, unique in the workspace */
            serial: number;
            name: string;
            title: string;
            type: string;
            description: string;
            labels: {
                [key: string]: string;
            };
            purpose: components["schemas"]["Purpose"] | null;
            limits: components["schemas"]["Limits"] | null;
            config: components["schemas"]["ShownConfig"];
            /** @description The required fields that a draft lacks */
            missing: components["schemas"]["Fault"][];
            status: components["schemas"]["ConnectorStatus"];
            /** @description Grows by one with every change */
            version: number;
            lastTest: components["schemas"]["TestReport"] | null;
            lastTestedAt: string | null;
            credentialsRefusedAt: string | null;
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            updatedAt: string;
        };
        ConnectorChange: {
            /** @description JSON pointer into the connector */
            pointer: string;
            /** @enum {string} */
            change: "added" | "changed" | "removed";
            /** @constant */
            secret?: true;
            /** @description Never the value of a secret, nor a long value */
            before?: unknown;
            /** @description Never the value of a secret, nor a long value */
            after?: unknown;
        };
        ConnectorInput: {
            name: components["schemas"]["Name"];
            title?: string;
            description?: string;
            labels?: components["schemas"]["Labels"];
            purpose?: components["schemas"]["Purpose"] | null;
            limits?: components["schemas"]["Limits"] | null;
            /** @description Stores a config that lacks required fields */
            draft?: boolean;
            /** @description false stores the connector switched off */
            enabled?: boolean;
            /** @description Test the connector first; a failed test stores nothing */
            verify?: boolean;
        } & (components["schemas"]["TypedConfig"] | components["schemas"]["DraftConfig"]);
        ConnectorList: {
            data: components["schemas"]["Connector"][];
            nextCursor: string | null;
            /** @description The number of matching items on all pages */
            total: number;
        };
        ConnectorPatch: {
            name?: components["schemas"]["Name"];
            title?: string;
            description?: string;
            labels?: components["schemas"]["Labels"];
            purpose?: components["schemas"]["Purpose"] | null;
            limits?: components["schemas"]["Limits"] | null;
            /** @description Stores a config that lacks required fields */
            draft?: boolean;
            /** @description Test the connector first; a failed test stores nothing */
            verify?: boolean;
            /** @description false switches the connector off; true brings it back as untested */
            enabled?: boolean;
        } & ({
            config?: components["schemas"]["PostgresConfigChange"] | components["schemas"]["MysqlConfigChange"] | components["schemas"]["MssqlConfigChange"] | components["schemas"]["HttpConfigChange"] | components["schemas"]["SnowflakeConfigChange"] | components["schemas"]["DatabricksConfigChange"] | components["schemas"]["RedshiftConfigChange"] | components["schemas"]["SinglestoreConfigChange"] | components["schemas"]["ClickhouseConfigChange"] | components["schemas"]["TrinoConfigChange"] | components["schemas"]["FireboltConfigChange"] | components["schemas"]["AthenaConfigChange"] | components["schemas"]["BigqueryConfigChange"] | components["schemas"]["S3ConfigChange"] | components["schemas"]["GcsConfigChange"] | components["schemas"]["AzureBlobConfigChange"] | components["schemas"]["SftpConfigChange"] | components["schemas"]["CsvConfigChange"] | components["schemas"]["WebhookConfigChange"];
        } | components["schemas"]["TypedConfigChange"]);
        /** @enum {string} */
        ConnectorStatus: "incomplete" | "untested" | "active" | "error" | "disabled";
        ConnectorType: {
            type: string;
            title: string;
            category: string;
            summary: string;
            capabilities: string[];
            /**
             * @description The kind of system that the type was proven against
             * @enum {string}
             */
            proof: "server" | "emulator" | "stand-in";
            provenBy: string | null;
            /** @description Other names under which the type is found, such as mariadb */
            aliases: string[];
            /** @description JSON Schema of the config */
            schema: {
                [key: string]: unknown;
            };
            fields: components["schemas"]["Field"][];
        };
        ConnectorTypeList: {
            data: components["schemas"]["ConnectorType"][];
            nextCursor: string | null;
            /** @description The number of matching items on all pages */
            total: number;
        };
        /** @enum {string} */
        ConnectorTypeName: "postgres" | "mysql" | "mssql" | "http" | "snowflake" | "databricks" | "redshift" | "singlestore" | "clickhouse" | "trino" | "firebolt" | "athena" | "bigquery" | "s3" | "gcs" | "azure_blob" | "sftp" | "csv" | "webhook";
        Credentials: {
            refusedAt: string | null;
            current: {
                config: components["schemas"]["ShownConfig"];
                testedAt: string | null;
                ok: boolean | null;
            };
            next: {
                config: components["schemas"]["ShownConfig"];
                /** Format: date-time */
                stagedAt: string;
                stagedBy: {
                    id: string;
                    name: string;
                };
                testedAt: string | null;
                lastTest: components["schemas"]["TestReport"] | null;
            } | null;
            previous: {
                config: components["schemas"]["ShownConfig"];
                version: number;
            } | null;
        };
        CredentialsInput: {
            /** @description Only the credentials of the config, each whole */
            config: {
                [key: string]: unknown;
            };
        };
        CsvConfig: {
            /** File */
            source: {
                /** @constant */
                kind: "upload";
                /**
                 * Upload
                 * @description The id in the answer of POST /v1/uploads.
                 */
                upload: string;
            } | {
                /** @constant */
                kind: "url";
                /**
                 * URL
                 * Format: uri
                 * @example https://files.example.com/orders.csv.gz
                 */
                url: string;
                /**
                 * Authentication
                 * @description `none` unless given.
                 */
                auth?: components["schemas"]["AuthNone"] | components["schemas"]["AuthBasic"] | components["schemas"]["AuthBearer"] | components["schemas"]["AuthHeader"];
                /**
                 * TLS
                 * @description Only for https URLs. `verify` unless given.
                 */
                tls?: {
                    /** @constant */
                    kind: "verify";
                    /**
                     * CA certificate
                     * @description PEM of a private authority; without it the system's roots decide.
                     */
                    ca?: string;
                } | {
                    /** @constant */
                    kind: "require";
                };
            };
            /**
             * Delimiter
             * @description `auto` unless given.
             * @enum {string}
             */
            delimiter?: "auto" | "comma" | "semicolon" | "tab" | "pipe";
            /**
             * Quote
             * @description A quote inside quotes is doubled. `auto` unless given.
             * @enum {string}
             */
            quote?: "auto" | "double" | "single" | "none";
            /**
             * Encoding
             * @description `auto` unless given.
             * @example windows-1252
             */
            encoding?: string;
            /**
             * Header
             * @description Whether the first line names the columns. `auto` unless given.
             * @enum {string}
             */
            header?: "auto" | "yes" | "no";
            /**
             * Lines to skip
             * @description Lines above the header or the first row. By default, notes above a header are recognized.
             */
            skipLines?: number;
            /**
             * Comment prefix
             * @description Lines that begin with it are skipped. By default, only comments above the header are.
             * @example #
             */
            commentPrefix?: string;
            /**
             * Trailing delimiter
             * @description A delimiter at the end of a row, after the last column. auto: dropped if every row has one and the header has none. `auto` unless given.
             * @enum {string}
             */
            trailingDelimiter?: "auto" | "drop" | "keep";
            /**
             * Content type
             * @description checked: a file that the server declares as HTML, JSON or another format is rejected. `checked` unless given.
             * @enum {string}
             */
            contentType?: "checked" | "ignored";
            /**
             * Types
             * @description text: every column is text, except those below. `auto` unless given.
             * @enum {string}
             */
            types?: "auto" | "text";
            /**
             * Columns
             * @description Types that are fixed; a line whose value does not fit is rejected.
             */
            columns?: {
                /** Name */
                name: string;
                /**
                 * Type
                 * @enum {string}
                 */
                type: "text" | "integer" | "bigint" | "decimal" | "boolean" | "date" | "timestamp";
            }[];
        };
        CsvConfigChange: {
            source?: {
                /** @constant */
                kind?: "upload";
                upload?: string | null;
            } | {
                /** @constant */
                kind?: "url";
                url?: string | null;
                auth?: components["schemas"]["AuthNoneChange"] | components["schemas"]["AuthBasicChange"] | components["schemas"]["AuthBearerChange"] | components["schemas"]["AuthHeaderChange"] | null;
                tls?: {
                    /** @constant */
                    kind?: "verify";
                    ca?: string | null;
                } | {
                    /** @constant */
                    kind?: "require";
                } | null;
            } | null;
            delimiter?: ("auto" | "comma" | "semicolon" | "tab" | "pipe") | null;
            quote?: ("auto" | "double" | "single" | "none") | null;
            encoding?: string | null;
            header?: ("auto" | "yes" | "no") | null;
            skipLines?: number | null;
            commentPrefix?: string | null;
            trailingDelimiter?: ("auto" | "drop" | "keep") | null;
            contentType?: ("checked" | "ignored") | null;
            types?: ("auto" | "text") | null;
            columns?: {
                /** Name */
                name: string;
                /**
                 * Type
                 * @enum {string}
                 */
                type: "text" | "integer" | "bigint" | "decimal" | "boolean" | "date" | "timestamp";
            }[] | null;
        };
        /** CSV file */
        CsvConnector: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "csv";
            config: components["schemas"]["CsvConfig"];
        };
        /** CSV file */
        CsvConnectorChange: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "csv";
            config: components["schemas"]["CsvConfigChange"];
        };
        DatabricksConfig: {
            /**
             * Workspace
             * @description The workspace's host or URL.
             * @example adb-1234567890123456.7.azuredatabricks.net
             */
            host: string;
            /**
             * SQL warehouse
             * @description Its id, or the HTTP path of its connection details.
             * @example /sql/1.0/warehouses/1a2b3c4d5e6f7890
             */
            warehouse: string;
            /** Login */
            auth: {
                /** @constant */
                kind: "token";
                /**
                 * Token
                 * Format: password
                 * @description A personal access token, or an OAuth access token.
                 */
                token: string;
            } | {
                /** @constant */
                kind: "oauth";
                /**
                 * Client ID
                 * @description The application ID of the service principal, with an OAuth secret of Databricks.
                 * @example 4f1b2c3d-0000-4000-8000-1234567890ab
                 */
                clientId: string;
                /**
                 * Client secret
                 * Format: password
                 */
                clientSecret: string;
            } | {
                /** @constant */
                kind: "entra";
                /**
                 * Tenant
                 * @example contoso.onmicrosoft.com
                 */
                tenant: string;
                /**
                 * Client ID
                 * @description The application's ID in Entra.
                 * @example 4f1b2c3d-0000-4000-8000-1234567890ab
                 */
                clientId: string;
                /**
                 * Client secret
                 * Format: password
                 */
                clientSecret: string;
            };
            /**
             * Catalog
             * @description Empty: the workspace's default, and discovery lists every catalog.
             * @example main
             */
            catalog?: string;
            /**
             * Schema
             * @description For names without one. Empty: the catalog's default.
             * @example default
             */
            schema?: string;
            /**
             * SSH tunnel
             * @description `none` unless given.
             */
            tunnel?: components["schemas"]["TunnelNone"] | components["schemas"]["TunnelSsh"];
        };
        DatabricksConfigChange: {
            host?: string | null;
            warehouse?: string | null;
            auth?: {
                /** @constant */
                kind?: "token";
                token?: string | components["schemas"]["SecretMask"] | null;
            } | {
                /** @constant */
                kind?: "oauth";
                clientId?: string | null;
                clientSecret?: string | components["schemas"]["SecretMask"] | null;
            } | {
                /** @constant */
                kind?: "entra";
                tenant?: string | null;
                clientId?: string | null;
                clientSecret?: string | components["schemas"]["SecretMask"] | null;
            } | null;
            catalog?: string | null;
            schema?: string | null;
            tunnel?: components["schemas"]["TunnelNoneChange"] | components["schemas"]["TunnelSshChange"] | null;
        };
        /** Databricks */
        DatabricksConnector: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "databricks";
            config: components["schemas"]["DatabricksConfig"];
        };
        /** Databricks */
        DatabricksConnectorChange: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "databricks";
            config: components["schemas"]["DatabricksConfigChange"];
        };
        Delivery: {
            /** Format: uuid */
            id: string;
            /** @description The `webhook-id` of every attempt */
            eventId: string;
            type: string;
            /** @enum {string} */
            state: "pending" | "delivered" | "failed";
            attempts: number;
            /** Format: date-time */
            createdAt: string;
            lastAttemptAt: string | null;
            lastStatus: number | null;
            lastError: string | null;
            nextAttemptAt: string | null;
            deliveredAt: string | null;
            /** @description The body that is sent */
            payload: {
                [key: string]: unknown;
            };
        };
        DeliveryList: {
            data: components["schemas"]["Delivery"][];
            nextCursor: string | null;
            /** @description The number of matching items on all pages */
            total: number;
        };
        Difference: {
            /** @description Into the connector, such as /config/host */
            pointer: string;
            /** @description Absent when the value is added */
            before?: unknown;
            /** @description Absent when the value is removed */
            after?: unknown;
        };
        DiscoverInput: {
            /** @description The time limit, in milliseconds */
            timeoutMs?: number;
        };
        /** @description A config that lacks required fields */
        DraftConfig: {
            type: components["schemas"]["ConnectorTypeName"];
            config: {
                [key: string]: unknown;
            };
            /** @constant */
            draft: true;
        };
        DryRun: {
            /** @description Bytes that the statement would read; null if the system does not say */
            bytes: number | null;
            /** @description How `bytes` relate to what it reads in the end */
            accuracy: ("exact" | "at most" | "at least") | null;
            /** @description The columns of the result */
            columns: components["schemas"]["Column"][];
            /** @description Further facts, of cost above all */
            details: {
                [key: string]: unknown;
            };
            /** @description Reasons not to run the statement */
            warnings: string[];
            durationMs: number;
        };
        DryRunInput: {
            statement: string;
            params?: unknown[];
            /** @description The time limit, in milliseconds */
            timeoutMs?: number;
        };
        EgressInput: {
            /** @description cidr[:port[-port]] */
            rule: string;
            note?: string;
        };
        EgressRule: {
            id: string | null;
            /** @description cidr[:port[-port]] */
            rule: string;
            note: string;
            /** @enum {string} */
            source: "environment" | "store";
            createdAt: string | null;
        };
        EgressRuleList: {
            data: components["schemas"]["EgressRule"][];
            nextCursor: string | null;
            /** @description The number of matching items on all pages */
            total: number;
        };
        /** As the bucket has it */
        EncryptionBucket: {
            /** @constant */
            kind: "bucket";
        };
        /** The region's own with validated cryptography (FIPS) */
        EndpointFips: {
            /** @constant */
            kind: "fips";
        };
        /**
         * The region's own with validated cryptography (FIPS)
         * @description `standard` unless given.
         */
        EndpointFipsChange: {
            /** @constant */
            kind?: "fips";
        };
        /** The global one */
        EndpointGlobal: {
            /** @constant */
            kind: "global";
        };
        /**
         * The global one
         * @description `global` unless given.
         */
        EndpointGlobalChange: {
            /** @constant */
            kind?: "global";
        };
        /** A Private Service Connect endpoint */
        EndpointPrivate: {
            /** @constant */
            kind: "private";
            /**
             * Endpoint name
             * @description As in bigquery-xyz.p.googleapis.com.
             * @example xyz
             */
            name: string;
        };
        /**
         * A Private Service Connect endpoint
         * @description `global` unless given.
         */
        EndpointPrivateChange: {
            /** @constant */
            kind?: "private";
            name?: string | null;
        };
        /** A regional one */
        EndpointRegional: {
            /** @constant */
            kind: "regional";
            /**
             * Region
             * @example europe-west3
             */
            region: string;
        };
        /**
         * A regional one
         * @description `global` unless given.
         */
        EndpointRegionalChange: {
            /** @constant */
            kind?: "regional";
            region?: string | null;
        };
        /** The region's own */
        EndpointStandard: {
            /** @constant */
            kind: "standard";
        };
        /**
         * The region's own
         * @description `standard` unless given.
         */
        EndpointStandardChange: {
            /** @constant */
            kind?: "standard";
        };
        /**
         * @description The error code; docs/errors.md explains each code and its remedy
         * @enum {string}
         */
        ErrorCode: "json_invalid" | "request_invalid" | "path_invalid" | "content_type_unsupported" | "not_acceptable" | "body_too_large" | "method_not_allowed" | "unauthenticated" | "forbidden" | "not_found" | "name_taken" | "last_admin" | "in_use" | "version_stale" | "config_invalid" | "connector_incomplete" | "credentials_refused" | "credentials_missing" | "credentials_untested" | "connector_disabled" | "webhook_disabled" | "verification_failed" | "catalog_missing" | "discovery_failed" | "unsupported" | "rate_limited" | "plan_limit_reached" | "circuit_open" | "idempotency_mismatch" | "idempotency_running" | "idempotency_unknown" | "store_unavailable" | "secret_unreadable" | "keys_unavailable" | "backup_invalid" | "internal" | "egress_denied" | "host_not_found" | "dns_failed" | "host_unreachable" | "connection_lost" | "timed_out" | "cancelled" | "protocol_invalid" | "tls_unsupported" | "tls_required" | "tls_name_mismatch" | "tls_untrusted" | "tls_expired" | "tls_failed" | "tunnel_failed" | "tunnel_auth_failed" | "host_key_mismatch" | "auth_failed" | "permission_denied" | "database_not_found" | "too_many_connections" | "server_unavailable" | "query_invalid" | "stream_not_found" | "response_too_large" | "redirected_too_often" | "response_invalid" | "remote_failed";
        /** @enum {string} */
        EventType: "connector.state_changed" | "catalog.changed";
        Fault: {
            /** @description JSON pointer to the value at fault */
            pointer: string;
            /** @description What is wrong with it */
            message: string;
        };
        /** @description A field of a config, as a form needs it */
        Field: {
            name: string;
            /** @enum {string} */
            kind: "text" | "integer" | "flag" | "choice" | "secret" | "variant" | "list";
            title: string;
            required: boolean;
            help?: string;
            example?: string;
            /** @description The value of a field that is left out */
            default?: unknown;
            /** @description The values of a choice */
            options?: string[];
            min?: number;
            /** @description Of a list, the number of entries */
            max?: number;
            maxLength?: number;
            format?: string;
            /** @description Of a secret in a list: a pattern of the entries' names whose value is shown; case does not matter */
            plainNames?: string;
            /** @description The fields of each entry of a list */
            fields?: components["schemas"]["Field"][];
            /** @description The alternatives of a variant */
            variants?: {
                kind: string;
                title: string;
                fields: components["schemas"]["Field"][];
            }[];
        };
        FireboltConfig: {
            /**
             * Service account ID
             * @description The ID that Firebolt shows with the service account.
             * @example dmZ…
             */
            clientId: string;
            /**
             * Service account secret
             * Format: password
             */
            clientSecret: string;
            /**
             * Account
             * @description The name of the account within the organization.
             * @example my-account
             */
            account: string;
            /**
             * API endpoint
             * @description Where the account is. `api.app.firebolt.io` unless given.
             * @example api.app.firebolt.io
             */
            api?: string;
            /**
             * Database
             * @description As it is written in information_schema.catalogs: in lower case unless it was quoted.
             * @example ultra_fast
             */
            database: string;
            /**
             * Engine
             * @description Runs queries, reads and writes. Tests and discovery do not start it.
             * @example my_engine
             */
            engine: string;
        };
        FireboltConfigChange: {
            clientId?: string | null;
            clientSecret?: string | components["schemas"]["SecretMask"] | null;
            account?: string | null;
            api?: string | null;
            database?: string | null;
            engine?: string | null;
        };
        /** Firebolt */
        FireboltConnector: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "firebolt";
            config: components["schemas"]["FireboltConfig"];
        };
        /** Firebolt */
        FireboltConnectorChange: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "firebolt";
            config: components["schemas"]["FireboltConfigChange"];
        };
        GcsConfig: {
            /**
             * Bucket
             * @example my-exports
             */
            bucket: string;
            /** Login */
            auth: components["schemas"]["AuthOauthToken"] | components["schemas"]["AuthServiceAccount"] | components["schemas"]["AuthOauthRefresh"];
            /**
             * Service account to impersonate
             * @description Empty: the login itself. The login needs the role Service Account Token Creator on it.
             * @example reader@my-project.iam.gserviceaccount.com
             */
            impersonate?: string;
            /**
             * Files
             * @description The files to read: * is any text within a folder, ** any folders, ? one character. `**` unless given.
             * @example exports/2026/**\/*.csv
             */
            files?: string;
            /**
             * Streams
             * @description folder: the files of a folder are one stream, and folders such as dt=2026-11-01 below it are columns. `file` unless given.
             * @enum {string}
             */
            streams?: "file" | "folder";
            /**
             * Format
             * @description auto: recognized by each file's first bytes and its name. `auto` unless given.
             * @enum {string}
             */
            format?: "auto" | "csv" | "ndjson" | "json";
            /**
             * Format of new files
             * @description `csv` unless given.
             * @enum {string}
             */
            writes?: "csv" | "ndjson" | "json";
            /**
             * Compression of new files
             * @description `none` unless given.
             * @enum {string}
             */
            compression?: "none" | "gzip" | "zstd";
            /**
             * Project that pays
             * @description For a bucket whose readers pay (Requester Pays).
             * @example my-project-123
             */
            billing?: string;
            /**
             * Encryption of new files
             * @description `bucket` unless given.
             */
            encryption?: components["schemas"]["EncryptionBucket"] | {
                /** @constant */
                kind: "kms";
                /**
                 * Key
                 * @example projects/my-project-123/locations/europe-west3/keyRings/ring/cryptoKeys/key
                 */
                kmsKey: string;
            };
            /**
             * Endpoint
             * @description `global` unless given.
             */
            endpoint?: components["schemas"]["EndpointGlobal"] | components["schemas"]["EndpointRegional"] | components["schemas"]["EndpointPrivate"];
            /**
             * SSH tunnel
             * @description `none` unless given.
             */
            tunnel?: components["schemas"]["TunnelNone"] | components["schemas"]["TunnelSsh"];
        };
        GcsConfigChange: {
            bucket?: string | null;
            auth?: components["schemas"]["AuthOauthTokenChange"] | components["schemas"]["AuthServiceAccountChange"] | components["schemas"]["AuthOauthRefreshChange"] | null;
            impersonate?: string | null;
            files?: string | null;
            streams?: ("file" | "folder") | null;
            format?: ("auto" | "csv" | "ndjson" | "json") | null;
            writes?: ("csv" | "ndjson" | "json") | null;
            compression?: ("none" | "gzip" | "zstd") | null;
            billing?: string | null;
            encryption?: {
                /** @constant */
                kind?: "bucket";
            } | {
                /** @constant */
                kind?: "kms";
                kmsKey?: string | null;
            } | null;
            endpoint?: components["schemas"]["EndpointGlobalChange"] | components["schemas"]["EndpointRegionalChange"] | components["schemas"]["EndpointPrivateChange"] | null;
            tunnel?: components["schemas"]["TunnelNoneChange"] | components["schemas"]["TunnelSshChange"] | null;
        };
        /** Google Cloud Storage */
        GcsConnector: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "gcs";
            config: components["schemas"]["GcsConfig"];
        };
        /** Google Cloud Storage */
        GcsConnectorChange: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "gcs";
            config: components["schemas"]["GcsConfigChange"];
        };
        Guess: {
            /** @description The field of the config that fixes it */
            setting: string;
            taken: string;
            /** @description The next likely value of the field, if there is one */
            alternative?: string;
            message: string;
        };
        Health: {
            /** @constant */
            status: "ok";
        };
        /** @enum {string} */
        HealthState: "unknown" | "up" | "down";
        HttpConfig: {
            /**
             * URL
             * Format: uri
             * @description Path and query may hold Jinja, such as /companies/{{ id }}; its variables become inputs, and each value is escaped for its place.
             * @example https://api.example.com/v1/companies
             */
            url: string;
            /**
             * Method
             * @description `GET` unless given.
             * @enum {string}
             */
            method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD";
            /** Headers */
            headers?: {
                /** Name */
                name: string;
                /**
                 * Value
                 * Format: password
                 */
                value?: string;
                /**
                 * Input
                 * @description The name under which a call gives the value.
                 */
                input?: string;
            }[];
            /** Query parameters */
            parameters?: components["schemas"]["ParametersEntry"][];
            /**
             * Body fields
             * @description Sent as one JSON object, or as a form when Content-Type says so; GET and HEAD have no body.
             */
            body?: components["schemas"]["ParametersEntry"][];
            /**
             * Body template
             * @description Jinja that gives JSON (or a form, when Content-Type says so), in place of the body fields; its variables are the inputs. A value stands escaped inside quotes, and as JSON outside of them.
             * @example {"company": {"domain": "{{ domain }}"}, "limit": {{ limit }}}
             */
            bodyTemplate?: string;
            /**
             * Authentication
             * @description `none` unless given.
             */
            auth?: components["schemas"]["AuthNone"] | components["schemas"]["AuthBasic"] | components["schemas"]["AuthBearer"] | components["schemas"]["AuthHeader"] | components["schemas"]["AuthQuery"] | components["schemas"]["AuthOauth2Client"] | {
                /** @constant */
                kind: "oauth2_refresh";
                /**
                 * Token URL
                 * Format: uri
                 * @example https://login.example.com/oauth2/token
                 */
                tokenUrl: string;
                /** Client id */
                clientId: string;
                /**
                 * Client secret
                 * Format: password
                 * @description Leave empty for a public client.
                 */
                clientSecret?: string;
                /**
                 * Refresh token
                 * Format: password
                 * @description When the provider replaces it, the hub keeps the new one; enter another one only after a new login.
                 */
                refreshToken: string;
                /**
                 * Scope
                 * @description Separated by blanks.
                 */
                scope?: string;
                /** Audience */
                audience?: string;
                /**
                 * Client id and secret go
                 * @description In the Authorization header, or in the form. `basic` unless given.
                 * @enum {string}
                 */
                clientAuth?: "basic" | "post";
                /** More parameters of the token request */
                tokenParameters?: components["schemas"]["TokenParametersEntry"][];
            } | {
                /** @constant */
                kind: "hmac";
                /**
                 * Key
                 * Format: password
                 */
                key: string;
                /**
                 * The key is
                 * @description `text` unless given.
                 * @enum {string}
                 */
                keyEncoding?: "text" | "hex" | "base64";
                /**
                 * Algorithm
                 * @description `sha256` unless given.
                 * @enum {string}
                 */
                algorithm?: "sha256" | "sha512";
                /**
                 * Signed parts, in order
                 * @description Default: timestamp, method, path, query, body. The query has no question mark; body_sha256 is in hexadecimal.
                 */
                parts?: {
                    /**
                     * Part
                     * @enum {string}
                     */
                    part: "method" | "path" | "query" | "timestamp" | "body" | "body_sha256" | "host";
                }[];
                /**
                 * Between the parts
                 * @description `newline` unless given.
                 * @enum {string}
                 */
                separator?: "newline" | "dot" | "colon" | "nothing";
                /**
                 * The signature is
                 * @description `hex` unless given.
                 * @enum {string}
                 */
                encoding?: "hex" | "base64";
                /**
                 * Signature header
                 * @description `X-Signature` unless given.
                 */
                header?: string;
                /**
                 * Before the signature
                 * @example sha256=
                 */
                prefix?: string;
                /**
                 * Timestamp header
                 * @description `X-Timestamp` unless given.
                 */
                timestampHeader?: string;
                /**
                 * The timestamp is
                 * @description `seconds` unless given.
                 * @enum {string}
                 */
                timestamp?: "seconds" | "milliseconds" | "iso";
            };
            /**
             * Records
             * @description JMESPath to the records in the answer's JSON, a list or one object. Without it the whole answer is the record, or its list of them.
             * @example data.items
             */
            records?: string;
            /**
             * Key
             * @description The members that tell one record from another, separated by commas; for reading the URL as a stream.
             * @example id
             */
            key?: string;
            /**
             * New records
             * @description Lets the stream be read incrementally. `none` unless given.
             */
            since?: {
                /** @constant */
                kind: "none";
            } | {
                /** @constant */
                kind: "parameter";
                /**
                 * Parameter
                 * @description The API answers with records from its value on.
                 * @example updated_since
                 */
                parameter: string;
                /**
                 * Where a record has the value
                 * @description A member's name, or JMESPath over the record; a number, or a time in ISO 8601.
                 * @example updated_at
                 */
                column: string;
            };
            /**
             * Successful when
             * @description JMESPath over the answer's JSON. An answer for which it is not true is a failure, whatever its status.
             * @example status == 'ok'
             */
            success?: string;
            /**
             * Success statuses
             * @description Default: 200-299. A listed status is never a failure.
             * @example 200-299, 404
             */
            successStatuses?: string;
            /**
             * Charset
             * @description For answers that do not name their character set, or name a wrong one.
             * @example windows-1252
             */
            charset?: string;
            /**
             * Paging
             * @description Pages are requested one after the other, each under the connector's limits, and joined to one list of records. `none` unless given.
             */
            paging?: {
                /** @constant */
                kind: "none";
            } | {
                /** @constant */
                kind: "page";
                /**
                 * Page parameter
                 * @example page
                 */
                parameter: string;
                /**
                 * First page
                 * @description `1` unless given.
                 */
                start?: number;
                /**
                 * Size parameter
                 * @example per_page
                 */
                sizeParameter?: string;
                /**
                 * Records a page
                 * @description Sent in the size parameter. A page may have fewer.
                 */
                size?: number;
                /**
                 * Total
                 * @description JMESPath to the number of all records in the answer: saves the request for the empty page at the end, and makes fewer records an error.
                 * @example meta.total
                 */
                total?: string;
                /**
                 * Sent in
                 * @description A query parameter, or a field of the JSON body: its name, or a JSON pointer such as /variables/after. `query` unless given.
                 * @enum {string}
                 */
                place?: "query" | "body";
                /**
                 * Most pages
                 * @description A call that needs more pages fails, so that an endless loop of pages stops. `100` unless given.
                 */
                maxPages?: number;
            } | {
                /** @constant */
                kind: "offset";
                /**
                 * Offset parameter
                 * @example offset
                 */
                parameter: string;
                /**
                 * First offset
                 * @description `0` unless given.
                 */
                start?: number;
                /**
                 * Size parameter
                 * @example limit
                 */
                sizeParameter?: string;
                /**
                 * Records a page
                 * @description Sent in the size parameter. A page may have fewer.
                 */
                size?: number;
                /**
                 * Total
                 * @description JMESPath to the number of all records in the answer: saves the request for the empty page at the end, and makes fewer records an error.
                 * @example meta.total
                 */
                total?: string;
                /**
                 * Sent in
                 * @description A query parameter, or a field of the JSON body: its name, or a JSON pointer such as /variables/after. `query` unless given.
                 * @enum {string}
                 */
                place?: "query" | "body";
                /**
                 * Most pages
                 * @description A call that needs more pages fails, so that an endless loop of pages stops. `100` unless given.
                 */
                maxPages?: number;
            } | {
                /** @constant */
                kind: "cursor";
                /**
                 * Cursor parameter
                 * @example cursor
                 */
                parameter: string;
                /**
                 * Where the answer has it
                 * @description JMESPath; a null or empty result means the last page.
                 * @example meta.next_cursor
                 */
                cursor: string;
                /**
                 * Sent in
                 * @description A query parameter, or a field of the JSON body: its name, or a JSON pointer such as /variables/after. `query` unless given.
                 * @enum {string}
                 */
                place?: "query" | "body";
                /**
                 * Most pages
                 * @description A call that needs more pages fails, so that an endless loop of pages stops. `100` unless given.
                 */
                maxPages?: number;
            } | {
                /** @constant */
                kind: "link";
                /**
                 * Where the answer has it
                 * @description JMESPath; by default, the Link header (rel=next). The address must be on the URL's host.
                 * @example links.next
                 */
                next?: string;
                /**
                 * Most pages
                 * @description A call that needs more pages fails, so that an endless loop of pages stops. `100` unless given.
                 */
                maxPages?: number;
            };
            /**
             * Retries
             * @description The number of retries after a retryable status or a broken connection, if the method may be repeated; Retry-After is respected. `2` unless given.
             */
            retries?: number;
            /**
             * Statuses to retry
             * @description `429, 502-504` unless given.
             */
            retryStatuses?: string;
            /**
             * POST and PATCH may be repeated
             * @description Choose this only if sending the same request twice does no harm. Otherwise a request is retried only if it was never sent. `false` unless given.
             */
            repeatable?: boolean;
            /**
             * Test request
             * @description The request of a test: GET; HEAD alone, for a URL on which a GET triggers an action; HEAD, and GET unless HEAD succeeds; or the connector's own request without inputs, for a POST that changes nothing. `get` unless given.
             * @enum {string}
             */
            probe?: "get" | "head" | "head_first" | "request";
            /**
             * TLS
             * @description Only for https URLs. `verify` unless given.
             */
            tls?: {
                /** @constant */
                kind: "verify";
                /**
                 * CA certificate
                 * @description PEM of a private authority; without it the system's roots decide.
                 */
                ca?: string;
            } | {
                /** @constant */
                kind: "require";
            };
        };
        HttpConfigChange: {
            url?: string | null;
            method?: ("GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD") | null;
            headers?: {
                /** Name */
                name: string;
                value?: string | components["schemas"]["SecretMask"];
                /**
                 * Input
                 * @description The name under which a call gives the value.
                 */
                input?: string;
            }[] | null;
            parameters?: components["schemas"]["ParametersEntryChange"][] | null;
            body?: components["schemas"]["ParametersEntryChange"][] | null;
            bodyTemplate?: string | null;
            auth?: components["schemas"]["AuthNoneChange"] | components["schemas"]["AuthBasicChange"] | components["schemas"]["AuthBearerChange"] | components["schemas"]["AuthHeaderChange"] | components["schemas"]["AuthQueryChange"] | components["schemas"]["AuthOauth2ClientChange"] | {
                /** @constant */
                kind?: "oauth2_refresh";
                tokenUrl?: string | null;
                clientId?: string | null;
                clientSecret?: string | components["schemas"]["SecretMask"] | null;
                refreshToken?: string | components["schemas"]["SecretMask"] | null;
                scope?: string | null;
                audience?: string | null;
                clientAuth?: ("basic" | "post") | null;
                tokenParameters?: components["schemas"]["TokenParametersEntryChange"][] | null;
            } | {
                /** @constant */
                kind?: "hmac";
                key?: string | components["schemas"]["SecretMask"] | null;
                keyEncoding?: ("text" | "hex" | "base64") | null;
                algorithm?: ("sha256" | "sha512") | null;
                parts?: {
                    /**
                     * Part
                     * @enum {string}
                     */
                    part: "method" | "path" | "query" | "timestamp" | "body" | "body_sha256" | "host";
                }[] | null;
                separator?: ("newline" | "dot" | "colon" | "nothing") | null;
                encoding?: ("hex" | "base64") | null;
                header?: string | null;
                prefix?: string | null;
                timestampHeader?: string | null;
                timestamp?: ("seconds" | "milliseconds" | "iso") | null;
            } | null;
            records?: string | null;
            key?: string | null;
            since?: {
                /** @constant */
                kind?: "none";
            } | {
                /** @constant */
                kind?: "parameter";
                parameter?: string | null;
                column?: string | null;
            } | null;
            success?: string | null;
            successStatuses?: string | null;
            charset?: string | null;
            paging?: {
                /** @constant */
                kind?: "none";
            } | {
                /** @constant */
                kind?: "page";
                parameter?: string | null;
                start?: number | null;
                sizeParameter?: string | null;
                size?: number | null;
                total?: string | null;
                place?: ("query" | "body") | null;
                maxPages?: number | null;
            } | {
                /** @constant */
                kind?: "offset";
                parameter?: string | null;
                start?: number | null;
                sizeParameter?: string | null;
                size?: number | null;
                total?: string | null;
                place?: ("query" | "body") | null;
                maxPages?: number | null;
            } | {
                /** @constant */
                kind?: "cursor";
                parameter?: string | null;
                cursor?: string | null;
                place?: ("query" | "body") | null;
                maxPages?: number | null;
            } | {
                /** @constant */
                kind?: "link";
                next?: string | null;
                maxPages?: number | null;
            } | null;
            retries?: number | null;
            retryStatuses?: string | null;
            repeatable?: boolean | null;
            probe?: ("get" | "head" | "head_first" | "request") | null;
            tls?: {
                /** @constant */
                kind?: "verify";
                ca?: string | null;
            } | {
                /** @constant */
                kind?: "require";
            } | null;
        };
        /** HTTP API */
        HttpConnector: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "http";
            config: components["schemas"]["HttpConfig"];
        };
        /** HTTP API */
        HttpConnectorChange: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "http";
            config: components["schemas"]["HttpConfigChange"];
        };
        Key: {
            /** Format: uuid */
            id: string;
            name: string;
            /** @description The first characters of the key */
            prefix: string;
            role: components["schemas"]["Role"];
            /** @enum {string} */
            status: "live" | "expired" | "revoked";
            scope: components["schemas"]["Scope"] | null;
            /** Format: date-time */
            createdAt: string;
            createdBy: {
                id: string;
                name: string | null;
            } | null;
            expiresAt: string | null;
            revokedAt: string | null;
            lastUsedAt: string | null;
        };
        KeyInput: {
            name: string;
            role: components["schemas"]["Role"];
            /**
             * Format: date-time
             * @description ISO 8601 with a zone
             */
            expiresAt?: string;
            /** @description The prefix of the key, instead of jf */
            prefix?: string;
            /** @description Limits the caller to these connectors, by name or id; only for the roles viewer and use */
            connectors?: string[];
            /** @description Limits the caller to connectors with one of these labels, as key:value; only for the roles viewer and use */
            labels?: string[];
        };
        KeyList: {
            data: components["schemas"]["Key"][];
            nextCursor: string | null;
            /** @description The number of matching items on all pages */
            total: number;
        };
        KeyPatch: {
            name: string;
        };
        KeyRotation: {
            /** @description How long the old key stays valid; a day unless given */
            graceMinutes?: number;
        };
        Labels: {
            [key: string]: string;
        };
        Limits: {
            /** @description Requests in any window of `perMs` */
            requests?: number;
            /** @description The window, in milliseconds */
            perMs?: number;
            /** @description Requests open at the same time */
            concurrency?: number;
        };
        LiveSession: {
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            expiresAt: string;
            address: string | null;
            agent: string | null;
            /** @description Whether this is the session of the current request */
            current: boolean;
        };
        LiveSessionList: {
            data: components["schemas"]["LiveSession"][];
            nextCursor: string | null;
            /** @description The number of matching items on all pages */
            total: number;
        };
        Login: {
            email: string;
            password: string;
        };
        Me: {
            /** @description `user:` or `key:` and an id, as in the audit log */
            id: string;
            /** @enum {string} */
            kind: "key" | "session";
            /** @description The name of the key, or the e-mail address of the user */
            name: string;
            role: components["schemas"]["Role"];
            operator: boolean;
            scope: components["schemas"]["Scope"] | null;
            workspace: {
                /** Format: uuid */
                id: string;
                serial: number;
                name: string;
                title: string;
            };
            /** @description The workspaces that the caller may choose with the header Jackfield-Workspace */
            workspaces: components["schemas"]["Membership"][];
            user: {
                /** Format: uuid */
                id: string;
                email: string;
                name: string;
                lastLoginAt: string | null;
            } | null;
            key: {
                /** Format: uuid */
                id: string;
                prefix: string;
                /** Format: date-time */
                createdAt: string;
                expiresAt: string | null;
                scope: components["schemas"]["Scope"] | null;
            } | null;
            session: {
                /** Format: uuid */
                id: string;
                /** Format: date-time */
                createdAt: string;
                /** Format: date-time */
                expiresAt: string;
            } | null;
        };
        MePatch: {
            name: string;
        };
        Membership: {
            /** Format: uuid */
            id: string;
            serial: number;
            name: string;
            title: string;
            role: components["schemas"]["Role"];
        };
        MssqlConfig: {
            /**
             * Server
             * Format: hostname
             * @example sql.example.com
             */
            host: string;
            /**
             * Port
             * @description `1433` unless given.
             */
            port?: number;
            /**
             * Database
             * @description Empty: the login's default.
             * @example shop
             */
            database?: string;
            /** Login */
            auth: {
                /** @constant */
                kind: "password";
                /**
                 * User
                 * @description We recommend a separate login with SELECT on the tables that the hub reads.
                 * @example jackfield
                 */
                user: string;
                /**
                 * Password
                 * Format: password
                 */
                password?: string;
            } | {
                /** @constant */
                kind: "entra";
                /**
                 * Directory (tenant)
                 * @example contoso.onmicrosoft.com
                 */
                tenant: string;
                /**
                 * Application (client) id
                 * @example 11111111-2222-3333-4444-555555555555
                 */
                clientId: string;
                /**
                 * Client secret
                 * Format: password
                 */
                clientSecret: string;
                /**
                 * Cloud
                 * @description `public` unless given.
                 * @enum {string}
                 */
                cloud?: "public" | "government" | "china";
            } | components["schemas"]["AuthToken"];
            /**
             * TLS
             * @description Switch it off only on a network that you trust. `verify` unless given.
             */
            tls?: components["schemas"]["TlsVerify"] | components["schemas"]["TlsRequire"] | components["schemas"]["TlsOff"];
            /**
             * Encrypt from the first byte
             * @description TDS 8.0, for servers whose network settings say Force Strict Encryption (SQL Server 2022 and newer, Azure SQL). `false` unless given.
             */
            strict?: boolean;
            /**
             * Read from a secondary replica
             * @description Asks the listener of an availability group for a readable replica (ApplicationIntent=ReadOnly). `false` unless given.
             */
            readOnlyIntent?: boolean;
            /**
             * SSH tunnel
             * @description `none` unless given.
             */
            tunnel?: components["schemas"]["TunnelNone"] | components["schemas"]["TunnelSsh"];
        };
        MssqlConfigChange: {
            host?: string | null;
            port?: number | null;
            database?: string | null;
            auth?: {
                /** @constant */
                kind?: "password";
                user?: string | null;
                password?: string | components["schemas"]["SecretMask"] | null;
            } | {
                /** @constant */
                kind?: "entra";
                tenant?: string | null;
                clientId?: string | null;
                clientSecret?: string | components["schemas"]["SecretMask"] | null;
                cloud?: ("public" | "government" | "china") | null;
            } | components["schemas"]["AuthTokenChange"] | null;
            tls?: components["schemas"]["TlsVerifyChange"] | components["schemas"]["TlsRequireChange"] | components["schemas"]["TlsOffChange"] | null;
            strict?: boolean | null;
            readOnlyIntent?: boolean | null;
            tunnel?: components["schemas"]["TunnelNoneChange"] | components["schemas"]["TunnelSshChange"] | null;
        };
        /** Microsoft SQL Server */
        MssqlConnector: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "mssql";
            config: components["schemas"]["MssqlConfig"];
        };
        /** Microsoft SQL Server */
        MssqlConnectorChange: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "mssql";
            config: components["schemas"]["MssqlConfigChange"];
        };
        MysqlConfig: {
            /**
             * Host
             * Format: hostname
             * @example db.example.com
             */
            host: string;
            /**
             * Port
             * @description `3306` unless given.
             */
            port?: number;
            /**
             * Database
             * @description Only this database; if empty, every database that the user may see.
             * @example shop
             */
            database?: string;
            /**
             * User
             * @description We recommend a separate user with SELECT on the tables that the hub reads.
             * @example jackfield
             */
            user: string;
            /**
             * Password
             * Format: password
             */
            password?: string;
            /**
             * TLS
             * @description Switch it off only on a network that you trust. `verify` unless given.
             */
            tls?: components["schemas"]["TlsVerify"] | components["schemas"]["TlsRequire"] | components["schemas"]["TlsOff"];
            /**
             * SSH tunnel
             * @description `none` unless given.
             */
            tunnel?: components["schemas"]["TunnelNone"] | components["schemas"]["TunnelSsh"];
        };
        MysqlConfigChange: {
            host?: string | null;
            port?: number | null;
            database?: string | null;
            user?: string | null;
            password?: string | components["schemas"]["SecretMask"] | null;
            tls?: components["schemas"]["TlsVerifyChange"] | components["schemas"]["TlsRequireChange"] | components["schemas"]["TlsOffChange"] | null;
            tunnel?: components["schemas"]["TunnelNoneChange"] | components["schemas"]["TunnelSshChange"] | null;
        };
        /** MySQL */
        MysqlConnector: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "mysql";
            config: components["schemas"]["MysqlConfig"];
        };
        /** MySQL */
        MysqlConnectorChange: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "mysql";
            config: components["schemas"]["MysqlConfigChange"];
        };
        /** @description A handle, unique in the workspace: letters, digits, _ . - */
        Name: string;
        NewKey: {
            /** Format: uuid */
            id: string;
            name: string;
            /** @description The first characters of the key */
            prefix: string;
            role: components["schemas"]["Role"];
            /** @enum {string} */
            status: "live" | "expired" | "revoked";
            scope: components["schemas"]["Scope"] | null;
            /** Format: date-time */
            createdAt: string;
            createdBy: {
                id: string;
                name: string | null;
            } | null;
            expiresAt: string | null;
            revokedAt: string | null;
            lastUsedAt: string | null;
            /** @description The key itself; shown only once */
            key: string;
        };
        NewWebhook: {
            /** Format: uuid */
            id: string;
            url: string;
            description: string;
            events: components["schemas"]["EventType"][];
            secret: {
                /** @constant */
                set: true;
                fingerprint: string;
            };
            enabled: boolean;
            disabled: {
                /** Format: date-time */
                at: string;
                reason: string;
            } | null;
            failingSince: string | null;
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            updatedAt: string;
            /** @description The key that signs the deliveries; shown only once */
            signingSecret: string;
        };
        NewWorkspace: {
            /** Format: uuid */
            id: string;
            serial: number;
            name: string;
            title: string;
            /** Format: date-time */
            createdAt: string;
            plan: components["schemas"]["Plan"];
            /** @description An admin key of the workspace; shown only once */
            key: string;
        };
        OwnPassword: {
            current: string;
            password: string;
        };
        ParametersEntry: {
            /** Name */
            name: string;
            /**
             * Value
             * Format: password
             * @description Empty: each call gives it. Otherwise a default that a call may replace.
             */
            value?: string;
            /**
             * Required
             * @description Whether a call must give the value when the row has none. `true` unless given.
             */
            required?: boolean;
        };
        ParametersEntryChange: {
            /** Name */
            name: string;
            value?: string | components["schemas"]["SecretMask"];
            /**
             * Required
             * @description Whether a call must give the value when the row has none. `true` unless given.
             */
            required?: boolean;
        };
        PasswordInput: {
            password?: string;
        };
        PasswordSet: {
            email: string;
            /** @description The password that the hub generated; shown only once */
            password?: string;
        };
        PastConnector: {
            name: string;
            title: string;
            type: string;
            description: string;
            labels: {
                [key: string]: string;
            };
            purpose: components["schemas"]["Purpose"] | null;
            limits: components["schemas"]["Limits"] | null;
            config: components["schemas"]["ShownConfig"];
            /** @description The required fields that a draft lacks */
            missing: components["schemas"]["Fault"][];
            enabled: boolean;
        };
        /** @description The limits of the workspace; an absent limit means the default */
        Plan: {
            /** @description HTTP connectors in all */
            httpConnectors?: number;
            /** @description Calls per minute of one connector */
            ratePerMinute?: number;
            /** @description Calls of one connector open at the same time */
            concurrency?: number;
            /** @description Bytes of all uploads together */
            uploadBytes?: number;
            /** @description Versions kept of each connector; 200 unless given */
            versions?: number;
            /** @description Idempotency-Keys in any 24 hours; 100,000 unless given */
            idempotencyKeys?: number;
            /** @description Bytes of the answers that are kept for Idempotency-Keys; 64 MiB unless given. Beyond it, a key still keeps its request from running twice */
            keptAnswerBytes?: number;
            /** @description Connectors in all; 10,000 unless given */
            connectors?: number;
            /** @description Live API keys; 1,000 unless given */
            keys?: number;
            /** @description Users; 10,000 unless given */
            users?: number;
            /** @description Webhooks; 50 unless given */
            webhooks?: number;
            /** @description The newest entries of the audit, which are kept; 1,000,000 unless given. Older ones are removed, and the check of the chain begins after them */
            auditEntries?: number;
            /** @description Bytes of answers that may wait at one node to be read before further work is refused; 128 MiB unless given */
            unreadAnswerBytes?: number;
            tests?: components["schemas"]["TestLimits"];
        };
        /** @description An absent limit keeps its value; null removes a limit */
        PlanPatch: {
            httpConnectors?: number | null;
            ratePerMinute?: number | null;
            concurrency?: number | null;
            uploadBytes?: number | null;
            versions?: number | null;
            idempotencyKeys?: number | null;
            keptAnswerBytes?: number | null;
            connectors?: number | null;
            keys?: number | null;
            users?: number | null;
            webhooks?: number | null;
            auditEntries?: number | null;
            unreadAnswerBytes?: number | null;
            tests?: components["schemas"]["TestLimits"] | null;
        };
        PostgresConfig: {
            /**
             * Host
             * Format: hostname
             * @example db.example.com
             */
            host: string;
            /**
             * Port
             * @description `5432` unless given.
             */
            port?: number;
            /**
             * Database
             * @description Default: the database with the same name as the user.
             * @example shop
             */
            database?: string;
            /**
             * User
             * @description We recommend a separate role with SELECT on the tables that the hub reads.
             * @example jackfield
             */
            user: string;
            /**
             * Password
             * Format: password
             */
            password?: string;
            /**
             * TLS
             * @description Switch it off only on a network that you trust. `verify` unless given.
             */
            tls?: components["schemas"]["TlsVerify"] | components["schemas"]["TlsRequire"] | components["schemas"]["TlsOff"];
            /**
             * SSH tunnel
             * @description `none` unless given.
             */
            tunnel?: components["schemas"]["TunnelNone"] | components["schemas"]["TunnelSsh"];
        };
        PostgresConfigChange: {
            host?: string | null;
            port?: number | null;
            database?: string | null;
            user?: string | null;
            password?: string | components["schemas"]["SecretMask"] | null;
            tls?: components["schemas"]["TlsVerifyChange"] | components["schemas"]["TlsRequireChange"] | components["schemas"]["TlsOffChange"] | null;
            tunnel?: components["schemas"]["TunnelNoneChange"] | components["schemas"]["TunnelSshChange"] | null;
        };
        /** PostgreSQL */
        PostgresConnector: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "postgres";
            config: components["schemas"]["PostgresConfig"];
        };
        /** PostgreSQL */
        PostgresConnectorChange: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "postgres";
            config: components["schemas"]["PostgresConfigChange"];
        };
        /** @description With `dryRun`: the request that would be sent */
        PreparedRequest: {
            method: string;
            url: string;
            headers: {
                [key: string]: string;
            };
            body?: string;
        };
        /** @description An error, as RFC 9457 problem details */
        Problem: {
            /** @description `urn:jackfield:error:` and the code */
            type: string;
            /** @description What the code means */
            title: string;
            /** @description The HTTP status */
            status: number;
            code: components["schemas"]["ErrorCode"];
            /** @description The failure in this request, and the next step */
            detail: string;
            /** @description The remedy for errors with this code */
            next: string;
            /** @description Finds the request in the hub's log */
            requestId: string;
            /** @description Every fault of the request */
            errors?: components["schemas"]["Fault"][];
            /** @description What mends it, best first */
            remedies?: components["schemas"]["Remedy"][];
        } & {
            [key: string]: unknown;
        };
        /** @enum {string} */
        Purpose: "enrichment" | "exporter" | "simple" | "source" | "destination";
        QueryInput: {
            statement: string;
            params?: unknown[];
            /** @description At most 10,000 as JSON; any number when streamed */
            maxRows?: number;
            /** @description The time limit, in milliseconds. For the whole of a JSON answer; for each batch of a stream, which lives as long as rows come and are taken */
            timeoutMs?: number;
        };
        Readiness: {
            /** @constant */
            status: "ready";
            /** @enum {string} */
            database: "embedded" | "own";
            version: string;
        };
        RedshiftConfig: {
            /**
             * Host
             * Format: hostname
             * @example db.example.com
             */
            host: string;
            /**
             * Port
             * @description `5439` unless given.
             */
            port?: number;
            /**
             * Database
             * @description `dev` unless given.
             * @example dev
             */
            database?: string;
            /**
             * User
             * @description We recommend a separate user with SELECT on the tables that the hub reads.
             * @example jackfield
             */
            user: string;
            /**
             * Password
             * Format: password
             */
            password?: string;
            /**
             * TLS
             * @description Switch it off only on a network that you trust. `verify` unless given.
             */
            tls?: components["schemas"]["TlsVerify"] | components["schemas"]["TlsRequire"] | components["schemas"]["TlsOff"];
            /**
             * SSH tunnel
             * @description `none` unless given.
             */
            tunnel?: components["schemas"]["TunnelNone"] | components["schemas"]["TunnelSsh"];
        };
        RedshiftConfigChange: {
            host?: string | null;
            port?: number | null;
            database?: string | null;
            user?: string | null;
            password?: string | components["schemas"]["SecretMask"] | null;
            tls?: components["schemas"]["TlsVerifyChange"] | components["schemas"]["TlsRequireChange"] | components["schemas"]["TlsOffChange"] | null;
            tunnel?: components["schemas"]["TunnelNoneChange"] | components["schemas"]["TunnelSshChange"] | null;
        };
        /** Amazon Redshift */
        RedshiftConnector: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "redshift";
            config: components["schemas"]["RedshiftConfig"];
        };
        /** Amazon Redshift */
        RedshiftConnectorChange: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "redshift";
            config: components["schemas"]["RedshiftConfigChange"];
        };
        RejectedRecord: {
            /** @description The file's path, where the stream has several files */
            file?: string;
            /** @description The offset at which line 1 begins, where the read began inside the file */
            from?: number;
            /** @description The first line, counted from 1 */
            line: number;
            lastLine: number;
            reason: string;
        };
        /** @description One way to mend a failure; `kind` says which of the other members are there */
        Remedy: {
            /** @enum {string} */
            kind: "sql" | "set_field" | "enter_secret" | "upload" | "trust_host_key" | "egress_rule" | "request" | "retry" | "ask_operator" | "advice";
            /** @description What to do, as an instruction */
            title: string;
            /** @description `sql`: a statement to run in the system, with real names */
            sql?: string;
            /** @description `set_field`, `enter_secret`, `upload`, `trust_host_key`: JSON pointer into the connector's config */
            pointer?: string;
            /** @description `set_field`, `trust_host_key`: the value to set, where it is known */
            value?: string;
            /** @description `egress_rule`: the rule that allows exactly this destination */
            rule?: string;
            /**
             * @description `request`: the method of the call that helps
             * @enum {string}
             */
            method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
            /** @description `request`: the path of the call that helps */
            path?: string;
            /** @description `egress_rule`, `request`: the same on the command line */
            command?: string;
            /** @description `retry`: how long to wait, in milliseconds */
            afterMs?: number;
        };
        /** @enum {string} */
        Role: "viewer" | "use" | "editor" | "admin";
        RotatedKey: {
            /** Format: uuid */
            id: string;
            name: string;
            /** @description The first characters of the key */
            prefix: string;
            role: components["schemas"]["Role"];
            /** @enum {string} */
            status: "live" | "expired" | "revoked";
            scope: components["schemas"]["Scope"] | null;
            /** Format: date-time */
            createdAt: string;
            createdBy: {
                id: string;
                name: string | null;
            } | null;
            expiresAt: string | null;
            revokedAt: string | null;
            lastUsedAt: string | null;
            /** @description The key itself; shown only once */
            key: string;
            replaces: components["schemas"]["Key"];
        };
        Rows: {
            columns: components["schemas"]["Column"][];
            rows: {
                [key: string]: unknown;
            }[];
            rowCount: number;
            /** @description The result has more rows than this answer */
            truncated: boolean;
            durationMs: number;
            /** @description In how many places a secret of the connector was hidden, because the system repeats it */
            hidden?: number;
            /** @description Records of a file that are not rows, as far as it was read: their number, and the first hundred */
            rejected?: {
                count: number;
                records: components["schemas"]["RejectedRecord"][];
            };
        };
        RowsPage: {
            columns: components["schemas"]["Column"][];
            rows: {
                [key: string]: unknown;
            }[];
            rowCount: number;
            /** @description The result has more rows than this answer */
            truncated: boolean;
            durationMs: number;
            /** @description In how many places a secret of the connector was hidden, because the system repeats it */
            hidden?: number;
            /** @description Records of a file that are not rows, as far as it was read: their number, and the first hundred */
            rejected?: {
                count: number;
                records: components["schemas"]["RejectedRecord"][];
            };
            /** @description Where the next page begins; null at the end, or where the stream cannot be resumed and `truncated` is true */
            nextCursor: string | null;
        };
        S3Config: {
            /**
             * Bucket
             * @example my-exports
             */
            bucket: string;
            /**
             * Region
             * @description The bucket's region. For other services, the region that they sign with, such as us-east-1 or auto.
             * @example eu-central-1
             */
            region: string;
            /** Login */
            auth: components["schemas"]["AuthAccessKey"] | components["schemas"]["AuthAssumeRole"];
            /**
             * Files
             * @description The files to read: * is any text within a folder, ** any folders, ? one character. `**` unless given.
             * @example exports/2026/**\/*.csv
             */
            files?: string;
            /**
             * Streams
             * @description folder: the files of a folder are one stream, and folders such as dt=2026-11-01 below it are columns. `file` unless given.
             * @enum {string}
             */
            streams?: "file" | "folder";
            /**
             * Format
             * @description auto: recognized by each file's first bytes and its name. `auto` unless given.
             * @enum {string}
             */
            format?: "auto" | "csv" | "ndjson" | "json";
            /**
             * Format of new files
             * @description `csv` unless given.
             * @enum {string}
             */
            writes?: "csv" | "ndjson" | "json";
            /**
             * Compression of new files
             * @description `none` unless given.
             * @enum {string}
             */
            compression?: "none" | "gzip" | "zstd";
            /**
             * Requester pays
             * @description yes: the login's account pays for requests to a bucket that requires this. `no` unless given.
             * @enum {string}
             */
            requesterPays?: "no" | "yes";
            /**
             * Encryption
             * @description For files that are written; your own key is also used for reading. `bucket` unless given.
             */
            encryption?: components["schemas"]["EncryptionBucket"] | {
                /** @constant */
                kind: "s3";
            } | {
                /** @constant */
                kind: "kms";
                /**
                 * Key
                 * @example arn:aws:kms:eu-central-1:123456789012:key/…
                 */
                kmsKey: string;
            } | {
                /** @constant */
                kind: "customer";
                /**
                 * Key
                 * Format: password
                 * @description 256 bits as base64. Every file must be encrypted with it.
                 */
                key: string;
            };
            /**
             * Owner of the bucket
             * @description The account that must own the bucket.
             */
            bucketOwner?: string;
            /**
             * Endpoint
             * @description `standard` unless given.
             */
            endpoint?: components["schemas"]["EndpointStandard"] | components["schemas"]["EndpointFips"] | {
                /** @constant */
                kind: "custom";
                /**
                 * URL
                 * Format: uri
                 * @example https://minio.example.com:9000
                 */
                url: string;
                /**
                 * Addressing
                 * @description The place of the bucket: in the path, or before the host. `path` unless given.
                 * @enum {string}
                 */
                style?: "path" | "host";
                /**
                 * TLS
                 * @description Only for https URLs. `verify` unless given.
                 */
                tls?: {
                    /** @constant */
                    kind: "verify";
                    /**
                     * CA certificate
                     * @description PEM of a private authority; without it the system's roots decide.
                     */
                    ca?: string;
                } | {
                    /** @constant */
                    kind: "require";
                };
            };
            /**
             * SSH tunnel
             * @description `none` unless given.
             */
            tunnel?: components["schemas"]["TunnelNone"] | components["schemas"]["TunnelSsh"];
        };
        S3ConfigChange: {
            bucket?: string | null;
            region?: string | null;
            auth?: components["schemas"]["AuthAccessKeyChange"] | components["schemas"]["AuthAssumeRoleChange"] | null;
            files?: string | null;
            streams?: ("file" | "folder") | null;
            format?: ("auto" | "csv" | "ndjson" | "json") | null;
            writes?: ("csv" | "ndjson" | "json") | null;
            compression?: ("none" | "gzip" | "zstd") | null;
            requesterPays?: ("no" | "yes") | null;
            encryption?: {
                /** @constant */
                kind?: "bucket";
            } | {
                /** @constant */
                kind?: "s3";
            } | {
                /** @constant */
                kind?: "kms";
                kmsKey?: string | null;
            } | {
                /** @constant */
                kind?: "customer";
                key?: string | components["schemas"]["SecretMask"] | null;
            } | null;
            bucketOwner?: string | null;
            endpoint?: components["schemas"]["EndpointStandardChange"] | components["schemas"]["EndpointFipsChange"] | {
                /** @constant */
                kind?: "custom";
                url?: string | null;
                style?: ("path" | "host") | null;
                tls?: {
                    /** @constant */
                    kind?: "verify";
                    ca?: string | null;
                } | {
                    /** @constant */
                    kind?: "require";
                } | null;
            } | null;
            tunnel?: components["schemas"]["TunnelNoneChange"] | components["schemas"]["TunnelSshChange"] | null;
        };
        /** Amazon S3 */
        S3Connector: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "s3";
            config: components["schemas"]["S3Config"];
        };
        /** Amazon S3 */
        S3ConnectorChange: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "s3";
            config: components["schemas"]["S3ConfigChange"];
        };
        /** @description The connectors that a key or a user is limited to */
        Scope: {
            /** @description Connectors by id */
            connectors: string[];
            /** @description Connectors that carry one of these labels */
            labels: {
                [key: string]: string;
            };
        };
        /** @description A mask: answers show it in place of a secret. Send it back to keep the stored secret. */
        SecretMask: {
            /** @constant */
            set: true;
            fingerprint?: string;
        };
        /** @description What the system says of itself, and warnings that do not fail the test */
        ServerFacts: {
            product: string;
            version?: string;
            details?: {
                [key: string]: string | number | boolean;
            };
            warnings?: string[];
            /** @description How the file is read without proof */
            guesses?: components["schemas"]["Guess"][];
        };
        Session: {
            /** @description Send it as `Authorization: Bearer` */
            token: string;
            /** Format: date-time */
            expiresAt: string;
            user: {
                /** Format: uuid */
                id: string;
                email: string;
            };
            workspaces: components["schemas"]["Membership"][];
        };
        SftpConfig: {
            /**
             * Host
             * Format: hostname
             * @example sftp.example.com
             */
            host: string;
            /**
             * Port
             * @description `22` unless given.
             */
            port?: number;
            /**
             * Host key
             * @description The server's fingerprint, as `ssh-keygen -lf` prints it; another key is refused.
             * @example SHA256:uNiVztksCsDhcc0u9e8BrrJXVGYPyRhVzJqA1VfhfwU
             */
            hostKey: string;
            /** User */
            user: string;
            /** Login */
            auth: components["schemas"]["AuthKey"] | components["schemas"]["AuthPassword"];
            /**
             * Folder
             * @description The folder with the files; nothing outside it is read or written. A path without a leading slash is relative to the folder in which the login starts.
             * @example /data/exports
             */
            folder?: string;
            /**
             * Files
             * @description The files to read: * is any text within a folder, ** any folders, ? one character. `**` unless given.
             * @example exports/2026/**\/*.csv
             */
            files?: string;
            /**
             * Streams
             * @description folder: the files of a folder are one stream, and folders such as dt=2026-11-01 below it are columns. `file` unless given.
             * @enum {string}
             */
            streams?: "file" | "folder";
            /**
             * Format
             * @description auto: recognized by each file's first bytes and its name. `auto` unless given.
             * @enum {string}
             */
            format?: "auto" | "csv" | "ndjson" | "json";
            /**
             * Format of new files
             * @description `csv` unless given.
             * @enum {string}
             */
            writes?: "csv" | "ndjson" | "json";
            /**
             * Compression of new files
             * @description `none` unless given.
             * @enum {string}
             */
            compression?: "none" | "gzip" | "zstd";
            /**
             * SSH tunnel
             * @description `none` unless given.
             */
            tunnel?: components["schemas"]["TunnelNone"] | components["schemas"]["TunnelSsh"];
        };
        SftpConfigChange: {
            host?: string | null;
            port?: number | null;
            hostKey?: string | null;
            user?: string | null;
            auth?: components["schemas"]["AuthKeyChange"] | components["schemas"]["AuthPasswordChange"] | null;
            folder?: string | null;
            files?: string | null;
            streams?: ("file" | "folder") | null;
            format?: ("auto" | "csv" | "ndjson" | "json") | null;
            writes?: ("csv" | "ndjson" | "json") | null;
            compression?: ("none" | "gzip" | "zstd") | null;
            tunnel?: components["schemas"]["TunnelNoneChange"] | components["schemas"]["TunnelSshChange"] | null;
        };
        /** SFTP */
        SftpConnector: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "sftp";
            config: components["schemas"]["SftpConfig"];
        };
        /** SFTP */
        SftpConnectorChange: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "sftp";
            config: components["schemas"]["SftpConfigChange"];
        };
        /** @description The fields of the connector's type; a secret is shown as `{ set, fingerprint }` */
        ShownConfig: {
            [key: string]: unknown;
        };
        SinglestoreConfig: {
            /**
             * Host
             * Format: hostname
             * @example db.example.com
             */
            host: string;
            /**
             * Port
             * @description `3306` unless given.
             */
            port?: number;
            /**
             * Database
             * @description Only this database; if empty, every database that the user may see.
             * @example shop
             */
            database?: string;
            /**
             * User
             * @description We recommend a separate user with SELECT on the tables that the hub reads.
             * @example jackfield
             */
            user: string;
            /**
             * Password
             * Format: password
             */
            password?: string;
            /**
             * TLS
             * @description Switch it off only on a network that you trust. `verify` unless given.
             */
            tls?: components["schemas"]["TlsVerify"] | components["schemas"]["TlsRequire"] | components["schemas"]["TlsOff"];
            /**
             * SSH tunnel
             * @description `none` unless given.
             */
            tunnel?: components["schemas"]["TunnelNone"] | components["schemas"]["TunnelSsh"];
        };
        SinglestoreConfigChange: {
            host?: string | null;
            port?: number | null;
            database?: string | null;
            user?: string | null;
            password?: string | components["schemas"]["SecretMask"] | null;
            tls?: components["schemas"]["TlsVerifyChange"] | components["schemas"]["TlsRequireChange"] | components["schemas"]["TlsOffChange"] | null;
            tunnel?: components["schemas"]["TunnelNoneChange"] | components["schemas"]["TunnelSshChange"] | null;
        };
        /** SingleStore */
        SinglestoreConnector: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "singlestore";
            config: components["schemas"]["SinglestoreConfig"];
        };
        /** SingleStore */
        SinglestoreConnectorChange: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "singlestore";
            config: components["schemas"]["SinglestoreConfigChange"];
        };
        SkippedStream: {
            /** @description The names that lead to a stream, such as schema and table */
            path: string[];
            reason: string;
            /** @description What mends it, best first */
            remedies?: components["schemas"]["Remedy"][];
        };
        SkippedStreamList: {
            data: components["schemas"]["SkippedStream"][];
            nextCursor: string | null;
            /** @description The number of matching items on all pages */
            total: number;
        };
        SnowflakeConfig: {
            /**
             * Account
             * @description The account identifier, or its host that ends in .snowflakecomputing.com.
             * @example myorg-myaccount
             */
            account: string;
            /**
             * User
             * @description The login name. We recommend a separate user with SELECT on the tables that the hub reads.
             * @example JACKFIELD
             */
            user: string;
            /** Login */
            auth: {
                /** @constant */
                kind: "key_pair";
                /**
                 * Private key
                 * Format: password
                 * @description RSA, at least 2,048 bits, in PKCS#8 (as `openssl genrsa | openssl pkcs8 -topk8` writes it).
                 */
                privateKey: string;
                /**
                 * Passphrase
                 * Format: password
                 */
                passphrase?: string;
            } | {
                /** @constant */
                kind: "token";
                /**
                 * Token
                 * Format: password
                 */
                token: string;
            } | {
                /** @constant */
                kind: "password";
                /**
                 * Password
                 * Format: password
                 * @description Works for users of the type LEGACY_SERVICE, and for people without a second factor; Snowflake is ending both. A programmatic access token is taken as the password too.
                 */
                password: string;
            } | {
                /** @constant */
                kind: "oauth";
                /**
                 * Access token
                 * Format: password
                 * @description It is not renewed: when it expires, enter a new one.
                 */
                token: string;
            };
            /**
             * Warehouse
             * @description Empty: the user's default. Snowflake takes it as it is written, and keeps names that were not quoted in upper case.
             * @example COMPUTE_WH
             */
            warehouse?: string;
            /**
             * Database
             * @description Empty: the user's default, and discovery lists every database. Snowflake takes it as it is written, and keeps names that were not quoted in upper case.
             * @example ANALYTICS
             */
            database?: string;
            /**
             * Schema
             * @description For names without one. Empty: the user's default.
             * @example PUBLIC
             */
            schema?: string;
            /**
             * Role
             * @description Empty: the user's default.
             * @example ANALYST
             */
            role?: string;
            /**
             * SSH tunnel
             * @description `none` unless given.
             */
            tunnel?: components["schemas"]["TunnelNone"] | components["schemas"]["TunnelSsh"];
        };
        SnowflakeConfigChange: {
            account?: string | null;
            user?: string | null;
            auth?: {
                /** @constant */
                kind?: "key_pair";
                privateKey?: string | components["schemas"]["SecretMask"] | null;
                passphrase?: string | components["schemas"]["SecretMask"] | null;
            } | {
                /** @constant */
                kind?: "token";
                token?: string | components["schemas"]["SecretMask"] | null;
            } | {
                /** @constant */
                kind?: "password";
                password?: string | components["schemas"]["SecretMask"] | null;
            } | {
                /** @constant */
                kind?: "oauth";
                token?: string | components["schemas"]["SecretMask"] | null;
            } | null;
            warehouse?: string | null;
            database?: string | null;
            schema?: string | null;
            role?: string | null;
            tunnel?: components["schemas"]["TunnelNoneChange"] | components["schemas"]["TunnelSshChange"] | null;
        };
        /** Snowflake */
        SnowflakeConnector: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "snowflake";
            config: components["schemas"]["SnowflakeConfig"];
        };
        /** Snowflake */
        SnowflakeConnectorChange: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "snowflake";
            config: components["schemas"]["SnowflakeConfigChange"];
        };
        Stage: {
            name: components["schemas"]["StageName"];
            /** @enum {string} */
            status: "passed" | "failed";
            durationMs: number;
            detail?: string;
            /** @description What mends it, best first */
            remedies?: components["schemas"]["Remedy"][];
        };
        /** @enum {string} */
        StageName: "config" | "resolve" | "policy" | "connect" | "tunnel" | "tls" | "auth" | "permission" | "probe";
        Stream: {
            /** @description The names that lead to a stream, such as schema and table */
            path: string[];
            /** @enum {string} */
            kind: "table" | "view" | "materialized view" | "foreign table" | "topic" | "file" | "resource";
            columns: components["schemas"]["Column"][];
            /** @description The columns of the primary key, in order */
            key: string[];
            /** @description false where the system does not enforce the key, so that two rows may share one */
            keyHolds?: boolean;
            /** @description The system's own estimate */
            estimatedRows?: number;
            comment?: string;
            /** @description How the file is read without proof */
            guesses?: components["schemas"]["Guess"][];
        };
        SwitchInput: {
            /** @description Switch even though no test of the staged credentials has passed */
            force?: boolean;
        };
        TestFailure: {
            code: components["schemas"]["ErrorCode"];
            message: string;
            /** @description What to do */
            next: string;
            stage: components["schemas"]["StageName"];
            details?: {
                [key: string]: unknown;
            };
            /** @description What mends it, best first */
            remedies?: components["schemas"]["Remedy"][];
        };
        TestInput: {
            /** @description The time limit, in milliseconds */
            timeoutMs?: number;
        };
        /** @description Tests of the workspace, over all nodes */
        TestLimits: {
            /** @description Started in any 60 seconds; 600 unless given */
            perMinute?: number;
            /** @description Open at the same time; 20 unless given */
            concurrency?: number;
        };
        /** @description The result of a test; one that failed is an answer like any other, with `ok: false` */
        TestReport: {
            ok: boolean;
            durationMs: number;
            stages: components["schemas"]["Stage"][];
            server?: components["schemas"]["ServerFacts"];
            error?: components["schemas"]["TestFailure"];
        };
        /** Do not encrypt */
        TlsOff: {
            /** @constant */
            kind: "off";
        };
        /**
         * Do not encrypt
         * @description Switch it off only on a network that you trust. `verify` unless given.
         */
        TlsOffChange: {
            /** @constant */
            kind?: "off";
        };
        /** Encrypt, without verifying the server */
        TlsRequire: {
            /** @constant */
            kind: "require";
        };
        /**
         * Encrypt, without verifying the server
         * @description Switch it off only on a network that you trust. `verify` unless given.
         */
        TlsRequireChange: {
            /** @constant */
            kind?: "require";
        };
        /** Encrypt, and verify the server's certificate */
        TlsVerify: {
            /** @constant */
            kind: "verify";
            /**
             * CA certificate
             * @description PEM of the authority that signed the server's certificate; without it the system's roots decide.
             */
            ca?: string;
            /**
             * Name in the certificate
             * @description Set this if the certificate has a different name than the host.
             */
            servername?: string;
        };
        /**
         * Encrypt, and verify the server's certificate
         * @description Switch it off only on a network that you trust. `verify` unless given.
         */
        TlsVerifyChange: {
            /** @constant */
            kind?: "verify";
            ca?: string | null;
            servername?: string | null;
        };
        TokenParametersEntry: {
            /** Name */
            name: string;
            /**
             * Value
             * Format: password
             */
            value: string;
        };
        TokenParametersEntryChange: {
            /** Name */
            name: string;
            value?: string | components["schemas"]["SecretMask"];
        };
        TrinoConfig: {
            /**
             * Host
             * Format: hostname
             * @example trino.example.com
             */
            host: string;
            /**
             * Port
             * @description `443` unless given.
             */
            port?: number;
            /**
             * Login
             * @description All but `none` need TLS. A bearer token is a JSON Web Token.
             */
            auth: components["schemas"]["AuthBasic"] | components["schemas"]["AuthBearer"] | components["schemas"]["AuthOauth2Client"] | {
                /** @constant */
                kind: "certificate";
                /**
                 * Certificate
                 * @description PEM of the client's certificate, followed by those between it and its root.
                 */
                certificate: string;
                /**
                 * Private key
                 * Format: password
                 */
                privateKey: string;
                /**
                 * Passphrase
                 * Format: password
                 */
                passphrase?: string;
            } | components["schemas"]["AuthNone"];
            /**
             * User
             * @description The user for whom statements run, if it is not the login's own: the login must be allowed to impersonate it.
             * @example analyst
             */
            user?: string;
            /**
             * Catalog
             * @description For names without one. Empty: discovery lists every catalog.
             * @example lake
             */
            catalog?: string;
            /**
             * Schema
             * @description For names without one.
             * @example sales
             */
            schema?: string;
            /** Roles */
            roles?: {
                /**
                 * Catalog
                 * @description Whose role it is; system for a role of the cluster. `system` unless given.
                 */
                catalog?: string;
                /**
                 * Role
                 * @example analyst
                 */
                role: string;
            }[];
            /** Session properties */
            session?: {
                /**
                 * Name
                 * @example query_max_run_time
                 */
                name: string;
                /**
                 * Value
                 * @example 10m
                 */
                value: string;
            }[];
            /**
             * Client tags
             * @description For the rules of resource groups, separated by commas.
             * @example jackfield,etl
             */
            clientTags?: string;
            /**
             * TLS
             * @description Switch it off only on a network that you trust. `verify` unless given.
             */
            tls?: components["schemas"]["TlsVerify"] | components["schemas"]["TlsRequire"] | components["schemas"]["TlsOff"];
            /**
             * SSH tunnel
             * @description `none` unless given.
             */
            tunnel?: components["schemas"]["TunnelNone"] | components["schemas"]["TunnelSsh"];
        };
        TrinoConfigChange: {
            host?: string | null;
            port?: number | null;
            auth?: {
                /** @constant */
                kind?: "basic";
                username?: string | null;
                password?: string | components["schemas"]["SecretMask"] | null;
            } | {
                /** @constant */
                kind?: "bearer";
                token?: string | components["schemas"]["SecretMask"] | null;
            } | {
                /** @constant */
                kind?: "oauth2_client";
                tokenUrl?: string | null;
                clientId?: string | null;
                clientSecret?: string | components["schemas"]["SecretMask"] | null;
                grantType?: string | null;
                scope?: string | null;
                audience?: string | null;
                clientAuth?: ("basic" | "post") | null;
                tokenParameters?: components["schemas"]["TokenParametersEntryChange"][] | null;
            } | {
                /** @constant */
                kind?: "certificate";
                certificate?: string | null;
                privateKey?: string | components["schemas"]["SecretMask"] | null;
                passphrase?: string | components["schemas"]["SecretMask"] | null;
            } | {
                /** @constant */
                kind?: "none";
            } | null;
            user?: string | null;
            catalog?: string | null;
            schema?: string | null;
            roles?: {
                /**
                 * Catalog
                 * @description Whose role it is; system for a role of the cluster. `system` unless given.
                 */
                catalog?: string;
                /**
                 * Role
                 * @example analyst
                 */
                role: string;
            }[] | null;
            session?: {
                /**
                 * Name
                 * @example query_max_run_time
                 */
                name: string;
                /**
                 * Value
                 * @example 10m
                 */
                value: string;
            }[] | null;
            clientTags?: string | null;
            tls?: components["schemas"]["TlsVerifyChange"] | components["schemas"]["TlsRequireChange"] | components["schemas"]["TlsOffChange"] | null;
            tunnel?: components["schemas"]["TunnelNoneChange"] | components["schemas"]["TunnelSshChange"] | null;
        };
        /** Trino */
        TrinoConnector: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "trino";
            config: components["schemas"]["TrinoConfig"];
        };
        /** Trino */
        TrinoConnectorChange: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "trino";
            config: components["schemas"]["TrinoConfigChange"];
        };
        /** Direct */
        TunnelNone: {
            /** @constant */
            kind: "none";
        };
        /**
         * Direct
         * @description `none` unless given.
         */
        TunnelNoneChange: {
            /** @constant */
            kind?: "none";
        };
        /** Through an SSH bastion */
        TunnelSsh: {
            /** @constant */
            kind: "ssh";
            /**
             * Bastion host
             * Format: hostname
             * @example bastion.example.com
             */
            host: string;
            /**
             * Bastion port
             * @description `22` unless given.
             */
            port?: number;
            /** Bastion user */
            user: string;
            /**
             * Host key
             * @description The bastion's fingerprint, as `ssh-keygen -lf` prints it; another key is refused.
             * @example SHA256:uNiVztksCsDhcc0u9e8BrrJXVGYPyRhVzJqA1VfhfwU
             */
            hostKey: string;
            /** Bastion login */
            auth: components["schemas"]["AuthKey"] | components["schemas"]["AuthPassword"];
        };
        /**
         * Through an SSH bastion
         * @description `none` unless given.
         */
        TunnelSshChange: {
            /** @constant */
            kind?: "ssh";
            host?: string | null;
            port?: number | null;
            user?: string | null;
            hostKey?: string | null;
            auth?: components["schemas"]["AuthKeyChange"] | components["schemas"]["AuthPasswordChange"] | null;
        };
        TypedConfig: components["schemas"]["PostgresConnector"] | components["schemas"]["MysqlConnector"] | components["schemas"]["MssqlConnector"] | components["schemas"]["HttpConnector"] | components["schemas"]["SnowflakeConnector"] | components["schemas"]["DatabricksConnector"] | components["schemas"]["RedshiftConnector"] | components["schemas"]["SinglestoreConnector"] | components["schemas"]["ClickhouseConnector"] | components["schemas"]["TrinoConnector"] | components["schemas"]["FireboltConnector"] | components["schemas"]["AthenaConnector"] | components["schemas"]["BigqueryConnector"] | components["schemas"]["S3Connector"] | components["schemas"]["GcsConnector"] | components["schemas"]["AzureBlobConnector"] | components["schemas"]["SftpConnector"] | components["schemas"]["CsvConnector"] | components["schemas"]["WebhookConnector"];
        TypedConfigChange: components["schemas"]["PostgresConnectorChange"] | components["schemas"]["MysqlConnectorChange"] | components["schemas"]["MssqlConnectorChange"] | components["schemas"]["HttpConnectorChange"] | components["schemas"]["SnowflakeConnectorChange"] | components["schemas"]["DatabricksConnectorChange"] | components["schemas"]["RedshiftConnectorChange"] | components["schemas"]["SinglestoreConnectorChange"] | components["schemas"]["ClickhouseConnectorChange"] | components["schemas"]["TrinoConnectorChange"] | components["schemas"]["FireboltConnectorChange"] | components["schemas"]["AthenaConnectorChange"] | components["schemas"]["BigqueryConnectorChange"] | components["schemas"]["S3ConnectorChange"] | components["schemas"]["GcsConnectorChange"] | components["schemas"]["AzureBlobConnectorChange"] | components["schemas"]["SftpConnectorChange"] | components["schemas"]["CsvConnectorChange"] | components["schemas"]["WebhookConnectorChange"];
        UnsavedTestInput: {
            /** @description The time limit, in milliseconds */
            timeoutMs?: number;
        } & (components["schemas"]["PostgresConnector"] | components["schemas"]["MysqlConnector"] | components["schemas"]["MssqlConnector"] | components["schemas"]["HttpConnector"] | components["schemas"]["SnowflakeConnector"] | components["schemas"]["DatabricksConnector"] | components["schemas"]["RedshiftConnector"] | components["schemas"]["SinglestoreConnector"] | components["schemas"]["ClickhouseConnector"] | components["schemas"]["TrinoConnector"] | components["schemas"]["FireboltConnector"] | components["schemas"]["AthenaConnector"] | components["schemas"]["BigqueryConnector"] | components["schemas"]["S3Connector"] | components["schemas"]["GcsConnector"] | components["schemas"]["AzureBlobConnector"] | components["schemas"]["SftpConnector"] | components["schemas"]["CsvConnector"] | components["schemas"]["WebhookConnector"]);
        Upload: {
            /** Format: uuid */
            id: string;
            name: string;
            bytes: number;
            sha256: string;
            /** Format: date-time */
            createdAt: string;
            /** @description The names of the connectors that read it */
            usedBy: string[];
        };
        UploadList: {
            data: components["schemas"]["Upload"][];
            nextCursor: string | null;
            /** @description The number of matching items on all pages */
            total: number;
        };
        User: {
            /** Format: uuid */
            id: string;
            email: string;
            name: string;
            /** @description null: not a member of this workspace; only operators see such users */
            role: components["schemas"]["Role"] | null;
            scope: components["schemas"]["Scope"] | null;
            /** Format: date-time */
            createdAt: string;
            disabledAt: string | null;
            lastLoginAt: string | null;
            /** @description The password that the hub generated; shown only once */
            password?: string;
        };
        UserInput: {
            email: string;
            role: components["schemas"]["Role"];
            name?: string;
            password?: string;
            /** @description Limits the caller to these connectors, by name or id; only for the roles viewer and use */
            connectors?: string[];
            /** @description Limits the caller to connectors with one of these labels, as key:value; only for the roles viewer and use */
            labels?: string[];
        };
        UserList: {
            data: components["schemas"]["User"][];
            nextCursor: string | null;
            /** @description The number of matching items on all pages */
            total: number;
        };
        UserPatch: {
            name?: string;
            role?: components["schemas"]["Role"];
            connectors?: string[] | null;
            labels?: string[] | null;
            /** @description For operators: disables the login on the whole hub, and ends its sessions */
            disabled?: boolean;
        };
        Version: {
            version: number;
            /**
             * @description `recorded`: the state in which the hub found the connector when it began to keep versions
             * @enum {string}
             */
            kind: "recorded" | "created" | "changed" | "restored" | "switched" | "rolled_back";
            of: number | null;
            author: {
                id: string;
                name: string | null;
            } | null;
            /** Format: date-time */
            at: string;
            changes: components["schemas"]["ConnectorChange"][];
        };
        VersionList: {
            data: components["schemas"]["Version"][];
            nextCursor: string | null;
            /** @description The number of matching items on all pages */
            total: number;
        };
        WantedConnector: {
            name: components["schemas"]["Name"];
            was?: components["schemas"]["Name"];
            title?: string;
            description?: string;
            labels?: components["schemas"]["Labels"];
            purpose?: components["schemas"]["Purpose"] | null;
            limits?: components["schemas"]["Limits"] | null;
            /** @description Stores a config that lacks required fields */
            draft?: boolean;
            /** @description false stores the connector switched off */
            enabled?: boolean;
            check?: components["schemas"]["CheckInput"] | null;
        } & (components["schemas"]["PostgresConnectorChange"] | components["schemas"]["MysqlConnectorChange"] | components["schemas"]["MssqlConnectorChange"] | components["schemas"]["HttpConnectorChange"] | components["schemas"]["SnowflakeConnectorChange"] | components["schemas"]["DatabricksConnectorChange"] | components["schemas"]["RedshiftConnectorChange"] | components["schemas"]["SinglestoreConnectorChange"] | components["schemas"]["ClickhouseConnectorChange"] | components["schemas"]["TrinoConnectorChange"] | components["schemas"]["FireboltConnectorChange"] | components["schemas"]["AthenaConnectorChange"] | components["schemas"]["BigqueryConnectorChange"] | components["schemas"]["S3ConnectorChange"] | components["schemas"]["GcsConnectorChange"] | components["schemas"]["AzureBlobConnectorChange"] | components["schemas"]["SftpConnectorChange"] | components["schemas"]["CsvConnectorChange"] | components["schemas"]["WebhookConnectorChange"]);
        Webhook: {
            /** Format: uuid */
            id: string;
            url: string;
            description: string;
            events: components["schemas"]["EventType"][];
            secret: {
                /** @constant */
                set: true;
                fingerprint: string;
            };
            enabled: boolean;
            disabled: {
                /** Format: date-time */
                at: string;
                reason: string;
            } | null;
            failingSince: string | null;
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            updatedAt: string;
        };
        WebhookConfig: {
            /**
             * URL
             * Format: uri
             * @description Stored and shown as it is; a secret belongs in Authentication, Signature or Headers.
             * @example https://example.com/hooks/orders
             */
            url: string;
            /**
             * Method
             * @description `POST` unless given.
             * @enum {string}
             */
            method?: "POST" | "PUT" | "PATCH";
            /** Headers */
            headers?: components["schemas"]["TokenParametersEntry"][];
            /**
             * Authentication
             * @description `none` unless given.
             */
            auth?: components["schemas"]["AuthNone"] | components["schemas"]["AuthBasic"] | components["schemas"]["AuthBearer"] | components["schemas"]["AuthHeader"] | components["schemas"]["AuthQuery"] | components["schemas"]["AuthOauth2Client"];
            /**
             * Signature
             * @description Every request and every retry is signed when it is sent. `none` unless given.
             */
            signing?: components["schemas"]["AuthNone"] | {
                /** @constant */
                kind: "standard";
                /**
                 * Signing secret
                 * Format: password
                 * @description whsec_ and base64, as the receiver shows it.
                 */
                secret: string;
                /**
                 * Previous signing secret
                 * Format: password
                 * @description While the receiver changes to a new secret: each request is signed with both.
                 */
                previousSecret?: string;
            } | {
                /** @constant */
                kind: "hmac";
                /**
                 * Key
                 * Format: password
                 */
                key: string;
                /**
                 * The key is
                 * @description `text` unless given.
                 * @enum {string}
                 */
                keyEncoding?: "text" | "hex" | "base64";
                /**
                 * Algorithm
                 * @description `sha256` unless given.
                 * @enum {string}
                 */
                algorithm?: "sha256" | "sha512";
                /**
                 * Signed
                 * @description The timestamp is sent only if it is signed. `body` unless given.
                 * @enum {string}
                 */
                signed?: "body" | "timestamp.body";
                /**
                 * The signature is
                 * @description `hex` unless given.
                 * @enum {string}
                 */
                encoding?: "hex" | "base64";
                /**
                 * Signature header
                 * @description `X-Signature` unless given.
                 */
                header?: string;
                /**
                 * Before the signature
                 * @example sha256=
                 */
                prefix?: string;
                /**
                 * Timestamp header
                 * @description `X-Timestamp` unless given.
                 */
                timestampHeader?: string;
                /**
                 * The timestamp is
                 * @description `seconds` unless given.
                 * @enum {string}
                 */
                timestamp?: "seconds" | "milliseconds" | "iso";
            };
            /**
             * Idempotency header
             * @description Its value is the same each time that the same rows are sent again; Standard Webhooks' webhook-id has that value too. `Idempotency-Key` unless given.
             */
            idempotencyHeader?: string;
            /**
             * Body
             * @description `row` unless given.
             */
            body?: {
                /** @constant */
                kind: "row";
            } | {
                /** @constant */
                kind: "list";
                /**
                 * Rows of a request
                 * @description At most; the last request of a batch has the rest. `100` unless given.
                 */
                most?: number;
            } | {
                /** @constant */
                kind: "object";
                /**
                 * Rows of a request
                 * @description At most; the last request of a batch has the rest. `100` unless given.
                 */
                most?: number;
                /**
                 * Member
                 * @description `rows` unless given.
                 */
                member?: string;
            };
            /**
             * Success statuses
             * @description Default: 200-299. A listed status is never a failure.
             * @example 200-299, 404
             */
            successStatuses?: string;
            /**
             * Retries
             * @description The number of retries after a retryable status or a broken connection; Retry-After is respected. `2` unless given.
             */
            retries?: number;
            /**
             * Statuses to retry
             * @description `408, 425, 429, 500-599` unless given.
             */
            retryStatuses?: string;
            /**
             * Test request
             * @description OPTIONS, and HEAD if the receiver does not answer that; or HEAD alone. A test sends no other method, and no rows. `options` unless given.
             * @enum {string}
             */
            probe?: "options" | "head";
            /**
             * TLS
             * @description Only for https URLs. `verify` unless given.
             */
            tls?: {
                /** @constant */
                kind: "verify";
                /**
                 * CA certificate
                 * @description PEM of a private authority; without it the system's roots decide.
                 */
                ca?: string;
            } | {
                /** @constant */
                kind: "require";
            };
            /**
             * SSH tunnel
             * @description `none` unless given.
             */
            tunnel?: components["schemas"]["TunnelNone"] | components["schemas"]["TunnelSsh"];
        };
        WebhookConfigChange: {
            url?: string | null;
            method?: ("POST" | "PUT" | "PATCH") | null;
            headers?: components["schemas"]["TokenParametersEntryChange"][] | null;
            auth?: components["schemas"]["AuthNoneChange"] | components["schemas"]["AuthBasicChange"] | components["schemas"]["AuthBearerChange"] | components["schemas"]["AuthHeaderChange"] | components["schemas"]["AuthQueryChange"] | components["schemas"]["AuthOauth2ClientChange"] | null;
            signing?: {
                /** @constant */
                kind?: "none";
            } | {
                /** @constant */
                kind?: "standard";
                secret?: string | components["schemas"]["SecretMask"] | null;
                previousSecret?: string | components["schemas"]["SecretMask"] | null;
            } | {
                /** @constant */
                kind?: "hmac";
                key?: string | components["schemas"]["SecretMask"] | null;
                keyEncoding?: ("text" | "hex" | "base64") | null;
                algorithm?: ("sha256" | "sha512") | null;
                signed?: ("body" | "timestamp.body") | null;
                encoding?: ("hex" | "base64") | null;
                header?: string | null;
                prefix?: string | null;
                timestampHeader?: string | null;
                timestamp?: ("seconds" | "milliseconds" | "iso") | null;
            } | null;
            idempotencyHeader?: string | null;
            body?: {
                /** @constant */
                kind?: "row";
            } | {
                /** @constant */
                kind?: "list";
                most?: number | null;
            } | {
                /** @constant */
                kind?: "object";
                most?: number | null;
                member?: string | null;
            } | null;
            successStatuses?: string | null;
            retries?: number | null;
            retryStatuses?: string | null;
            probe?: ("options" | "head") | null;
            tls?: {
                /** @constant */
                kind?: "verify";
                ca?: string | null;
            } | {
                /** @constant */
                kind?: "require";
            } | null;
            tunnel?: components["schemas"]["TunnelNoneChange"] | components["schemas"]["TunnelSshChange"] | null;
        };
        /** Webhook */
        WebhookConnector: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "webhook";
            config: components["schemas"]["WebhookConfig"];
        };
        /** Webhook */
        WebhookConnectorChange: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "webhook";
            config: components["schemas"]["WebhookConfigChange"];
        };
        WebhookInput: {
            /**
             * Format: uri
             * @description http or https; the egress policy applies to every delivery
             */
            url: string;
            description?: string;
            /** @description The events that the webhook receives */
            events: components["schemas"]["EventType"][];
        };
        WebhookList: {
            data: components["schemas"]["Webhook"][];
            nextCursor: string | null;
            /** @description The number of matching items on all pages */
            total: number;
        };
        WebhookPatch: {
            /**
             * Format: uri
             * @description http or https; the egress policy applies to every delivery
             */
            url?: string;
            description?: string;
            /** @description The events that the webhook receives */
            events?: components["schemas"]["EventType"][];
            /** @description true switches the webhook on again and sends its pending deliveries */
            enabled?: boolean;
        };
        WholeVersion: {
            version: number;
            /**
             * @description `recorded`: the state in which the hub found the connector when it began to keep versions
             * @enum {string}
             */
            kind: "recorded" | "created" | "changed" | "restored" | "switched" | "rolled_back";
            of: number | null;
            author: {
                id: string;
                name: string | null;
            } | null;
            /** Format: date-time */
            at: string;
            changes: components["schemas"]["ConnectorChange"][];
            connector: components["schemas"]["PastConnector"];
        };
        Workspace: {
            /** Format: uuid */
            id: string;
            serial: number;
            name: string;
            title: string;
            /** Format: date-time */
            createdAt: string;
            plan: components["schemas"]["Plan"];
        };
        WorkspaceInput: {
            name: components["schemas"]["Name"];
            title?: string;
        };
        WorkspaceList: {
            data: components["schemas"]["Workspace"][];
            nextCursor: string | null;
            /** @description The number of matching items on all pages */
            total: number;
        };
        WorkspacePatch: {
            name?: components["schemas"]["Name"];
            title?: string;
            plan?: components["schemas"]["PlanPatch"];
        };
    };
    responses: {
        /** @description The request was refused */
        Refused: {
            headers: {
                "x-request-id": components["headers"]["RequestId"];
                "retry-after": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The hub, or the system behind a connector, failed */
        Failed: {
            headers: {
                "x-request-id": components["headers"]["RequestId"];
                "retry-after": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: {
        /**
         * @description The id or the name of a connector
         * @example my-postgres
         */
        connector: string;
        /** @description `nextCursor` of the page before */
        cursor: string;
        /**
         * @description The id
         * @example 0f9d6c1e-5a3b-4f0e-9a55-3b1f0d4c7e21
         */
        id: string;
        /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not executed twice; 1 to 255 printable ASCII characters */
        idempotencyKey: string;
        /** @description The ETag of the version that the change is for; 412 when the version is no longer the newest */
        ifMatch: string;
        /** @description Items per page */
        limit: number;
        /**
         * @description The id or the e-mail address of a user
         * @example ada@example.com
         */
        user: string;
        /**
         * @description The id or the name of a workspace
         * @example main
         */
        workspace: string;
    };
    requestBodies: never;
    headers: {
        /** @description Names the request in the hub's log, and in a problem document */
        RequestId: string;
        /** @description The version; send it as If-Match with a change */
        ETag: string;
        /** @description The path of the new resource */
        Location: string;
        /** @description Seconds to wait before the request is repeated; sent when repeating it may help */
        RetryAfter: string;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    listConnectors: {
        parameters: {
            query?: {
                /** @description Items per page */
                limit?: components["parameters"]["limit"];
                /** @description `nextCursor` of the page before */
                cursor?: components["parameters"]["cursor"];
                type?: string;
                status?: components["schemas"]["ConnectorStatus"];
                /** @description A label, as key:value */
                label?: string;
                /** @description Found in name, title or description */
                q?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConnectorList"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    createConnector: {
        parameters: {
            query?: never;
            header?: {
                /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not executed twice; 1 to 255 printable ASCII characters */
                "idempotency-key"?: components["parameters"]["idempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ConnectorInput"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    etag: components["headers"]["ETag"];
                    location: components["headers"]["Location"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Connector"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    compareConnector: {
        parameters: {
            query?: never;
            header?: {
                /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not executed twice; 1 to 255 printable ASCII characters */
                "idempotency-key"?: components["parameters"]["idempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WantedConnector"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Comparison"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    testConnectorConfig: {
        parameters: {
            query?: never;
            header?: {
                /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not executed twice; 1 to 255 printable ASCII characters */
                "idempotency-key"?: components["parameters"]["idempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UnsavedTestInput"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TestReport"];
                    "application/x-ndjson": string;
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    getConnector: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                id: components["parameters"]["connector"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    etag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Connector"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    deleteConnector: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of the version that the change is for; 412 when the version is no longer the newest */
                "if-match"?: components["parameters"]["ifMatch"];
            };
            path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                id: components["parameters"]["connector"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; the answer has no body */
            204: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    updateConnector: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of the version that the change is for; 412 when the version is no longer the newest */
                "if-match"?: components["parameters"]["ifMatch"];
            };
            path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                id: components["parameters"]["connector"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ConnectorPatch"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    etag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Connector"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    testConnector: {
        parameters: {
            query?: never;
            header?: {
                /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not executed twice; 1 to 255 printable ASCII characters */
                "idempotency-key"?: components["parameters"]["idempotencyKey"];
            };
            path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                id: components["parameters"]["connector"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["TestInput"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TestReport"];
                    "application/x-ndjson": string;
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    listConnectorTypes: {
        parameters: {
            query?: {
                /** @description Items per page */
                limit?: components["parameters"]["limit"];
                /** @description `nextCursor` of the page before */
                cursor?: components["parameters"]["cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConnectorTypeList"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    getConnectorType: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The name of a connector type
                 * @example postgres
                 */
                type: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConnectorType"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    getCredentials: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                id: components["parameters"]["connector"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Credentials"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    stageCredentials: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of the version that the change is for; 412 when the version is no longer the newest */
                "if-match"?: components["parameters"]["ifMatch"];
            };
            path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                id: components["parameters"]["connector"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CredentialsInput"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Credentials"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    discardCredentials: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                id: components["parameters"]["connector"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; the answer has no body */
            204: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    testCredentials: {
        parameters: {
            query?: never;
            header?: {
                /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not executed twice; 1 to 255 printable ASCII characters */
                "idempotency-key"?: components["parameters"]["idempotencyKey"];
            };
            path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                id: components["parameters"]["connector"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["TestInput"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TestReport"];
                    "application/x-ndjson": string;
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    switchCredentials: {
        parameters: {
            query?: never;
            header?: {
                /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not executed twice; 1 to 255 printable ASCII characters */
                "idempotency-key"?: components["parameters"]["idempotencyKey"];
                /** @description The ETag of the version that the change is for; 412 when the version is no longer the newest */
                "if-match"?: components["parameters"]["ifMatch"];
            };
            path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                id: components["parameters"]["connector"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["SwitchInput"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    etag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Connector"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    rollBackCredentials: {
        parameters: {
            query?: never;
            header?: {
                /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not executed twice; 1 to 255 printable ASCII characters */
                "idempotency-key"?: components["parameters"]["idempotencyKey"];
                /** @description The ETag of the version that the change is for; 412 when the version is no longer the newest */
                "if-match"?: components["parameters"]["ifMatch"];
            };
            path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                id: components["parameters"]["connector"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    etag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Connector"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    listVersions: {
        parameters: {
            query?: {
                /** @description Items per page */
                limit?: components["parameters"]["limit"];
                /** @description `nextCursor` of the page before */
                cursor?: components["parameters"]["cursor"];
            };
            header?: never;
            path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                id: components["parameters"]["connector"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VersionList"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    getVersion: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                id: components["parameters"]["connector"];
                /**
                 * @description The number of a version
                 * @example 1
                 */
                version: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WholeVersion"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    restoreVersion: {
        parameters: {
            query?: never;
            header?: {
                /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not executed twice; 1 to 255 printable ASCII characters */
                "idempotency-key"?: components["parameters"]["idempotencyKey"];
                /** @description The ETag of the version that the change is for; 412 when the version is no longer the newest */
                "if-match"?: components["parameters"]["ifMatch"];
            };
            path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                id: components["parameters"]["connector"];
                /**
                 * @description The number of a version
                 * @example 1
                 */
                version: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    etag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Connector"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    discoverCatalog: {
        parameters: {
            query?: never;
            header?: {
                /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not executed twice; 1 to 255 printable ASCII characters */
                "idempotency-key"?: components["parameters"]["idempotencyKey"];
            };
            path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                id: components["parameters"]["connector"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["DiscoverInput"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Catalog"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    getCatalog: {
        parameters: {
            query?: {
                /** @description Items per page */
                limit?: components["parameters"]["limit"];
                /** @description `nextCursor` of the page before */
                cursor?: components["parameters"]["cursor"];
                /** @description Found in a path or in the name of a column */
                search?: string;
                /** @description A version of the catalog; the newest unless given */
                version?: number;
            };
            header?: never;
            path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                id: components["parameters"]["connector"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Catalog"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    listCatalogVersions: {
        parameters: {
            query?: {
                /** @description Items per page */
                limit?: components["parameters"]["limit"];
                /** @description `nextCursor` of the page before */
                cursor?: components["parameters"]["cursor"];
            };
            header?: never;
            path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                id: components["parameters"]["connector"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CatalogVersionList"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    listSkippedStreams: {
        parameters: {
            query?: {
                /** @description Items per page */
                limit?: components["parameters"]["limit"];
                /** @description `nextCursor` of the page before */
                cursor?: components["parameters"]["cursor"];
                /** @description A version of the catalog; the newest unless given */
                version?: number;
            };
            header?: never;
            path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                id: components["parameters"]["connector"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SkippedStreamList"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    diffCatalogs: {
        parameters: {
            query?: {
                /** @description Items per page */
                limit?: components["parameters"]["limit"];
                /** @description `nextCursor` of the page before */
                cursor?: components["parameters"]["cursor"];
                from?: number;
                to?: number;
            };
            header?: never;
            path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                id: components["parameters"]["connector"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CatalogDiff"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    queryConnector: {
        parameters: {
            query?: never;
            header?: {
                /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not executed twice; 1 to 255 printable ASCII characters */
                "idempotency-key"?: components["parameters"]["idempotencyKey"];
            };
            path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                id: components["parameters"]["connector"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["QueryInput"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Rows"];
                    "application/x-ndjson": string;
                    "text/csv": string;
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    dryRunQuery: {
        parameters: {
            query?: never;
            header?: {
                /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not executed twice; 1 to 255 printable ASCII characters */
                "idempotency-key"?: components["parameters"]["idempotencyKey"];
            };
            path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                id: components["parameters"]["connector"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DryRunInput"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DryRun"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    readRows: {
        parameters: {
            query: {
                /**
                 * @description The path of the stream, as a JSON array
                 * @example ["public","orders"]
                 */
                stream: string;
                /**
                 * @description The columns wanted, in this order, as a JSON array; all by default
                 * @example ["id","total"]
                 */
                columns?: string;
                /** @description Rows of a JSON page, 20 by default and at most 10,000; when streamed, rows in all, by default every one. A page has more if rows share a key that the system does not enforce, and fewer if they are long */
                limit?: number;
                /** @description The `nextCursor` of a page, or a cursor of a stream of the same path: the rows after it */
                cursor?: string;
                /** @description The time limit, in milliseconds. For the whole of a JSON page; for each batch of a stream */
                timeoutMs?: number;
                /** @description NDJSON: a line `{"$cursor": …}` after each batch that can be resumed there */
                cursors?: boolean;
                /** @description CSV: leave out records of a file that are not rows, instead of ending the answer */
                skipRejected?: boolean;
            };
            header?: never;
            path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                id: components["parameters"]["connector"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RowsPage"];
                    "application/x-ndjson": string;
                    "text/csv": string;
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    callConnector: {
        parameters: {
            query?: never;
            header?: {
                /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not executed twice; 1 to 255 printable ASCII characters */
                "idempotency-key"?: components["parameters"]["idempotencyKey"];
            };
            path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                id: components["parameters"]["connector"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["CallInput"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CallAnswer"] | components["schemas"]["PreparedRequest"];
                    "application/x-ndjson": string;
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    getCallParameters: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                id: components["parameters"]["connector"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CallParameter"][];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    getWorkspaceMetrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    listChecks: {
        parameters: {
            query?: {
                /** @description Items per page */
                limit?: components["parameters"]["limit"];
                /** @description `nextCursor` of the page before */
                cursor?: components["parameters"]["cursor"];
                state?: components["schemas"]["HealthState"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CheckList"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    getCheck: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                id: components["parameters"]["connector"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Check"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    setCheck: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                id: components["parameters"]["connector"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CheckInput"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Check"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    deleteCheck: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                id: components["parameters"]["connector"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; the answer has no body */
            204: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    listCheckResults: {
        parameters: {
            query?: {
                /** @description Items per page */
                limit?: components["parameters"]["limit"];
                /** @description `nextCursor` of the page before */
                cursor?: components["parameters"]["cursor"];
            };
            header?: never;
            path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                id: components["parameters"]["connector"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CheckResultList"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    listWebhooks: {
        parameters: {
            query?: {
                /** @description Items per page */
                limit?: components["parameters"]["limit"];
                /** @description `nextCursor` of the page before */
                cursor?: components["parameters"]["cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookList"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    createWebhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not executed twice; 1 to 255 printable ASCII characters */
                "idempotency-key"?: components["parameters"]["idempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookInput"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    location: components["headers"]["Location"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewWebhook"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    getWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id
                 * @example 0f9d6c1e-5a3b-4f0e-9a55-3b1f0d4c7e21
                 */
                id: components["parameters"]["id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Webhook"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    deleteWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id
                 * @example 0f9d6c1e-5a3b-4f0e-9a55-3b1f0d4c7e21
                 */
                id: components["parameters"]["id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; the answer has no body */
            204: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    updateWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id
                 * @example 0f9d6c1e-5a3b-4f0e-9a55-3b1f0d4c7e21
                 */
                id: components["parameters"]["id"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["WebhookPatch"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Webhook"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    pingWebhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not executed twice; 1 to 255 printable ASCII characters */
                "idempotency-key"?: components["parameters"]["idempotencyKey"];
            };
            path: {
                /**
                 * @description The id
                 * @example 0f9d6c1e-5a3b-4f0e-9a55-3b1f0d4c7e21
                 */
                id: components["parameters"]["id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Accepted */
            202: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Delivery"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    listDeliveries: {
        parameters: {
            query?: {
                /** @description Items per page */
                limit?: components["parameters"]["limit"];
                /** @description `nextCursor` of the page before */
                cursor?: components["parameters"]["cursor"];
            };
            header?: never;
            path: {
                /**
                 * @description The id
                 * @example 0f9d6c1e-5a3b-4f0e-9a55-3b1f0d4c7e21
                 */
                id: components["parameters"]["id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeliveryList"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    redeliver: {
        parameters: {
            query?: never;
            header?: {
                /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not executed twice; 1 to 255 printable ASCII characters */
                "idempotency-key"?: components["parameters"]["idempotencyKey"];
            };
            path: {
                /**
                 * @description The id
                 * @example 0f9d6c1e-5a3b-4f0e-9a55-3b1f0d4c7e21
                 */
                id: components["parameters"]["id"];
                /** @description The id of a delivery */
                delivery: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Accepted */
            202: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Delivery"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    listUploads: {
        parameters: {
            query?: {
                /** @description Items per page */
                limit?: components["parameters"]["limit"];
                /** @description `nextCursor` of the page before */
                cursor?: components["parameters"]["cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UploadList"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    createUpload: {
        parameters: {
            query?: {
                /** @description The file's name, without a path or control characters */
                name?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/octet-stream": string;
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    location: components["headers"]["Location"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Upload"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    getUpload: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id
                 * @example 0f9d6c1e-5a3b-4f0e-9a55-3b1f0d4c7e21
                 */
                id: components["parameters"]["id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Upload"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    deleteUpload: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id
                 * @example 0f9d6c1e-5a3b-4f0e-9a55-3b1f0d4c7e21
                 */
                id: components["parameters"]["id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; the answer has no body */
            204: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    listSessions: {
        parameters: {
            query?: {
                /** @description Items per page */
                limit?: components["parameters"]["limit"];
                /** @description `nextCursor` of the page before */
                cursor?: components["parameters"]["cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LiveSessionList"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    logIn: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Login"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    logOut: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; the answer has no body */
            204: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    endSession: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id
                 * @example 0f9d6c1e-5a3b-4f0e-9a55-3b1f0d4c7e21
                 */
                id: components["parameters"]["id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; the answer has no body */
            204: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    getMe: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Me"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    updateMe: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MePatch"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Me"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    changePassword: {
        parameters: {
            query?: never;
            header?: {
                /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not executed twice; 1 to 255 printable ASCII characters */
                "idempotency-key"?: components["parameters"]["idempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OwnPassword"];
            };
        };
        responses: {
            /** @description Done; the answer has no body */
            204: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    listUsers: {
        parameters: {
            query?: {
                /** @description Items per page */
                limit?: components["parameters"]["limit"];
                /** @description `nextCursor` of the page before */
                cursor?: components["parameters"]["cursor"];
                /** @description Found in names */
                q?: string;
                role?: components["schemas"]["Role"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserList"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    createUser: {
        parameters: {
            query?: never;
            header?: {
                /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not executed twice; 1 to 255 printable ASCII characters */
                "idempotency-key"?: components["parameters"]["idempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UserInput"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    location: components["headers"]["Location"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    getUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id or the e-mail address of a user
                 * @example ada@example.com
                 */
                id: components["parameters"]["user"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    removeUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id or the e-mail address of a user
                 * @example ada@example.com
                 */
                id: components["parameters"]["user"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; the answer has no body */
            204: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    updateUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id or the e-mail address of a user
                 * @example ada@example.com
                 */
                id: components["parameters"]["user"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UserPatch"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    setPassword: {
        parameters: {
            query?: never;
            header?: {
                /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not executed twice; 1 to 255 printable ASCII characters */
                "idempotency-key"?: components["parameters"]["idempotencyKey"];
            };
            path: {
                /**
                 * @description The id or the e-mail address of a user
                 * @example ada@example.com
                 */
                id: components["parameters"]["user"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["PasswordInput"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PasswordSet"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    listUserSessions: {
        parameters: {
            query?: {
                /** @description Items per page */
                limit?: components["parameters"]["limit"];
                /** @description `nextCursor` of the page before */
                cursor?: components["parameters"]["cursor"];
            };
            header?: never;
            path: {
                /**
                 * @description The id or the e-mail address of a user
                 * @example ada@example.com
                 */
                id: components["parameters"]["user"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LiveSessionList"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    endUserSessions: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id or the e-mail address of a user
                 * @example ada@example.com
                 */
                id: components["parameters"]["user"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; the answer has no body */
            204: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    listKeys: {
        parameters: {
            query?: {
                /** @description Items per page */
                limit?: components["parameters"]["limit"];
                /** @description `nextCursor` of the page before */
                cursor?: components["parameters"]["cursor"];
                /** @description Found in names */
                q?: string;
                role?: components["schemas"]["Role"];
                /** @description live unless given */
                status?: "live" | "expired" | "revoked" | "all";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeyList"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    createKey: {
        parameters: {
            query?: never;
            header?: {
                /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not executed twice; 1 to 255 printable ASCII characters */
                "idempotency-key"?: components["parameters"]["idempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["KeyInput"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    location: components["headers"]["Location"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewKey"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    getKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id
                 * @example 0f9d6c1e-5a3b-4f0e-9a55-3b1f0d4c7e21
                 */
                id: components["parameters"]["id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Key"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    revokeKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id
                 * @example 0f9d6c1e-5a3b-4f0e-9a55-3b1f0d4c7e21
                 */
                id: components["parameters"]["id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; the answer has no body */
            204: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    updateKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id
                 * @example 0f9d6c1e-5a3b-4f0e-9a55-3b1f0d4c7e21
                 */
                id: components["parameters"]["id"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["KeyPatch"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Key"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    rotateKey: {
        parameters: {
            query?: never;
            header?: {
                /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not executed twice; 1 to 255 printable ASCII characters */
                "idempotency-key"?: components["parameters"]["idempotencyKey"];
            };
            path: {
                /**
                 * @description The id
                 * @example 0f9d6c1e-5a3b-4f0e-9a55-3b1f0d4c7e21
                 */
                id: components["parameters"]["id"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["KeyRotation"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    location: components["headers"]["Location"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RotatedKey"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    listWorkspaces: {
        parameters: {
            query?: {
                /** @description Items per page */
                limit?: components["parameters"]["limit"];
                /** @description `nextCursor` of the page before */
                cursor?: components["parameters"]["cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorkspaceList"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    createWorkspace: {
        parameters: {
            query?: never;
            header?: {
                /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not executed twice; 1 to 255 printable ASCII characters */
                "idempotency-key"?: components["parameters"]["idempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WorkspaceInput"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    location: components["headers"]["Location"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewWorkspace"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    getWorkspace: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id or the name of a workspace
                 * @example main
                 */
                id: components["parameters"]["workspace"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Workspace"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    deleteWorkspace: {
        parameters: {
            query: {
                /**
                 * @description The workspace's name, repeated as a confirmation
                 * @example acme
                 */
                name: string;
            };
            header?: never;
            path: {
                /**
                 * @description The id or the name of a workspace
                 * @example main
                 */
                id: components["parameters"]["workspace"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; the answer has no body */
            204: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    updateWorkspace: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id or the name of a workspace
                 * @example main
                 */
                id: components["parameters"]["workspace"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WorkspacePatch"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Workspace"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    listAuditEntries: {
        parameters: {
            query?: {
                /** @description Items per page */
                limit?: components["parameters"]["limit"];
                /** @description `nextCursor` of the page before */
                cursor?: components["parameters"]["cursor"];
                /** @description The id or the name of the actor */
                actor?: string;
                /** @description noun.verb, or noun.* */
                action?: string;
                /** @description The id or the name of the target */
                target?: string;
                /** @description ISO 8601 with a zone; inclusive */
                from?: string;
                /** @description ISO 8601 with a zone; exclusive */
                to?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditEntryList"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    verifyAudit: {
        parameters: {
            query?: {
                /** @description The number of an end of the chain that the caller noted earlier */
                seq?: number;
                /** @description SHA-256 in hex */
                hash?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditVerdict"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    exportAudit: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    listEgressRules: {
        parameters: {
            query?: {
                /** @description Items per page */
                limit?: components["parameters"]["limit"];
                /** @description `nextCursor` of the page before */
                cursor?: components["parameters"]["cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EgressRuleList"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    createEgressRule: {
        parameters: {
            query?: never;
            header?: {
                /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not executed twice; 1 to 255 printable ASCII characters */
                "idempotency-key"?: components["parameters"]["idempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EgressInput"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EgressRule"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    deleteEgressRule: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id
                 * @example 0f9d6c1e-5a3b-4f0e-9a55-3b1f0d4c7e21
                 */
                id: components["parameters"]["id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; the answer has no body */
            204: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    getHealth: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    getReadiness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Readiness"];
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    getMetrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    getDescription: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: unknown;
                    };
                };
            };
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
}

type Fixed<T> = T extends readonly (infer Item)[] ? readonly Fixed<Item>[] : T extends object ? { readonly [Name in keyof T]: Fixed<T[Name]> } : T;

/** The named types, readonly throughout: `Wire["Connector"]`. */
export type Wire = Fixed<components["schemas"]>;
