// The types of the API's wire, made from docs/openapi.json by `npm run gen`; edit the schemas in src/api/schemas instead.

export interface paths {
    readonly "/v1/connectors": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List the connectors of the workspace, the oldest first
         * @description Takes the role viewer or a higher one.
         */
        readonly get: operations["listConnectors"];
        readonly put?: never;
        /**
         * Create a connector
         * @description Takes the role editor or a higher one.
         */
        readonly post: operations["createConnector"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/connectors/compare": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Show what storing a connector would change
         * @description Nothing is stored. The connector is found by its name. Takes the role editor or a higher one.
         */
        readonly post: operations["compareConnector"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/connectors/test": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Test a config without storing it
         * @description Takes the role editor or a higher one.
         */
        readonly post: operations["testConnectorConfig"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/connectors/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Get a connector
         * @description Takes the role viewer or a higher one.
         */
        readonly get: operations["getConnector"];
        readonly put?: never;
        readonly post?: never;
        /**
         * Delete a connector, its secrets and its catalogs
         * @description Takes the role editor or a higher one.
         */
        readonly delete: operations["deleteConnector"];
        readonly options?: never;
        readonly head?: never;
        /**
         * Change a connector
         * @description A field that is absent is kept, also within the config; null clears it; a secret that is sent back as it was shown is kept. Takes the role editor or a higher one.
         */
        readonly patch: operations["updateConnector"];
        readonly trace?: never;
    };
    readonly "/v1/connectors/{id}/test": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Test a connector, stage by stage
         * @description Takes the role editor or a higher one.
         */
        readonly post: operations["testConnector"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/connector-types": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List the connector types with capabilities, JSON Schema and fields
         * @description Takes the role viewer or a higher one.
         */
        readonly get: operations["listConnectorTypes"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/connector-types/{type}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Get a connector type
         * @description Takes the role viewer or a higher one.
         */
        readonly get: operations["getConnectorType"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/connectors/{id}/credentials": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Get the slots of a connector's credentials, secrets as fingerprints
         * @description Takes the role viewer or a higher one.
         */
        readonly get: operations["getCredentials"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/connectors/{id}/credentials/next": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        /**
         * Stage the next credentials
         * @description The connector goes on with the current ones until they are switched. Takes the role editor or a higher one.
         */
        readonly put: operations["stageCredentials"];
        readonly post?: never;
        /**
         * Discard the staged credentials
         * @description Takes the role editor or a higher one.
         */
        readonly delete: operations["discardCredentials"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/connectors/{id}/credentials/next/test": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Test a connector with its staged credentials
         * @description Takes the role editor or a higher one.
         */
        readonly post: operations["testCredentials"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/connectors/{id}/credentials/switch": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Make the staged credentials the current ones, as a new version
         * @description Takes the role editor or a higher one.
         */
        readonly post: operations["switchCredentials"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/connectors/{id}/credentials/rollback": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Bring back the credentials from before the last switch
         * @description Takes the role editor or a higher one.
         */
        readonly post: operations["rollBackCredentials"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/connectors/{id}/versions": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List the changes of a connector, the newest first
         * @description Takes the role viewer or a higher one.
         */
        readonly get: operations["listVersions"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/connectors/{id}/versions/{version}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Get a version, with the connector as it was then
         * @description Takes the role viewer or a higher one.
         */
        readonly get: operations["getVersion"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/connectors/{id}/versions/{version}/restore": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Bring back the config and the secrets of a version, as a new version
         * @description Takes the role editor or a higher one.
         */
        readonly post: operations["restoreVersion"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/connectors/{id}/discover": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Read the system's schema into a new version of the catalog
         * @description Takes the role editor or a higher one.
         */
        readonly post: operations["discoverCatalog"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/connectors/{id}/catalog": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Get a page of a catalog: the newest, or another version
         * @description Takes the role viewer or a higher one.
         */
        readonly get: operations["getCatalog"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/connectors/{id}/catalogs": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List the versions of a catalog, the newest first
         * @description Takes the role viewer or a higher one.
         */
        readonly get: operations["listCatalogVersions"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/connectors/{id}/catalog/skipped": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List what a catalog left out, with the reasons
         * @description Takes the role viewer or a higher one.
         */
        readonly get: operations["listSkippedStreams"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/connectors/{id}/catalog/diff": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List the changes between two versions of a catalog
         * @description Breaking changes are marked. Without `from` and `to`, the newest version is compared with the one before it. Takes the role viewer or a higher one.
         */
        readonly get: operations["diffCatalogs"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/connectors/{id}/query": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Run a read-only statement
         * @description Takes the role editor or a higher one.
         */
        readonly post: operations["queryConnector"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/connectors/{id}/rows": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Get the first rows of a stream, without SQL
         * @description Takes the role editor or a higher one.
         */
        readonly get: operations["previewRows"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/connectors/{id}/call": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Make one request through an HTTP connector
         * @description Takes the role editor or a higher one.
         */
        readonly post: operations["callConnector"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/connectors/{id}/inputs": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List the parameters that a call of an HTTP connector takes
         * @description Takes the role viewer or a higher one.
         */
        readonly get: operations["getCallParameters"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/metrics": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Get the states of the workspace's scheduled connectors, for Prometheus
         * @description Takes the role viewer or a higher one.
         */
        readonly get: operations["getWorkspaceMetrics"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/checks": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List the scheduled connectors with their states
         * @description Takes the role viewer or a higher one.
         */
        readonly get: operations["listChecks"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/connectors/{id}/check": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Get the schedule and the state of a connector
         * @description Takes the role viewer or a higher one.
         */
        readonly get: operations["getCheck"];
        /**
         * Schedule tests of a connector
         * @description A schedule that has stopped starts again. Takes the role editor or a higher one.
         */
        readonly put: operations["setCheck"];
        readonly post?: never;
        /**
         * End the schedule of a connector; its history stays
         * @description Takes the role editor or a higher one.
         */
        readonly delete: operations["deleteCheck"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/connectors/{id}/checks": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List the results of a connector's scheduled checks, the newest first
         * @description Takes the role viewer or a higher one.
         */
        readonly get: operations["listCheckResults"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/webhooks": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List the webhooks of the workspace
         * @description Takes the role admin.
         */
        readonly get: operations["listWebhooks"];
        readonly put?: never;
        /**
         * Create a webhook; its signing secret is shown this once
         * @description Takes the role admin.
         */
        readonly post: operations["createWebhook"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/webhooks/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Get a webhook
         * @description Takes the role admin.
         */
        readonly get: operations["getWebhook"];
        readonly put?: never;
        readonly post?: never;
        /**
         * Delete a webhook, with the deliveries that still wait
         * @description Takes the role admin.
         */
        readonly delete: operations["deleteWebhook"];
        readonly options?: never;
        readonly head?: never;
        /**
         * Change a webhook; an absent field is kept
         * @description Takes the role admin.
         */
        readonly patch: operations["updateWebhook"];
        readonly trace?: never;
    };
    readonly "/v1/webhooks/{id}/ping": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Send a test event
         * @description Takes the role admin.
         */
        readonly post: operations["pingWebhook"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/webhooks/{id}/deliveries": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List the deliveries of a webhook, sent or waiting, the newest first
         * @description Takes the role admin.
         */
        readonly get: operations["listDeliveries"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/webhooks/{id}/deliveries/{delivery}/redeliver": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Send a delivery again
         * @description Takes the role admin.
         */
        readonly post: operations["redeliver"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/uploads": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List the files of the workspace
         * @description Takes the role viewer or a higher one.
         */
        readonly get: operations["listUploads"];
        readonly put?: never;
        /**
         * Upload a file
         * @description The body is the file itself, with any content type except those of forms. Takes the role editor or a higher one.
         */
        readonly post: operations["createUpload"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/uploads/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Get a file's facts, without its bytes
         * @description Takes the role viewer or a higher one.
         */
        readonly get: operations["getUpload"];
        readonly put?: never;
        readonly post?: never;
        /**
         * Delete a file; refused while a connector reads it
         * @description Takes the role editor or a higher one.
         */
        readonly delete: operations["deleteUpload"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/sessions": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List your live sessions, the newest first
         * @description Takes the role viewer or a higher one.
         */
        readonly get: operations["listSessions"];
        readonly put?: never;
        /** Log in with e-mail address and password */
        readonly post: operations["logIn"];
        /**
         * Log out: end this session
         * @description Takes the role viewer or a higher one.
         */
        readonly delete: operations["logOut"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/sessions/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        readonly post?: never;
        /**
         * End one of your sessions
         * @description Takes the role viewer or a higher one.
         */
        readonly delete: operations["endSession"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/me": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Get the caller: name, workspace and role
         * @description Takes the role viewer or a higher one.
         */
        readonly get: operations["getMe"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        /**
         * Change your name
         * @description Takes the role viewer or a higher one.
         */
        readonly patch: operations["updateMe"];
        readonly trace?: never;
    };
    readonly "/v1/me/password": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Change your password; your other sessions end
         * @description Takes the role viewer or a higher one.
         */
        readonly post: operations["changePassword"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/users": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List the users of the workspace, the longest membership first
         * @description Takes the role admin.
         */
        readonly get: operations["listUsers"];
        readonly put?: never;
        /**
         * Add a user to the workspace
         * @description A password that the hub makes is shown this once. Takes the role admin.
         */
        readonly post: operations["createUser"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/users/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Get a user
         * @description Takes the role admin.
         */
        readonly get: operations["getUser"];
        readonly put?: never;
        readonly post?: never;
        /**
         * Remove a user from the workspace
         * @description Takes the role admin.
         */
        readonly delete: operations["removeUser"];
        readonly options?: never;
        readonly head?: never;
        /**
         * Change the role or the name of a user, or disable the login (operators only)
         * @description Takes the role admin.
         */
        readonly patch: operations["updateUser"];
        readonly trace?: never;
    };
    readonly "/v1/users/{id}/password": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Set the password of a user
         * @description Without a password in the request, the hub makes one and shows it this once. Takes the role admin.
         */
        readonly post: operations["setPassword"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/users/{id}/sessions": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List the live sessions of a user
         * @description Takes the role admin.
         */
        readonly get: operations["listUserSessions"];
        readonly put?: never;
        readonly post?: never;
        /**
         * End every session of a user
         * @description Takes the role admin.
         */
        readonly delete: operations["endUserSessions"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/keys": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List the API keys of the workspace, without their values
         * @description Takes the role admin.
         */
        readonly get: operations["listKeys"];
        readonly put?: never;
        /**
         * Create an API key; its value is shown this once
         * @description Takes the role admin.
         */
        readonly post: operations["createKey"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/keys/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Get a key, without its value
         * @description Takes the role admin.
         */
        readonly get: operations["getKey"];
        readonly put?: never;
        readonly post?: never;
        /**
         * Revoke a key
         * @description Takes the role admin.
         */
        readonly delete: operations["revokeKey"];
        readonly options?: never;
        readonly head?: never;
        /**
         * Rename a key
         * @description Takes the role admin.
         */
        readonly patch: operations["updateKey"];
        readonly trace?: never;
    };
    readonly "/v1/keys/{id}/rotate": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Create a key in the place of another; its value is shown this once
         * @description The old key stays valid for a while. Takes the role admin.
         */
        readonly post: operations["rotateKey"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/workspaces": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List the workspaces of the caller; an operator sees all of them
         * @description Takes the role viewer or a higher one.
         */
        readonly get: operations["listWorkspaces"];
        readonly put?: never;
        /**
         * Create a workspace, with an admin key that is shown this once
         * @description For operators only.
         */
        readonly post: operations["createWorkspace"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/workspaces/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Get a workspace
         * @description Takes the role viewer or a higher one.
         */
        readonly get: operations["getWorkspace"];
        readonly put?: never;
        readonly post?: never;
        /**
         * Delete a workspace with everything in it
         * @description The name of the workspace must be repeated. For operators only.
         */
        readonly delete: operations["deleteWorkspace"];
        readonly options?: never;
        readonly head?: never;
        /**
         * Rename a workspace, or change its plan (operators only)
         * @description Takes the role admin.
         */
        readonly patch: operations["updateWorkspace"];
        readonly trace?: never;
    };
    readonly "/v1/audit": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List the entries of the audit log, the newest first
         * @description Takes the role admin.
         */
        readonly get: operations["listAuditEntries"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/audit/verify": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Verify the chain of the audit log; the answer names the first broken entry
         * @description Takes the role admin.
         */
        readonly get: operations["verifyAudit"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/audit/export": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Export the audit log, the oldest entry first
         * @description The last line has the end of the chain and the workspace. An export that fails ends as a broken connection, without that line. Takes the role admin.
         */
        readonly get: operations["exportAudit"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/egress": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List the private addresses that connectors may reach
         * @description For operators only.
         */
        readonly get: operations["listEgressRules"];
        readonly put?: never;
        /**
         * Allow private addresses, at once
         * @description For operators only.
         */
        readonly post: operations["createEgressRule"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/egress/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        readonly post?: never;
        /**
         * Delete a rule
         * @description For operators only.
         */
        readonly delete: operations["deleteEgressRule"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/healthz": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** See whether the process is alive */
        readonly get: operations["getHealth"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/readyz": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** See whether the hub can work: it reaches its database, and the migrations are done */
        readonly get: operations["getReadiness"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/metrics": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Get the metrics of the process, for Prometheus */
        readonly get: operations["getMetrics"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/openapi.json": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Get this API as OpenAPI 3.1 */
        readonly get: operations["getDescription"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        readonly AuditEntry: {
            /** @description Counts from 1, without a gap */
            readonly seq: number;
            /** Format: date-time */
            readonly at: string;
            /** @description SHA-256 in hex */
            readonly previous: string;
            /** @description SHA-256 in hex */
            readonly hash: string;
            /** @description noun.verb, such as connector.update */
            readonly action: string;
            readonly actor: {
                readonly id: string;
                readonly kind: string;
                readonly name: string;
            };
            readonly role: string | null;
            readonly target: {
                readonly kind: string;
                readonly id: string;
                readonly name: string;
            } | null;
            readonly details: {
                readonly [key: string]: unknown;
            };
            readonly requestId: string | null;
            readonly remoteAddress: string | null;
        };
        readonly AuditEntryList: {
            readonly data: readonly components["schemas"]["AuditEntry"][];
            readonly nextCursor: string | null;
            /** @description How many match, over all pages */
            readonly total: number;
        };
        /** @description The end of the chain */
        readonly AuditHead: {
            readonly seq: number;
            /** @description SHA-256 in hex */
            readonly hash: string;
        };
        readonly AuditVerdict: {
            readonly ok: boolean;
            /** @description How many entries are in order, from the first one on */
            readonly entries: number;
            readonly head: components["schemas"]["AuditHead"];
            /** @description The first entry that is not in order */
            readonly broken?: {
                readonly seq: number;
                readonly reason: string;
            };
        };
        /** User and password */
        readonly AuthBasic: {
            /** @constant */
            readonly kind: "basic";
            /** User */
            readonly username: string;
            /**
             * Password
             * Format: password
             */
            readonly password: string;
        };
        /**
         * User and password
         * @description `none` unless given.
         */
        readonly AuthBasicChange: {
            /** @constant */
            readonly kind?: "basic";
            readonly username?: string | null;
            readonly password?: string | components["schemas"]["SecretMask"] | null;
        };
        /** Bearer token */
        readonly AuthBearer: {
            /** @constant */
            readonly kind: "bearer";
            /**
             * Token
             * Format: password
             */
            readonly token: string;
        };
        /**
         * Bearer token
         * @description `none` unless given.
         */
        readonly AuthBearerChange: {
            /** @constant */
            readonly kind?: "bearer";
            readonly token?: string | components["schemas"]["SecretMask"] | null;
        };
        /** Key in a header */
        readonly AuthHeader: {
            /** @constant */
            readonly kind: "header";
            /** Header */
            readonly name: string;
            /**
             * Key
             * Format: password
             */
            readonly value: string;
        };
        /**
         * Key in a header
         * @description `none` unless given.
         */
        readonly AuthHeaderChange: {
            /** @constant */
            readonly kind?: "header";
            readonly name?: string | null;
            readonly value?: string | components["schemas"]["SecretMask"] | null;
        };
        /** Private key */
        readonly AuthKey: {
            /** @constant */
            readonly kind: "key";
            /**
             * Private key
             * Format: password
             * @description PEM or OpenSSH format.
             */
            readonly privateKey: string;
            /**
             * Passphrase
             * Format: password
             */
            readonly passphrase?: string;
        };
        /** Private key */
        readonly AuthKeyChange: {
            /** @constant */
            readonly kind?: "key";
            readonly privateKey?: string | components["schemas"]["SecretMask"] | null;
            readonly passphrase?: string | components["schemas"]["SecretMask"] | null;
        };
        /** None */
        readonly AuthNone: {
            /** @constant */
            readonly kind: "none";
        };
        /**
         * None
         * @description `none` unless given.
         */
        readonly AuthNoneChange: {
            /** @constant */
            readonly kind?: "none";
        };
        /** Password */
        readonly AuthPassword: {
            /** @constant */
            readonly kind: "password";
            /**
             * Password
             * Format: password
             */
            readonly password: string;
        };
        /** Password */
        readonly AuthPasswordChange: {
            /** @constant */
            readonly kind?: "password";
            readonly password?: string | components["schemas"]["SecretMask"] | null;
        };
        /** @description The answer of the other side */
        readonly CallAnswer: {
            readonly output: {
                readonly [key: string]: unknown;
            } | readonly {
                readonly [key: string]: unknown;
            }[];
            readonly durationMs: number;
            /** @description The number of requests that the call took, pages and retries included */
            readonly requests: number;
            /** @description The cause of each retry: a status, or the code of an error */
            readonly retries: readonly string[];
        };
        readonly CallInput: {
            /** @description Values by the names of the connector's parameters */
            readonly input?: {
                readonly [key: string]: unknown;
            };
            /** @description Sends nothing; the answer is the request that would be sent, secrets hidden */
            readonly dryRun?: boolean;
            /** @description How long it may take, in milliseconds */
            readonly timeoutMs?: number;
        };
        readonly CallParameter: {
            readonly name: string;
            readonly required: boolean;
            readonly default?: string;
            /** @enum {string} */
            readonly from: "parameter" | "body" | "url" | "header";
        };
        readonly Catalog: {
            readonly version: number;
            /** Format: date-time */
            readonly discoveredAt: string;
            /** @description Everything that the system counts is a stream of this catalog */
            readonly complete: boolean;
            readonly counts: components["schemas"]["CatalogCounts"];
            readonly diff: components["schemas"]["CatalogDiffSummary"] | null;
            /** @description The first of the skipped streams; /catalog/skipped has all of them */
            readonly skipped: readonly components["schemas"]["SkippedStream"][];
            readonly streams: readonly components["schemas"]["Stream"][];
            readonly nextCursor: string | null;
            /** @description How many match, over all pages */
            readonly total: number;
        };
        readonly CatalogChange: {
            readonly kind: components["schemas"]["CatalogChangeKind"];
            /** @description The names that lead to a stream, such as schema and table */
            readonly path: readonly string[];
            readonly column?: string;
            readonly before?: {
                readonly [key: string]: unknown;
            };
            readonly after?: {
                readonly [key: string]: unknown;
            };
            readonly breaking: boolean;
            readonly why: string;
        };
        readonly CatalogChangeCounts: {
            readonly stream_added?: number;
            readonly stream_removed?: number;
            readonly kind_changed?: number;
            readonly key_changed?: number;
            readonly column_added?: number;
            readonly column_removed?: number;
            readonly type_changed?: number;
            readonly nullable_changed?: number;
        };
        /** @enum {string} */
        readonly CatalogChangeKind: "stream_added" | "stream_removed" | "kind_changed" | "key_changed" | "column_added" | "column_removed" | "type_changed" | "nullable_changed";
        readonly CatalogCounts: {
            readonly total: number;
            readonly streams: number;
            readonly skipped: number;
            readonly byKind: {
                readonly [key: string]: number;
            };
        };
        readonly CatalogDiff: {
            readonly from: number;
            readonly to: number;
            readonly changes: number;
            /** @description Changes after which a reader or a writer of the stream may fail */
            readonly breaking: number;
            readonly byKind: components["schemas"]["CatalogChangeCounts"];
            readonly data: readonly components["schemas"]["CatalogChange"][];
            readonly nextCursor: string | null;
            /** @description How many match, over all pages */
            readonly total: number;
        };
        /** @description What changed since the version before */
        readonly CatalogDiffSummary: {
            readonly from: number;
            readonly to: number;
            readonly changes: number;
            /** @description Changes after which a reader or a writer of the stream may fail */
            readonly breaking: number;
            readonly byKind: components["schemas"]["CatalogChangeCounts"];
        };
        readonly CatalogVersion: {
            readonly version: number;
            /** Format: date-time */
            readonly discoveredAt: string;
            /** @description Everything that the system counts is a stream of this catalog */
            readonly complete: boolean;
            readonly counts: components["schemas"]["CatalogCounts"];
            readonly diff: components["schemas"]["CatalogDiffSummary"] | null;
            readonly durationMs: number;
        };
        readonly CatalogVersionList: {
            readonly data: readonly components["schemas"]["CatalogVersion"][];
            readonly nextCursor: string | null;
            /** @description How many match, over all pages */
            readonly total: number;
        };
        readonly Check: {
            readonly connector: {
                /** Format: uuid */
                readonly id: string;
                readonly name: string;
                readonly title: string;
                readonly type: string;
            };
            readonly everyMs: number;
            readonly timeoutMs: number;
            readonly state: components["schemas"]["HealthState"];
            /** Format: date-time */
            readonly since: string;
            /** @description Failed checks in a row */
            readonly failures: number;
            readonly lastCheckedAt: string | null;
            readonly nextCheckAt: string | null;
            readonly stopped: {
                readonly code: string;
                readonly message: string;
            } | null;
        };
        readonly CheckInput: {
            /** @description The interval: a minute at least, a week at most */
            readonly everyMs: number;
            /** @description 10,000 unless given */
            readonly timeoutMs?: number;
        };
        readonly CheckList: {
            readonly data: readonly components["schemas"]["Check"][];
            readonly nextCursor: string | null;
            /** @description How many match, over all pages */
            readonly total: number;
        };
        readonly CheckResult: {
            readonly id: number;
            /** Format: date-time */
            readonly at: string;
            readonly connectorVersion: number;
            readonly state: components["schemas"]["HealthState"];
            /** @description This check changed the state */
            readonly changed: boolean;
            readonly report: components["schemas"]["TestReport"];
        };
        readonly CheckResultList: {
            readonly data: readonly components["schemas"]["CheckResult"][];
            readonly nextCursor: string | null;
            /** @description How many match, over all pages */
            readonly total: number;
        };
        readonly Column: {
            readonly name: string;
            /** @enum {string} */
            readonly type: "string" | "integer" | "decimal" | "float" | "boolean" | "date" | "time" | "timestamp" | "json" | "bytes" | "array" | "unknown";
            /** @description The system's own name of the type */
            readonly nativeType: string;
            readonly nullable: boolean;
            /** @description Digits of a decimal; bits of an integer or a float; decimals of the seconds of a time or a timestamp */
            readonly precision?: number;
            /** @description Decimals of a decimal */
            readonly scale?: number;
            /** @description Characters of a string, or bytes, at most */
            readonly maxLength?: number;
            /** @description Of a time or a timestamp: true for an instant, false for a wall clock without a zone */
            readonly zoned?: boolean;
        };
        readonly Comparison: {
            /** @enum {string} */
            readonly action: "create" | "change" | "none";
            readonly id: string | null;
            readonly version: number | null;
            /** @description The labels that the connector has now */
            readonly labels: {
                readonly [key: string]: string;
            };
            readonly changes: readonly components["schemas"]["Difference"][];
            /** @description Pointers to the secrets of the wanted connector */
            readonly secrets: readonly string[];
        };
        readonly Connector: {
            /** Format: uuid */
            readonly id: string;
            /** @description A number, unique in the workspace */
            readonly serial: number;
            readonly name: string;
            readonly title: string;
            readonly type: string;
            readonly description: string;
            readonly labels: {
                readonly [key: string]: string;
            };
            readonly purpose: components["schemas"]["Purpose"] | null;
            readonly limits: components["schemas"]["Limits"] | null;
            readonly config: components["schemas"]["ShownConfig"];
            /** @description The required fields that a draft lacks */
            readonly missing: readonly components["schemas"]["Fault"][];
            readonly status: components["schemas"]["ConnectorStatus"];
            /** @description Grows by one with every change */
            readonly version: number;
            readonly lastTest: components["schemas"]["TestReport"] | null;
            readonly lastTestedAt: string | null;
            readonly credentialsRefusedAt: string | null;
            /** Format: date-time */
            readonly createdAt: string;
            /** Format: date-time */
            readonly updatedAt: string;
        };
        readonly ConnectorChange: {
            /** @description JSON pointer into the connector */
            readonly pointer: string;
            /** @enum {string} */
            readonly change: "added" | "changed" | "removed";
            /** @constant */
            readonly secret?: true;
            /** @description Never the value of a secret, nor a long value */
            readonly before?: unknown;
            /** @description Never the value of a secret, nor a long value */
            readonly after?: unknown;
        };
        readonly ConnectorInput: {
            readonly name: components["schemas"]["Name"];
            readonly title?: string;
            readonly description?: string;
            readonly labels?: components["schemas"]["Labels"];
            readonly purpose?: components["schemas"]["Purpose"] | null;
            readonly limits?: components["schemas"]["Limits"] | null;
            /** @description Stores a config that lacks required fields */
            readonly draft?: boolean;
            /** @description false stores the connector switched off */
            readonly enabled?: boolean;
            /** @description Tests first, and stores nothing when the test fails */
            readonly verify?: boolean;
        } & (components["schemas"]["TypedConfig"] | components["schemas"]["DraftConfig"]);
        readonly ConnectorList: {
            readonly data: readonly components["schemas"]["Connector"][];
            readonly nextCursor: string | null;
            /** @description How many match, over all pages */
            readonly total: number;
        };
        readonly ConnectorPatch: {
            readonly name?: components["schemas"]["Name"];
            readonly title?: string;
            readonly description?: string;
            readonly labels?: components["schemas"]["Labels"];
            readonly purpose?: components["schemas"]["Purpose"] | null;
            readonly limits?: components["schemas"]["Limits"] | null;
            /** @description Stores a config that lacks required fields */
            readonly draft?: boolean;
            /** @description Tests first, and stores nothing when the test fails */
            readonly verify?: boolean;
            /** @description false switches the connector off; true brings it back as untested */
            readonly enabled?: boolean;
        } & ({
            readonly config?: components["schemas"]["PostgresConfigChange"] | components["schemas"]["MysqlConfigChange"] | components["schemas"]["HttpConfigChange"] | components["schemas"]["SnowflakeConfigChange"] | components["schemas"]["CsvConfigChange"];
        } | components["schemas"]["TypedConfigChange"]);
        /** @enum {string} */
        readonly ConnectorStatus: "incomplete" | "untested" | "active" | "error" | "disabled";
        readonly ConnectorType: {
            readonly type: string;
            readonly title: string;
            readonly category: string;
            readonly summary: string;
            readonly capabilities: readonly string[];
            /**
             * @description The kind of system that the type was proven against
             * @enum {string}
             */
            readonly proof: "server" | "emulator" | "stand-in";
            /** @description JSON Schema of the config */
            readonly schema: {
                readonly [key: string]: unknown;
            };
            readonly fields: readonly components["schemas"]["Field"][];
        };
        readonly ConnectorTypeList: {
            readonly data: readonly components["schemas"]["ConnectorType"][];
            readonly nextCursor: string | null;
            /** @description How many match, over all pages */
            readonly total: number;
        };
        /** @enum {string} */
        readonly ConnectorTypeName: "postgres" | "mysql" | "http" | "snowflake" | "csv";
        readonly Credentials: {
            readonly refusedAt: string | null;
            readonly current: {
                readonly config: components["schemas"]["ShownConfig"];
                readonly testedAt: string | null;
                readonly ok: boolean | null;
            };
            readonly next: {
                readonly config: components["schemas"]["ShownConfig"];
                /** Format: date-time */
                readonly stagedAt: string;
                readonly stagedBy: {
                    readonly id: string;
                    readonly name: string;
                };
                readonly testedAt: string | null;
                readonly lastTest: components["schemas"]["TestReport"] | null;
            } | null;
            readonly previous: {
                readonly config: components["schemas"]["ShownConfig"];
                readonly version: number;
            } | null;
        };
        readonly CredentialsInput: {
            /** @description Only the credentials of the config, each whole */
            readonly config: {
                readonly [key: string]: unknown;
            };
        };
        readonly CsvConfig: {
            /** File */
            readonly source: {
                /** @constant */
                readonly kind: "upload";
                /**
                 * Upload
                 * @description The id that POST /v1/uploads answered.
                 */
                readonly upload: string;
            } | {
                /** @constant */
                readonly kind: "url";
                /**
                 * URL
                 * Format: uri
                 * @example https://files.example.com/orders.csv.gz
                 */
                readonly url: string;
                /**
                 * Authentication
                 * @description `none` unless given.
                 */
                readonly auth?: components["schemas"]["AuthNone"] | components["schemas"]["AuthBasic"] | components["schemas"]["AuthBearer"] | components["schemas"]["AuthHeader"];
                /**
                 * TLS
                 * @description Only for https URLs. `verify` unless given.
                 */
                readonly tls?: {
                    /** @constant */
                    readonly kind: "verify";
                    /**
                     * CA certificate
                     * @description PEM of a private authority; without it the system's roots decide.
                     */
                    readonly ca?: string;
                } | {
                    /** @constant */
                    readonly kind: "require";
                };
            };
            /**
             * Delimiter
             * @description `auto` unless given.
             * @enum {string}
             */
            readonly delimiter?: "auto" | "comma" | "semicolon" | "tab" | "pipe";
            /**
             * Quote
             * @description A quote within quotes is written twice. `auto` unless given.
             * @enum {string}
             */
            readonly quote?: "auto" | "double" | "single" | "none";
            /**
             * Encoding
             * @description `auto` unless given.
             * @example windows-1252
             */
            readonly encoding?: string;
            /**
             * Header
             * @description Whether the first line names the columns. `auto` unless given.
             * @enum {string}
             */
            readonly header?: "auto" | "yes" | "no";
            /**
             * Types
             * @description text: every column is text, but for those below. `auto` unless given.
             * @enum {string}
             */
            readonly types?: "auto" | "text";
            /**
             * Columns
             * @description Types that are fixed; a value that does not fit makes its line a rejected one.
             */
            readonly columns?: readonly {
                /** Name */
                readonly name: string;
                /**
                 * Type
                 * @enum {string}
                 */
                readonly type: "text" | "integer" | "bigint" | "decimal" | "boolean" | "date" | "timestamp";
            }[];
        };
        readonly CsvConfigChange: {
            readonly source?: {
                /** @constant */
                readonly kind?: "upload";
                readonly upload?: string | null;
            } | {
                /** @constant */
                readonly kind?: "url";
                readonly url?: string | null;
                readonly auth?: components["schemas"]["AuthNoneChange"] | components["schemas"]["AuthBasicChange"] | components["schemas"]["AuthBearerChange"] | components["schemas"]["AuthHeaderChange"] | null;
                readonly tls?: {
                    /** @constant */
                    readonly kind?: "verify";
                    readonly ca?: string | null;
                } | {
                    /** @constant */
                    readonly kind?: "require";
                } | null;
            } | null;
            readonly delimiter?: ("auto" | "comma" | "semicolon" | "tab" | "pipe") | null;
            readonly quote?: ("auto" | "double" | "single" | "none") | null;
            readonly encoding?: string | null;
            readonly header?: ("auto" | "yes" | "no") | null;
            readonly types?: ("auto" | "text") | null;
            readonly columns?: readonly {
                /** Name */
                readonly name: string;
                /**
                 * Type
                 * @enum {string}
                 */
                readonly type: "text" | "integer" | "bigint" | "decimal" | "boolean" | "date" | "timestamp";
            }[] | null;
        };
        /** CSV file */
        readonly CsvConnector: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            readonly type: "csv";
            readonly config: components["schemas"]["CsvConfig"];
        };
        /** CSV file */
        readonly CsvConnectorChange: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            readonly type: "csv";
            readonly config: components["schemas"]["CsvConfigChange"];
        };
        readonly Delivery: {
            /** Format: uuid */
            readonly id: string;
            /** @description The `webhook-id` of every attempt */
            readonly eventId: string;
            readonly type: string;
            /** @enum {string} */
            readonly state: "pending" | "delivered" | "failed";
            readonly attempts: number;
            /** Format: date-time */
            readonly createdAt: string;
            readonly lastAttemptAt: string | null;
            readonly lastStatus: number | null;
            readonly lastError: string | null;
            readonly nextAttemptAt: string | null;
            readonly deliveredAt: string | null;
            /** @description The body that is sent */
            readonly payload: {
                readonly [key: string]: unknown;
            };
        };
        readonly DeliveryList: {
            readonly data: readonly components["schemas"]["Delivery"][];
            readonly nextCursor: string | null;
            /** @description How many match, over all pages */
            readonly total: number;
        };
        readonly Difference: {
            /** @description Into the connector, such as /config/host */
            readonly pointer: string;
            /** @description Absent when the value is added */
            readonly before?: unknown;
            /** @description Absent when the value is removed */
            readonly after?: unknown;
        };
        readonly DiscoverInput: {
            /** @description How long it may take, in milliseconds */
            readonly timeoutMs?: number;
        };
        /** @description A config that lacks required fields */
        readonly DraftConfig: {
            readonly type: components["schemas"]["ConnectorTypeName"];
            readonly config: {
                readonly [key: string]: unknown;
            };
            /** @constant */
            readonly draft: true;
        };
        readonly EgressInput: {
            /** @description cidr[:port[-port]] */
            readonly rule: string;
            readonly note?: string;
        };
        readonly EgressRule: {
            readonly id: string | null;
            /** @description cidr[:port[-port]] */
            readonly rule: string;
            readonly note: string;
            /** @enum {string} */
            readonly source: "environment" | "store";
            readonly createdAt: string | null;
        };
        readonly EgressRuleList: {
            readonly data: readonly components["schemas"]["EgressRule"][];
            readonly nextCursor: string | null;
            /** @description How many match, over all pages */
            readonly total: number;
        };
        /**
         * @description What went wrong; docs/errors.md says what each means and what to do
         * @enum {string}
         */
        readonly ErrorCode: "json_invalid" | "request_invalid" | "path_invalid" | "content_type_unsupported" | "body_too_large" | "method_not_allowed" | "unauthenticated" | "forbidden" | "not_found" | "name_taken" | "last_admin" | "in_use" | "version_stale" | "config_invalid" | "connector_incomplete" | "credentials_refused" | "credentials_missing" | "credentials_untested" | "connector_disabled" | "webhook_disabled" | "verification_failed" | "catalog_missing" | "discovery_failed" | "unsupported" | "rate_limited" | "plan_limit_reached" | "circuit_open" | "idempotency_mismatch" | "idempotency_running" | "idempotency_unknown" | "store_unavailable" | "secret_unreadable" | "keys_unavailable" | "backup_invalid" | "internal" | "egress_denied" | "host_not_found" | "dns_failed" | "host_unreachable" | "connection_lost" | "timed_out" | "cancelled" | "protocol_invalid" | "tls_unsupported" | "tls_required" | "tls_name_mismatch" | "tls_untrusted" | "tls_expired" | "tls_failed" | "tunnel_failed" | "tunnel_auth_failed" | "host_key_mismatch" | "auth_failed" | "permission_denied" | "database_not_found" | "too_many_connections" | "server_unavailable" | "query_invalid" | "stream_not_found" | "response_too_large" | "redirected_too_often" | "response_invalid" | "remote_failed";
        /** @enum {string} */
        readonly EventType: "connector.state_changed" | "catalog.changed";
        readonly Fault: {
            /** @description JSON pointer to the value at fault */
            readonly pointer: string;
            /** @description What is wrong with it */
            readonly message: string;
        };
        /** @description A field of a config, as a form needs it */
        readonly Field: {
            readonly name: string;
            /** @enum {string} */
            readonly kind: "text" | "integer" | "flag" | "choice" | "secret" | "variant" | "list";
            readonly title: string;
            readonly required: boolean;
            readonly help?: string;
            readonly example?: string;
            /** @description The value of a field that is left out */
            readonly default?: unknown;
            /** @description The values of a choice */
            readonly options?: readonly string[];
            readonly min?: number;
            /** @description Of a list, the number of entries */
            readonly max?: number;
            readonly maxLength?: number;
            readonly format?: string;
            /** @description The fields of each entry of a list */
            readonly fields?: readonly components["schemas"]["Field"][];
            /** @description The alternatives of a variant */
            readonly variants?: readonly {
                readonly kind: string;
                readonly title: string;
                readonly fields: readonly components["schemas"]["Field"][];
            }[];
        };
        readonly Health: {
            /** @constant */
            readonly status: "ok";
        };
        /** @enum {string} */
        readonly HealthState: "unknown" | "up" | "down";
        readonly HttpConfig: {
            /**
             * URL
             * Format: uri
             * @description Path and query may hold Jinja, such as /companies/{{ id }}; its variables are inputs, and no value leaves its place.
             * @example https://api.example.com/v1/companies
             */
            readonly url: string;
            /**
             * Method
             * @description `GET` unless given.
             * @enum {string}
             */
            readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD";
            /** Headers */
            readonly headers?: readonly {
                /** Name */
                readonly name: string;
                /**
                 * Value
                 * Format: password
                 */
                readonly value?: string;
                /**
                 * Input
                 * @description The name under which a call gives the value.
                 */
                readonly input?: string;
            }[];
            /** Query parameters */
            readonly parameters?: readonly components["schemas"]["ParametersEntry"][];
            /**
             * Body fields
             * @description Sent as one JSON object, or as a form when Content-Type says so; not with GET and HEAD.
             */
            readonly body?: readonly components["schemas"]["ParametersEntry"][];
            /**
             * Body template
             * @description Jinja that gives JSON (or a form, when Content-Type says so), in place of the body fields; its variables are the inputs. A value stands escaped inside quotes, and as JSON outside of them.
             * @example {"company": {"domain": "{{ domain }}"}, "limit": {{ limit }}}
             */
            readonly bodyTemplate?: string;
            /**
             * Authentication
             * @description `none` unless given.
             */
            readonly auth?: components["schemas"]["AuthNone"] | components["schemas"]["AuthBasic"] | components["schemas"]["AuthBearer"] | components["schemas"]["AuthHeader"] | {
                /** @constant */
                readonly kind: "query";
                /** Parameter */
                readonly name: string;
                /**
                 * Key
                 * Format: password
                 */
                readonly value: string;
            } | {
                /** @constant */
                readonly kind: "oauth2_client";
                /**
                 * Token URL
                 * Format: uri
                 * @example https://login.example.com/oauth2/token
                 */
                readonly tokenUrl: string;
                /** Client id */
                readonly clientId: string;
                /**
                 * Client secret
                 * Format: password
                 */
                readonly clientSecret: string;
                /**
                 * Scope
                 * @description Separated by blanks.
                 */
                readonly scope?: string;
                /** Audience */
                readonly audience?: string;
                /**
                 * Client id and secret go
                 * @description In the Authorization header, or in the form. `basic` unless given.
                 * @enum {string}
                 */
                readonly clientAuth?: "basic" | "post";
                /** More parameters of the token request */
                readonly tokenParameters?: readonly components["schemas"]["TokenParametersEntry"][];
            } | {
                /** @constant */
                readonly kind: "oauth2_refresh";
                /**
                 * Token URL
                 * Format: uri
                 * @example https://login.example.com/oauth2/token
                 */
                readonly tokenUrl: string;
                /** Client id */
                readonly clientId: string;
                /**
                 * Client secret
                 * Format: password
                 * @description None for a public client.
                 */
                readonly clientSecret?: string;
                /**
                 * Refresh token
                 * Format: password
                 * @description What the provider gives in its place is kept by the hub; enter a new one after a new login.
                 */
                readonly refreshToken: string;
                /**
                 * Scope
                 * @description Separated by blanks.
                 */
                readonly scope?: string;
                /** Audience */
                readonly audience?: string;
                /**
                 * Client id and secret go
                 * @description In the Authorization header, or in the form. `basic` unless given.
                 * @enum {string}
                 */
                readonly clientAuth?: "basic" | "post";
                /** More parameters of the token request */
                readonly tokenParameters?: readonly components["schemas"]["TokenParametersEntry"][];
            } | {
                /** @constant */
                readonly kind: "hmac";
                /**
                 * Key
                 * Format: password
                 */
                readonly key: string;
                /**
                 * The key is
                 * @description `text` unless given.
                 * @enum {string}
                 */
                readonly keyEncoding?: "text" | "hex" | "base64";
                /**
                 * Algorithm
                 * @description `sha256` unless given.
                 * @enum {string}
                 */
                readonly algorithm?: "sha256" | "sha512";
                /**
                 * What is signed, in order
                 * @description Without any: timestamp, method, path, query, body. The query has no question mark; body_sha256 is in hexadecimal.
                 */
                readonly parts?: readonly {
                    /**
                     * Part
                     * @enum {string}
                     */
                    readonly part: "method" | "path" | "query" | "timestamp" | "body" | "body_sha256" | "host";
                }[];
                /**
                 * Between the parts
                 * @description `newline` unless given.
                 * @enum {string}
                 */
                readonly separator?: "newline" | "dot" | "colon" | "nothing";
                /**
                 * The signature is
                 * @description `hex` unless given.
                 * @enum {string}
                 */
                readonly encoding?: "hex" | "base64";
                /**
                 * Signature header
                 * @description `X-Signature` unless given.
                 */
                readonly header?: string;
                /**
                 * Before the signature
                 * @example sha256=
                 */
                readonly prefix?: string;
                /**
                 * Timestamp header
                 * @description `X-Timestamp` unless given.
                 */
                readonly timestampHeader?: string;
                /**
                 * The timestamp is
                 * @description `seconds` unless given.
                 * @enum {string}
                 */
                readonly timestamp?: "seconds" | "milliseconds" | "iso";
            };
            /**
             * Records
             * @description JMESPath to the records in the answer's JSON, a list or one object. Without it the whole answer is the record, or its list of them.
             * @example data.items
             */
            readonly records?: string;
            /**
             * Key
             * @description The members that tell one record from another, separated by commas; for reading the URL as a stream.
             * @example id
             */
            readonly key?: string;
            /**
             * Successful when
             * @description JMESPath over the answer's JSON: what is not true, though the status is one of success, is a failure.
             * @example status == 'ok'
             */
            readonly success?: string;
            /**
             * Statuses of success
             * @description Without any: all below 400. A status that is listed is no failure.
             * @example 200-299, 404
             */
            readonly successStatuses?: string;
            /**
             * Paging
             * @description Pages are asked for one after the other, each under the connector's limits, and give one list of records. `none` unless given.
             */
            readonly paging?: {
                /** @constant */
                readonly kind: "none";
            } | {
                /** @constant */
                readonly kind: "page";
                /**
                 * Page parameter
                 * @example page
                 */
                readonly parameter: string;
                /**
                 * First page
                 * @description `1` unless given.
                 */
                readonly start?: number;
                /**
                 * Size parameter
                 * @example per_page
                 */
                readonly sizeParameter?: string;
                /**
                 * Records a page
                 * @description Asked for with the size parameter; a page with fewer is the last.
                 */
                readonly size?: number;
                /**
                 * Sent in
                 * @description A query parameter, or a field of the JSON body. `query` unless given.
                 * @enum {string}
                 */
                readonly place?: "query" | "body";
                /**
                 * Most pages
                 * @description Reading stops there with an error, lest a loop go on. `100` unless given.
                 */
                readonly maxPages?: number;
            } | {
                /** @constant */
                readonly kind: "offset";
                /**
                 * Offset parameter
                 * @example offset
                 */
                readonly parameter: string;
                /**
                 * First offset
                 * @description `0` unless given.
                 */
                readonly start?: number;
                /**
                 * Size parameter
                 * @example limit
                 */
                readonly sizeParameter?: string;
                /**
                 * Records a page
                 * @description Asked for with the size parameter; a page with fewer is the last.
                 */
                readonly size?: number;
                /**
                 * Sent in
                 * @description A query parameter, or a field of the JSON body. `query` unless given.
                 * @enum {string}
                 */
                readonly place?: "query" | "body";
                /**
                 * Most pages
                 * @description Reading stops there with an error, lest a loop go on. `100` unless given.
                 */
                readonly maxPages?: number;
            } | {
                /** @constant */
                readonly kind: "cursor";
                /**
                 * Cursor parameter
                 * @example cursor
                 */
                readonly parameter: string;
                /**
                 * Where the answer has it
                 * @description JMESPath; null or empty ends.
                 * @example meta.next_cursor
                 */
                readonly cursor: string;
                /**
                 * Sent in
                 * @description A query parameter, or a field of the JSON body. `query` unless given.
                 * @enum {string}
                 */
                readonly place?: "query" | "body";
                /**
                 * Most pages
                 * @description Reading stops there with an error, lest a loop go on. `100` unless given.
                 */
                readonly maxPages?: number;
            } | {
                /** @constant */
                readonly kind: "link";
                /**
                 * Where the answer has it
                 * @description JMESPath; without it the Link header tells (rel=next). It must stay on the URL's host.
                 * @example links.next
                 */
                readonly next?: string;
                /**
                 * Most pages
                 * @description Reading stops there with an error, lest a loop go on. `100` unless given.
                 */
                readonly maxPages?: number;
            };
            /**
             * Retries
             * @description How often a request is made again after 429, 502, 503, 504 or a broken connection, when its method may be repeated; the answer's Retry-After is kept to. `2` unless given.
             */
            readonly retries?: number;
            /**
             * POST and PATCH may be repeated
             * @description Only where the same request twice does no harm. Without it they are made again only if they never left. `false` unless given.
             */
            readonly repeatable?: boolean;
            /**
             * Test request
             * @description What a test may send: HEAD, and GET where HEAD is refused; or HEAD alone, for a URL that sets something off. `get` unless given.
             * @enum {string}
             */
            readonly probe?: "get" | "head";
            /**
             * TLS
             * @description Only for https URLs. `verify` unless given.
             */
            readonly tls?: {
                /** @constant */
                readonly kind: "verify";
                /**
                 * CA certificate
                 * @description PEM of a private authority; without it the system's roots decide.
                 */
                readonly ca?: string;
            } | {
                /** @constant */
                readonly kind: "require";
            };
        };
        readonly HttpConfigChange: {
            readonly url?: string | null;
            readonly method?: ("GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD") | null;
            readonly headers?: readonly {
                /** Name */
                readonly name: string;
                readonly value?: string | components["schemas"]["SecretMask"];
                /**
                 * Input
                 * @description The name under which a call gives the value.
                 */
                readonly input?: string;
            }[] | null;
            readonly parameters?: readonly components["schemas"]["ParametersEntryChange"][] | null;
            readonly body?: readonly components["schemas"]["ParametersEntryChange"][] | null;
            readonly bodyTemplate?: string | null;
            readonly auth?: components["schemas"]["AuthNoneChange"] | components["schemas"]["AuthBasicChange"] | components["schemas"]["AuthBearerChange"] | components["schemas"]["AuthHeaderChange"] | {
                /** @constant */
                readonly kind?: "query";
                readonly name?: string | null;
                readonly value?: string | components["schemas"]["SecretMask"] | null;
            } | {
                /** @constant */
                readonly kind?: "oauth2_client";
                readonly tokenUrl?: string | null;
                readonly clientId?: string | null;
                readonly clientSecret?: string | components["schemas"]["SecretMask"] | null;
                readonly scope?: string | null;
                readonly audience?: string | null;
                readonly clientAuth?: ("basic" | "post") | null;
                readonly tokenParameters?: readonly components["schemas"]["TokenParametersEntryChange"][] | null;
            } | {
                /** @constant */
                readonly kind?: "oauth2_refresh";
                readonly tokenUrl?: string | null;
                readonly clientId?: string | null;
                readonly clientSecret?: string | components["schemas"]["SecretMask"] | null;
                readonly refreshToken?: string | components["schemas"]["SecretMask"] | null;
                readonly scope?: string | null;
                readonly audience?: string | null;
                readonly clientAuth?: ("basic" | "post") | null;
                readonly tokenParameters?: readonly components["schemas"]["TokenParametersEntryChange"][] | null;
            } | {
                /** @constant */
                readonly kind?: "hmac";
                readonly key?: string | components["schemas"]["SecretMask"] | null;
                readonly keyEncoding?: ("text" | "hex" | "base64") | null;
                readonly algorithm?: ("sha256" | "sha512") | null;
                readonly parts?: readonly {
                    /**
                     * Part
                     * @enum {string}
                     */
                    readonly part: "method" | "path" | "query" | "timestamp" | "body" | "body_sha256" | "host";
                }[] | null;
                readonly separator?: ("newline" | "dot" | "colon" | "nothing") | null;
                readonly encoding?: ("hex" | "base64") | null;
                readonly header?: string | null;
                readonly prefix?: string | null;
                readonly timestampHeader?: string | null;
                readonly timestamp?: ("seconds" | "milliseconds" | "iso") | null;
            } | null;
            readonly records?: string | null;
            readonly key?: string | null;
            readonly success?: string | null;
            readonly successStatuses?: string | null;
            readonly paging?: {
                /** @constant */
                readonly kind?: "none";
            } | {
                /** @constant */
                readonly kind?: "page";
                readonly parameter?: string | null;
                readonly start?: number | null;
                readonly sizeParameter?: string | null;
                readonly size?: number | null;
                readonly place?: ("query" | "body") | null;
                readonly maxPages?: number | null;
            } | {
                /** @constant */
                readonly kind?: "offset";
                readonly parameter?: string | null;
                readonly start?: number | null;
                readonly sizeParameter?: string | null;
                readonly size?: number | null;
                readonly place?: ("query" | "body") | null;
                readonly maxPages?: number | null;
            } | {
                /** @constant */
                readonly kind?: "cursor";
                readonly parameter?: string | null;
                readonly cursor?: string | null;
                readonly place?: ("query" | "body") | null;
                readonly maxPages?: number | null;
            } | {
                /** @constant */
                readonly kind?: "link";
                readonly next?: string | null;
                readonly maxPages?: number | null;
            } | null;
            readonly retries?: number | null;
            readonly repeatable?: boolean | null;
            readonly probe?: ("get" | "head") | null;
            readonly tls?: {
                /** @constant */
                readonly kind?: "verify";
                readonly ca?: string | null;
            } | {
                /** @constant */
                readonly kind?: "require";
            } | null;
        };
        /** HTTP API */
        readonly HttpConnector: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            readonly type: "http";
            readonly config: components["schemas"]["HttpConfig"];
        };
        /** HTTP API */
        readonly HttpConnectorChange: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            readonly type: "http";
            readonly config: components["schemas"]["HttpConfigChange"];
        };
        readonly Key: {
            /** Format: uuid */
            readonly id: string;
            readonly name: string;
            /** @description The first characters of the key */
            readonly prefix: string;
            readonly role: components["schemas"]["Role"];
            /** @enum {string} */
            readonly status: "live" | "expired" | "revoked";
            /** Format: date-time */
            readonly createdAt: string;
            readonly createdBy: {
                readonly id: string;
                readonly name: string | null;
            } | null;
            readonly expiresAt: string | null;
            readonly revokedAt: string | null;
            readonly lastUsedAt: string | null;
        };
        readonly KeyInput: {
            readonly name: string;
            readonly role: components["schemas"]["Role"];
            /**
             * Format: date-time
             * @description ISO 8601 with a zone
             */
            readonly expiresAt?: string;
            /** @description What the key starts with, instead of jf */
            readonly prefix?: string;
        };
        readonly KeyList: {
            readonly data: readonly components["schemas"]["Key"][];
            readonly nextCursor: string | null;
            /** @description How many match, over all pages */
            readonly total: number;
        };
        readonly KeyPatch: {
            readonly name: string;
        };
        readonly KeyRotation: {
            /** @description How long the old key stays valid; a day unless given */
            readonly graceMinutes?: number;
        };
        readonly Labels: {
            readonly [key: string]: string;
        };
        readonly Limits: {
            /** @description Requests in any window of `perMs` */
            readonly requests?: number;
            /** @description The window, in milliseconds */
            readonly perMs?: number;
            /** @description Requests open at the same time */
            readonly concurrency?: number;
        };
        readonly LiveSession: {
            /** Format: uuid */
            readonly id: string;
            /** Format: date-time */
            readonly createdAt: string;
            /** Format: date-time */
            readonly expiresAt: string;
            readonly address: string | null;
            readonly agent: string | null;
            /** @description The session of this very request */
            readonly current: boolean;
        };
        readonly LiveSessionList: {
            readonly data: readonly components["schemas"]["LiveSession"][];
            readonly nextCursor: string | null;
            /** @description How many match, over all pages */
            readonly total: number;
        };
        readonly Login: {
            readonly email: string;
            readonly password: string;
        };
        readonly Me: {
            /** @description `user:` or `key:` and an id, as in the audit log */
            readonly id: string;
            /** @enum {string} */
            readonly kind: "key" | "session";
            /** @description The name of the key, or the e-mail address of the user */
            readonly name: string;
            readonly role: components["schemas"]["Role"];
            readonly operator: boolean;
            readonly workspace: {
                /** Format: uuid */
                readonly id: string;
                readonly serial: number;
                readonly name: string;
                readonly title: string;
            };
            /** @description The workspaces that the caller may choose with the header Jackfield-Workspace */
            readonly workspaces: readonly components["schemas"]["Membership"][];
            readonly user: {
                /** Format: uuid */
                readonly id: string;
                readonly email: string;
                readonly name: string;
                readonly lastLoginAt: string | null;
            } | null;
            readonly key: {
                /** Format: uuid */
                readonly id: string;
                readonly prefix: string;
                /** Format: date-time */
                readonly createdAt: string;
                readonly expiresAt: string | null;
            } | null;
            readonly session: {
                /** Format: uuid */
                readonly id: string;
                /** Format: date-time */
                readonly createdAt: string;
                /** Format: date-time */
                readonly expiresAt: string;
            } | null;
        };
        readonly MePatch: {
            readonly name: string;
        };
        readonly Membership: {
            /** Format: uuid */
            readonly id: string;
            readonly serial: number;
            readonly name: string;
            readonly title: string;
            readonly role: components["schemas"]["Role"];
        };
        readonly MysqlConfig: {
            /**
             * Host
             * Format: hostname
             * @example db.example.com
             */
            readonly host: string;
            /**
             * Port
             * @description `3306` unless given.
             */
            readonly port?: number;
            /**
             * Database
             * @description Empty: every database that the user may see; else this one alone.
             * @example shop
             */
            readonly database?: string;
            /**
             * User
             * @description Best a user of its own, with SELECT on what the hub shall read.
             * @example jackfield
             */
            readonly user: string;
            /**
             * Password
             * Format: password
             */
            readonly password?: string;
            /**
             * TLS
             * @description Switch it off only on a network that you trust. `verify` unless given.
             */
            readonly tls?: components["schemas"]["TlsVerify"] | components["schemas"]["TlsRequire"] | components["schemas"]["TlsOff"];
            /**
             * SSH tunnel
             * @description `none` unless given.
             */
            readonly tunnel?: components["schemas"]["TunnelNone"] | components["schemas"]["TunnelSsh"];
        };
        readonly MysqlConfigChange: {
            readonly host?: string | null;
            readonly port?: number | null;
            readonly database?: string | null;
            readonly user?: string | null;
            readonly password?: string | components["schemas"]["SecretMask"] | null;
            readonly tls?: components["schemas"]["TlsVerifyChange"] | components["schemas"]["TlsRequireChange"] | components["schemas"]["TlsOffChange"] | null;
            readonly tunnel?: components["schemas"]["TunnelNoneChange"] | components["schemas"]["TunnelSshChange"] | null;
        };
        /** MySQL */
        readonly MysqlConnector: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            readonly type: "mysql";
            readonly config: components["schemas"]["MysqlConfig"];
        };
        /** MySQL */
        readonly MysqlConnectorChange: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            readonly type: "mysql";
            readonly config: components["schemas"]["MysqlConfigChange"];
        };
        /** @description A handle, unique in the workspace: letters, digits, _ . - */
        readonly Name: string;
        readonly NewKey: {
            /** Format: uuid */
            readonly id: string;
            readonly name: string;
            /** @description The first characters of the key */
            readonly prefix: string;
            readonly role: components["schemas"]["Role"];
            /** @enum {string} */
            readonly status: "live" | "expired" | "revoked";
            /** Format: date-time */
            readonly createdAt: string;
            readonly createdBy: {
                readonly id: string;
                readonly name: string | null;
            } | null;
            readonly expiresAt: string | null;
            readonly revokedAt: string | null;
            readonly lastUsedAt: string | null;
            /** @description The key itself; shown this once */
            readonly key: string;
        };
        readonly NewWebhook: {
            /** Format: uuid */
            readonly id: string;
            readonly url: string;
            readonly description: string;
            readonly events: readonly components["schemas"]["EventType"][];
            readonly secret: {
                /** @constant */
                readonly set: true;
                readonly fingerprint: string;
            };
            readonly enabled: boolean;
            readonly disabled: {
                /** Format: date-time */
                readonly at: string;
                readonly reason: string;
            } | null;
            readonly failingSince: string | null;
            /** Format: date-time */
            readonly createdAt: string;
            /** Format: date-time */
            readonly updatedAt: string;
            /** @description The key that deliveries are signed with; shown this once */
            readonly signingSecret: string;
        };
        readonly NewWorkspace: {
            /** Format: uuid */
            readonly id: string;
            readonly serial: number;
            readonly name: string;
            readonly title: string;
            /** Format: date-time */
            readonly createdAt: string;
            readonly plan: components["schemas"]["Plan"];
            /** @description An admin key of the workspace; shown this once */
            readonly key: string;
        };
        readonly OwnPassword: {
            readonly current: string;
            readonly password: string;
        };
        readonly ParametersEntry: {
            /** Name */
            readonly name: string;
            /**
             * Value
             * Format: password
             * @description Empty: each call gives it. Otherwise a default that a call may replace.
             */
            readonly value?: string;
            /**
             * Required
             * @description Whether a call must give it when it has no value here. `true` unless given.
             */
            readonly required?: boolean;
        };
        readonly ParametersEntryChange: {
            /** Name */
            readonly name: string;
            readonly value?: string | components["schemas"]["SecretMask"];
            /**
             * Required
             * @description Whether a call must give it when it has no value here. `true` unless given.
             */
            readonly required?: boolean;
        };
        readonly PasswordInput: {
            readonly password?: string;
        };
        readonly PasswordSet: {
            readonly email: string;
            /** @description The password that the hub made; shown this once */
            readonly password?: string;
        };
        readonly PastConnector: {
            readonly name: string;
            readonly title: string;
            readonly type: string;
            readonly description: string;
            readonly labels: {
                readonly [key: string]: string;
            };
            readonly purpose: components["schemas"]["Purpose"] | null;
            readonly limits: components["schemas"]["Limits"] | null;
            readonly config: components["schemas"]["ShownConfig"];
            /** @description The required fields that a draft lacks */
            readonly missing: readonly components["schemas"]["Fault"][];
            readonly enabled: boolean;
        };
        /** @description The limits of the workspace; an absent one does not limit */
        readonly Plan: {
            /** @description HTTP connectors in all */
            readonly httpConnectors?: number;
            /** @description Calls per minute of one connector */
            readonly ratePerMinute?: number;
            /** @description Calls of one connector open at the same time */
            readonly concurrency?: number;
            /** @description Bytes of all uploads together */
            readonly uploadBytes?: number;
            readonly tests?: components["schemas"]["TestLimits"];
        };
        /** @description An absent limit is kept; null lifts one */
        readonly PlanPatch: {
            readonly httpConnectors?: number | null;
            readonly ratePerMinute?: number | null;
            readonly concurrency?: number | null;
            readonly uploadBytes?: number | null;
            readonly tests?: components["schemas"]["TestLimits"] | null;
        };
        readonly PostgresConfig: {
            /**
             * Host
             * Format: hostname
             * @example db.example.com
             */
            readonly host: string;
            /**
             * Port
             * @description `5432` unless given.
             */
            readonly port?: number;
            /**
             * Database
             * @description Empty: the one named like the user.
             * @example shop
             */
            readonly database?: string;
            /**
             * User
             * @description Best a role of its own, with SELECT on what the hub shall read.
             * @example jackfield
             */
            readonly user: string;
            /**
             * Password
             * Format: password
             */
            readonly password?: string;
            /**
             * TLS
             * @description Switch it off only on a network that you trust. `verify` unless given.
             */
            readonly tls?: components["schemas"]["TlsVerify"] | components["schemas"]["TlsRequire"] | components["schemas"]["TlsOff"];
            /**
             * SSH tunnel
             * @description `none` unless given.
             */
            readonly tunnel?: components["schemas"]["TunnelNone"] | components["schemas"]["TunnelSsh"];
        };
        readonly PostgresConfigChange: {
            readonly host?: string | null;
            readonly port?: number | null;
            readonly database?: string | null;
            readonly user?: string | null;
            readonly password?: string | components["schemas"]["SecretMask"] | null;
            readonly tls?: components["schemas"]["TlsVerifyChange"] | components["schemas"]["TlsRequireChange"] | components["schemas"]["TlsOffChange"] | null;
            readonly tunnel?: components["schemas"]["TunnelNoneChange"] | components["schemas"]["TunnelSshChange"] | null;
        };
        /** PostgreSQL */
        readonly PostgresConnector: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            readonly type: "postgres";
            readonly config: components["schemas"]["PostgresConfig"];
        };
        /** PostgreSQL */
        readonly PostgresConnectorChange: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            readonly type: "postgres";
            readonly config: components["schemas"]["PostgresConfigChange"];
        };
        /** @description With `dryRun`: the request that would be sent */
        readonly PreparedRequest: {
            readonly method: string;
            readonly url: string;
            readonly headers: {
                readonly [key: string]: string;
            };
            readonly body?: string;
        };
        /** @description An error, as RFC 9457 problem details */
        readonly Problem: {
            /** @description `urn:jackfield:error:` and the code */
            readonly type: string;
            /** @description What the code means */
            readonly title: string;
            /** @description The HTTP status */
            readonly status: number;
            readonly code: components["schemas"]["ErrorCode"];
            /** @description What happened here, and the next step */
            readonly detail: string;
            /** @description What to do about errors of this code */
            readonly next: string;
            /** @description Finds the request in the hub's log */
            readonly requestId: string;
            /** @description Every fault of the request */
            readonly errors?: readonly components["schemas"]["Fault"][];
        } & {
            readonly [key: string]: unknown;
        };
        /** @enum {string} */
        readonly Purpose: "enrichment" | "exporter" | "simple" | "source" | "destination";
        readonly QueryInput: {
            readonly statement: string;
            readonly params?: readonly unknown[];
            /** @description At most 10,000 as JSON; any number when streamed */
            readonly maxRows?: number;
            /** @description How long it may take, in milliseconds */
            readonly timeoutMs?: number;
        };
        readonly Readiness: {
            /** @constant */
            readonly status: "ready";
            /** @enum {string} */
            readonly database: "embedded" | "own";
            readonly version: string;
        };
        readonly RejectedRecord: {
            readonly line: number;
            readonly lastLine: number;
            readonly reason: string;
        };
        /** @enum {string} */
        readonly Role: "viewer" | "editor" | "admin";
        readonly RotatedKey: {
            /** Format: uuid */
            readonly id: string;
            readonly name: string;
            /** @description The first characters of the key */
            readonly prefix: string;
            readonly role: components["schemas"]["Role"];
            /** @enum {string} */
            readonly status: "live" | "expired" | "revoked";
            /** Format: date-time */
            readonly createdAt: string;
            readonly createdBy: {
                readonly id: string;
                readonly name: string | null;
            } | null;
            readonly expiresAt: string | null;
            readonly revokedAt: string | null;
            readonly lastUsedAt: string | null;
            /** @description The key itself; shown this once */
            readonly key: string;
            readonly replaces: components["schemas"]["Key"];
        };
        readonly Rows: {
            readonly columns: readonly components["schemas"]["Column"][];
            readonly rows: readonly {
                readonly [key: string]: unknown;
            }[];
            readonly rowCount: number;
            /** @description There are more rows than were asked for */
            readonly truncated: boolean;
            readonly durationMs: number;
            /** @description Records of a file that are not rows, as far as it was read: their number, and the first hundred */
            readonly rejected?: {
                readonly count: number;
                readonly records: readonly components["schemas"]["RejectedRecord"][];
            };
        };
        /** @description A secret as answers show it; sent back, it keeps the stored secret */
        readonly SecretMask: {
            /** @constant */
            readonly set: true;
            readonly fingerprint?: string;
        };
        /** @description What the system says of itself, and warnings that do not fail the test */
        readonly ServerFacts: {
            readonly product: string;
            readonly version?: string;
            readonly details?: {
                readonly [key: string]: string | number | boolean;
            };
            readonly warnings?: readonly string[];
        };
        readonly Session: {
            /** @description Send it as `Authorization: Bearer` */
            readonly token: string;
            /** Format: date-time */
            readonly expiresAt: string;
            readonly user: {
                /** Format: uuid */
                readonly id: string;
                readonly email: string;
            };
            readonly workspaces: readonly components["schemas"]["Membership"][];
        };
        /** @description The fields of the connector's type; a secret is shown as `{ set, fingerprint }` */
        readonly ShownConfig: {
            readonly [key: string]: unknown;
        };
        readonly SkippedStream: {
            /** @description The names that lead to a stream, such as schema and table */
            readonly path: readonly string[];
            readonly reason: string;
        };
        readonly SkippedStreamList: {
            readonly data: readonly components["schemas"]["SkippedStream"][];
            readonly nextCursor: string | null;
            /** @description How many match, over all pages */
            readonly total: number;
        };
        readonly SnowflakeConfig: {
            /**
             * Account
             * @description The account identifier, or its host that ends in .snowflakecomputing.com.
             * @example myorg-myaccount
             */
            readonly account: string;
            /**
             * User
             * @description The login name. Best a user of its own, with SELECT on what the hub shall read.
             * @example JACKFIELD
             */
            readonly user: string;
            /** Login */
            readonly auth: {
                /** @constant */
                readonly kind: "key_pair";
                /**
                 * Private key
                 * Format: password
                 * @description RSA, at least 2,048 bits, in PKCS#8 (as `openssl genrsa | openssl pkcs8 -topk8` writes it).
                 */
                readonly privateKey: string;
                /**
                 * Passphrase
                 * Format: password
                 */
                readonly passphrase?: string;
            } | {
                /** @constant */
                readonly kind: "token";
                /**
                 * Token
                 * Format: password
                 */
                readonly token: string;
            } | {
                /** @constant */
                readonly kind: "oauth";
                /**
                 * Access token
                 * Format: password
                 * @description It is not renewed: when it expires, enter a new one.
                 */
                readonly token: string;
            };
            /**
             * Warehouse
             * @description Empty: the user's default. Snowflake takes it as it is written, and keeps names that were not quoted in upper case.
             * @example COMPUTE_WH
             */
            readonly warehouse?: string;
            /**
             * Database
             * @description Empty: the user's default, and discovery lists every database. Snowflake takes it as it is written, and keeps names that were not quoted in upper case.
             * @example ANALYTICS
             */
            readonly database?: string;
            /**
             * Schema
             * @description For names without one. Empty: the user's default.
             * @example PUBLIC
             */
            readonly schema?: string;
            /**
             * Role
             * @description Empty: the user's default.
             * @example ANALYST
             */
            readonly role?: string;
        };
        readonly SnowflakeConfigChange: {
            readonly account?: string | null;
            readonly user?: string | null;
            readonly auth?: {
                /** @constant */
                readonly kind?: "key_pair";
                readonly privateKey?: string | components["schemas"]["SecretMask"] | null;
                readonly passphrase?: string | components["schemas"]["SecretMask"] | null;
            } | {
                /** @constant */
                readonly kind?: "token";
                readonly token?: string | components["schemas"]["SecretMask"] | null;
            } | {
                /** @constant */
                readonly kind?: "oauth";
                readonly token?: string | components["schemas"]["SecretMask"] | null;
            } | null;
            readonly warehouse?: string | null;
            readonly database?: string | null;
            readonly schema?: string | null;
            readonly role?: string | null;
        };
        /** Snowflake */
        readonly SnowflakeConnector: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            readonly type: "snowflake";
            readonly config: components["schemas"]["SnowflakeConfig"];
        };
        /** Snowflake */
        readonly SnowflakeConnectorChange: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            readonly type: "snowflake";
            readonly config: components["schemas"]["SnowflakeConfigChange"];
        };
        readonly Stage: {
            readonly name: components["schemas"]["StageName"];
            /** @enum {string} */
            readonly status: "passed" | "failed";
            readonly durationMs: number;
            readonly detail?: string;
        };
        /** @enum {string} */
        readonly StageName: "config" | "resolve" | "policy" | "connect" | "tunnel" | "tls" | "auth" | "permission" | "probe";
        readonly Stream: {
            /** @description The names that lead to a stream, such as schema and table */
            readonly path: readonly string[];
            /** @enum {string} */
            readonly kind: "table" | "view" | "materialized view" | "foreign table" | "topic" | "file" | "resource";
            readonly columns: readonly components["schemas"]["Column"][];
            /** @description The columns of the primary key, in order */
            readonly key: readonly string[];
            /** @description false where the system does not enforce the key, so that two rows may share one */
            readonly keyHolds?: boolean;
            /** @description The system's own estimate */
            readonly estimatedRows?: number;
            readonly comment?: string;
        };
        readonly SwitchInput: {
            /** @description Switches although no test of the staged credentials passed */
            readonly force?: boolean;
        };
        readonly TestFailure: {
            readonly code: components["schemas"]["ErrorCode"];
            readonly message: string;
            /** @description What to do */
            readonly next: string;
            readonly stage: components["schemas"]["StageName"];
            readonly details?: {
                readonly [key: string]: unknown;
            };
        };
        readonly TestInput: {
            /** @description How long it may take, in milliseconds */
            readonly timeoutMs?: number;
        };
        /** @description Tests of the workspace, over all nodes */
        readonly TestLimits: {
            /** @description Started in any 60 seconds; 600 unless given */
            readonly perMinute?: number;
            /** @description Open at the same time; 20 unless given */
            readonly concurrency?: number;
        };
        /** @description The result of a test; one that failed is an answer like any other, with `ok: false` */
        readonly TestReport: {
            readonly ok: boolean;
            readonly durationMs: number;
            readonly stages: readonly components["schemas"]["Stage"][];
            readonly server?: components["schemas"]["ServerFacts"];
            readonly error?: components["schemas"]["TestFailure"];
        };
        /** Do not encrypt */
        readonly TlsOff: {
            /** @constant */
            readonly kind: "off";
        };
        /**
         * Do not encrypt
         * @description Switch it off only on a network that you trust. `verify` unless given.
         */
        readonly TlsOffChange: {
            /** @constant */
            readonly kind?: "off";
        };
        /** Encrypt, without verifying who answers */
        readonly TlsRequire: {
            /** @constant */
            readonly kind: "require";
        };
        /**
         * Encrypt, without verifying who answers
         * @description Switch it off only on a network that you trust. `verify` unless given.
         */
        readonly TlsRequireChange: {
            /** @constant */
            readonly kind?: "require";
        };
        /** Encrypt, and verify the server's certificate */
        readonly TlsVerify: {
            /** @constant */
            readonly kind: "verify";
            /**
             * CA certificate
             * @description PEM of the authority that signed the server's certificate; without it the system's roots decide.
             */
            readonly ca?: string;
            /**
             * Name in the certificate
             * @description When the certificate is for another name than the host's.
             */
            readonly servername?: string;
        };
        /**
         * Encrypt, and verify the server's certificate
         * @description Switch it off only on a network that you trust. `verify` unless given.
         */
        readonly TlsVerifyChange: {
            /** @constant */
            readonly kind?: "verify";
            readonly ca?: string | null;
            readonly servername?: string | null;
        };
        readonly TokenParametersEntry: {
            /** Name */
            readonly name: string;
            /**
             * Value
             * Format: password
             */
            readonly value: string;
        };
        readonly TokenParametersEntryChange: {
            /** Name */
            readonly name: string;
            readonly value?: string | components["schemas"]["SecretMask"];
        };
        /** Direct */
        readonly TunnelNone: {
            /** @constant */
            readonly kind: "none";
        };
        /**
         * Direct
         * @description `none` unless given.
         */
        readonly TunnelNoneChange: {
            /** @constant */
            readonly kind?: "none";
        };
        /** Through an SSH bastion */
        readonly TunnelSsh: {
            /** @constant */
            readonly kind: "ssh";
            /**
             * Bastion host
             * Format: hostname
             * @example bastion.example.com
             */
            readonly host: string;
            /**
             * Bastion port
             * @description `22` unless given.
             */
            readonly port?: number;
            /** Bastion user */
            readonly user: string;
            /**
             * Host key
             * @description The bastion's fingerprint, as `ssh-keygen -lf` prints it; another key is refused.
             * @example SHA256:uNiVztksCsDhcc0u9e8BrrJXVGYPyRhVzJqA1VfhfwU
             */
            readonly hostKey: string;
            /** Bastion login */
            readonly auth: components["schemas"]["AuthKey"] | components["schemas"]["AuthPassword"];
        };
        /**
         * Through an SSH bastion
         * @description `none` unless given.
         */
        readonly TunnelSshChange: {
            /** @constant */
            readonly kind?: "ssh";
            readonly host?: string | null;
            readonly port?: number | null;
            readonly user?: string | null;
            readonly hostKey?: string | null;
            readonly auth?: components["schemas"]["AuthKeyChange"] | components["schemas"]["AuthPasswordChange"] | null;
        };
        readonly TypedConfig: components["schemas"]["PostgresConnector"] | components["schemas"]["MysqlConnector"] | components["schemas"]["HttpConnector"] | components["schemas"]["SnowflakeConnector"] | components["schemas"]["CsvConnector"];
        readonly TypedConfigChange: components["schemas"]["PostgresConnectorChange"] | components["schemas"]["MysqlConnectorChange"] | components["schemas"]["HttpConnectorChange"] | components["schemas"]["SnowflakeConnectorChange"] | components["schemas"]["CsvConnectorChange"];
        readonly UnsavedTestInput: {
            /** @description How long it may take, in milliseconds */
            readonly timeoutMs?: number;
        } & (components["schemas"]["PostgresConnector"] | components["schemas"]["MysqlConnector"] | components["schemas"]["HttpConnector"] | components["schemas"]["SnowflakeConnector"] | components["schemas"]["CsvConnector"]);
        readonly Upload: {
            /** Format: uuid */
            readonly id: string;
            readonly name: string;
            readonly bytes: number;
            readonly sha256: string;
            /** Format: date-time */
            readonly createdAt: string;
            /** @description The names of the connectors that read it */
            readonly usedBy: readonly string[];
        };
        readonly UploadList: {
            readonly data: readonly components["schemas"]["Upload"][];
            readonly nextCursor: string | null;
            /** @description How many match, over all pages */
            readonly total: number;
        };
        readonly User: {
            /** Format: uuid */
            readonly id: string;
            readonly email: string;
            readonly name: string;
            /** @description null: not a member of this workspace; only operators see such users */
            readonly role: components["schemas"]["Role"] | null;
            /** Format: date-time */
            readonly createdAt: string;
            readonly disabledAt: string | null;
            readonly lastLoginAt: string | null;
            /** @description The password that the hub made; shown this once */
            readonly password?: string;
        };
        readonly UserInput: {
            readonly email: string;
            readonly role: components["schemas"]["Role"];
            readonly name?: string;
            readonly password?: string;
        };
        readonly UserList: {
            readonly data: readonly components["schemas"]["User"][];
            readonly nextCursor: string | null;
            /** @description How many match, over all pages */
            readonly total: number;
        };
        readonly UserPatch: {
            readonly name?: string;
            readonly role?: components["schemas"]["Role"];
            /** @description For operators: disables the login on the whole hub, and ends its sessions */
            readonly disabled?: boolean;
        };
        readonly Version: {
            readonly version: number;
            /**
             * @description `recorded`: as the hub found it when it began to keep versions
             * @enum {string}
             */
            readonly kind: "recorded" | "created" | "changed" | "restored" | "switched" | "rolled_back";
            readonly of: number | null;
            readonly author: {
                readonly id: string;
                readonly name: string | null;
            } | null;
            /** Format: date-time */
            readonly at: string;
            readonly changes: readonly components["schemas"]["ConnectorChange"][];
        };
        readonly VersionList: {
            readonly data: readonly components["schemas"]["Version"][];
            readonly nextCursor: string | null;
            /** @description How many match, over all pages */
            readonly total: number;
        };
        readonly WantedConnector: {
            readonly name: components["schemas"]["Name"];
            readonly was?: components["schemas"]["Name"];
            readonly title?: string;
            readonly description?: string;
            readonly labels?: components["schemas"]["Labels"];
            readonly purpose?: components["schemas"]["Purpose"] | null;
            readonly limits?: components["schemas"]["Limits"] | null;
            /** @description Stores a config that lacks required fields */
            readonly draft?: boolean;
            /** @description false stores the connector switched off */
            readonly enabled?: boolean;
            readonly check?: components["schemas"]["CheckInput"] | null;
        } & (components["schemas"]["PostgresConnectorChange"] | components["schemas"]["MysqlConnectorChange"] | components["schemas"]["HttpConnectorChange"] | components["schemas"]["SnowflakeConnectorChange"] | components["schemas"]["CsvConnectorChange"]);
        readonly Webhook: {
            /** Format: uuid */
            readonly id: string;
            readonly url: string;
            readonly description: string;
            readonly events: readonly components["schemas"]["EventType"][];
            readonly secret: {
                /** @constant */
                readonly set: true;
                readonly fingerprint: string;
            };
            readonly enabled: boolean;
            readonly disabled: {
                /** Format: date-time */
                readonly at: string;
                readonly reason: string;
            } | null;
            readonly failingSince: string | null;
            /** Format: date-time */
            readonly createdAt: string;
            /** Format: date-time */
            readonly updatedAt: string;
        };
        readonly WebhookInput: {
            /**
             * Format: uri
             * @description http or https; the egress policy applies to every delivery
             */
            readonly url: string;
            readonly description?: string;
            /** @description The events that it is told of */
            readonly events: readonly components["schemas"]["EventType"][];
        };
        readonly WebhookList: {
            readonly data: readonly components["schemas"]["Webhook"][];
            readonly nextCursor: string | null;
            /** @description How many match, over all pages */
            readonly total: number;
        };
        readonly WebhookPatch: {
            /**
             * Format: uri
             * @description http or https; the egress policy applies to every delivery
             */
            readonly url?: string;
            readonly description?: string;
            /** @description The events that it is told of */
            readonly events?: readonly components["schemas"]["EventType"][];
            /** @description true switches it on again, and sends the deliveries that still wait */
            readonly enabled?: boolean;
        };
        readonly WholeVersion: {
            readonly version: number;
            /**
             * @description `recorded`: as the hub found it when it began to keep versions
             * @enum {string}
             */
            readonly kind: "recorded" | "created" | "changed" | "restored" | "switched" | "rolled_back";
            readonly of: number | null;
            readonly author: {
                readonly id: string;
                readonly name: string | null;
            } | null;
            /** Format: date-time */
            readonly at: string;
            readonly changes: readonly components["schemas"]["ConnectorChange"][];
            readonly connector: components["schemas"]["PastConnector"];
        };
        readonly Workspace: {
            /** Format: uuid */
            readonly id: string;
            readonly serial: number;
            readonly name: string;
            readonly title: string;
            /** Format: date-time */
            readonly createdAt: string;
            readonly plan: components["schemas"]["Plan"];
        };
        readonly WorkspaceInput: {
            readonly name: components["schemas"]["Name"];
            readonly title?: string;
        };
        readonly WorkspaceList: {
            readonly data: readonly components["schemas"]["Workspace"][];
            readonly nextCursor: string | null;
            /** @description How many match, over all pages */
            readonly total: number;
        };
        readonly WorkspacePatch: {
            readonly name?: components["schemas"]["Name"];
            readonly title?: string;
            readonly plan?: components["schemas"]["PlanPatch"];
        };
    };
    responses: {
        /** @description The request was refused */
        readonly Refused: {
            headers: {
                readonly "x-request-id": components["headers"]["RequestId"];
                readonly "retry-after": components["headers"]["RetryAfter"];
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The hub, or the system behind a connector, failed */
        readonly Failed: {
            headers: {
                readonly "x-request-id": components["headers"]["RequestId"];
                readonly "retry-after": components["headers"]["RetryAfter"];
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: {
        /**
         * @description The id or the name of a connector
         * @example my-postgres
         */
        readonly connector: string;
        /** @description `nextCursor` of the page before */
        readonly cursor: string;
        /**
         * @description The id
         * @example 0f9d6c1e-5a3b-4f0e-9a55-3b1f0d4c7e21
         */
        readonly id: string;
        /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not carried out twice; 1 to 255 printable ASCII characters */
        readonly idempotencyKey: string;
        /** @description The ETag of the version that the change is for; 412 when the version is no longer the newest */
        readonly ifMatch: string;
        /** @description Items per page */
        readonly limit: number;
        /**
         * @description The id or the e-mail address of a user
         * @example ada@example.com
         */
        readonly user: string;
        /**
         * @description The id or the name of a workspace
         * @example main
         */
        readonly workspace: string;
    };
    requestBodies: never;
    headers: {
        /** @description Names the request in the hub's log, and in a problem document */
        readonly RequestId: string;
        /** @description The version; send it as If-Match with a change */
        readonly ETag: string;
        /** @description The path of the thing that was created */
        readonly Location: string;
        /** @description Seconds to wait before the request is repeated; sent when repeating it may help */
        readonly RetryAfter: string;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    readonly listConnectors: {
        readonly parameters: {
            readonly query?: {
                /** @description Items per page */
                readonly limit?: components["parameters"]["limit"];
                /** @description `nextCursor` of the page before */
                readonly cursor?: components["parameters"]["cursor"];
                readonly type?: string;
                readonly status?: components["schemas"]["ConnectorStatus"];
                /** @description A label, as key:value */
                readonly label?: string;
                /** @description Found in name, title or description */
                readonly q?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["ConnectorList"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly createConnector: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not carried out twice; 1 to 255 printable ASCII characters */
                readonly "idempotency-key"?: components["parameters"]["idempotencyKey"];
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["ConnectorInput"];
            };
        };
        readonly responses: {
            /** @description Created */
            readonly 201: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly etag: components["headers"]["ETag"];
                    readonly location: components["headers"]["Location"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Connector"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly compareConnector: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not carried out twice; 1 to 255 printable ASCII characters */
                readonly "idempotency-key"?: components["parameters"]["idempotencyKey"];
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["WantedConnector"];
            };
        };
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Comparison"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly testConnectorConfig: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not carried out twice; 1 to 255 printable ASCII characters */
                readonly "idempotency-key"?: components["parameters"]["idempotencyKey"];
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["UnsavedTestInput"];
            };
        };
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["TestReport"];
                    readonly "application/x-ndjson": string;
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly getConnector: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                readonly id: components["parameters"]["connector"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly etag: components["headers"]["ETag"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Connector"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly deleteConnector: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description The ETag of the version that the change is for; 412 when the version is no longer the newest */
                readonly "if-match"?: components["parameters"]["ifMatch"];
            };
            readonly path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                readonly id: components["parameters"]["connector"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done; the answer has no body */
            readonly 204: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly updateConnector: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description The ETag of the version that the change is for; 412 when the version is no longer the newest */
                readonly "if-match"?: components["parameters"]["ifMatch"];
            };
            readonly path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                readonly id: components["parameters"]["connector"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: {
            readonly content: {
                readonly "application/json": components["schemas"]["ConnectorPatch"];
            };
        };
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly etag: components["headers"]["ETag"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Connector"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly testConnector: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not carried out twice; 1 to 255 printable ASCII characters */
                readonly "idempotency-key"?: components["parameters"]["idempotencyKey"];
            };
            readonly path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                readonly id: components["parameters"]["connector"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: {
            readonly content: {
                readonly "application/json": components["schemas"]["TestInput"];
            };
        };
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["TestReport"];
                    readonly "application/x-ndjson": string;
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly listConnectorTypes: {
        readonly parameters: {
            readonly query?: {
                /** @description Items per page */
                readonly limit?: components["parameters"]["limit"];
                /** @description `nextCursor` of the page before */
                readonly cursor?: components["parameters"]["cursor"];
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["ConnectorTypeList"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly getConnectorType: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /**
                 * @description The name of a connector type
                 * @example postgres
                 */
                readonly type: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["ConnectorType"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly getCredentials: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                readonly id: components["parameters"]["connector"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Credentials"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly stageCredentials: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description The ETag of the version that the change is for; 412 when the version is no longer the newest */
                readonly "if-match"?: components["parameters"]["ifMatch"];
            };
            readonly path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                readonly id: components["parameters"]["connector"];
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["CredentialsInput"];
            };
        };
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Credentials"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly discardCredentials: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                readonly id: components["parameters"]["connector"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done; the answer has no body */
            readonly 204: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly testCredentials: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not carried out twice; 1 to 255 printable ASCII characters */
                readonly "idempotency-key"?: components["parameters"]["idempotencyKey"];
            };
            readonly path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                readonly id: components["parameters"]["connector"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: {
            readonly content: {
                readonly "application/json": components["schemas"]["TestInput"];
            };
        };
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["TestReport"];
                    readonly "application/x-ndjson": string;
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly switchCredentials: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not carried out twice; 1 to 255 printable ASCII characters */
                readonly "idempotency-key"?: components["parameters"]["idempotencyKey"];
                /** @description The ETag of the version that the change is for; 412 when the version is no longer the newest */
                readonly "if-match"?: components["parameters"]["ifMatch"];
            };
            readonly path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                readonly id: components["parameters"]["connector"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: {
            readonly content: {
                readonly "application/json": components["schemas"]["SwitchInput"];
            };
        };
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly etag: components["headers"]["ETag"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Connector"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly rollBackCredentials: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not carried out twice; 1 to 255 printable ASCII characters */
                readonly "idempotency-key"?: components["parameters"]["idempotencyKey"];
                /** @description The ETag of the version that the change is for; 412 when the version is no longer the newest */
                readonly "if-match"?: components["parameters"]["ifMatch"];
            };
            readonly path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                readonly id: components["parameters"]["connector"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly etag: components["headers"]["ETag"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Connector"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly listVersions: {
        readonly parameters: {
            readonly query?: {
                /** @description Items per page */
                readonly limit?: components["parameters"]["limit"];
                /** @description `nextCursor` of the page before */
                readonly cursor?: components["parameters"]["cursor"];
            };
            readonly header?: never;
            readonly path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                readonly id: components["parameters"]["connector"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["VersionList"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly getVersion: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                readonly id: components["parameters"]["connector"];
                /**
                 * @description The number of a version
                 * @example 1
                 */
                readonly version: number;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["WholeVersion"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly restoreVersion: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not carried out twice; 1 to 255 printable ASCII characters */
                readonly "idempotency-key"?: components["parameters"]["idempotencyKey"];
                /** @description The ETag of the version that the change is for; 412 when the version is no longer the newest */
                readonly "if-match"?: components["parameters"]["ifMatch"];
            };
            readonly path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                readonly id: components["parameters"]["connector"];
                /**
                 * @description The number of a version
                 * @example 1
                 */
                readonly version: number;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly etag: components["headers"]["ETag"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Connector"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly discoverCatalog: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not carried out twice; 1 to 255 printable ASCII characters */
                readonly "idempotency-key"?: components["parameters"]["idempotencyKey"];
            };
            readonly path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                readonly id: components["parameters"]["connector"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: {
            readonly content: {
                readonly "application/json": components["schemas"]["DiscoverInput"];
            };
        };
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Catalog"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly getCatalog: {
        readonly parameters: {
            readonly query?: {
                /** @description Items per page */
                readonly limit?: components["parameters"]["limit"];
                /** @description `nextCursor` of the page before */
                readonly cursor?: components["parameters"]["cursor"];
                /** @description Found in a path or in the name of a column */
                readonly search?: string;
                /** @description A version of the catalog; the newest unless given */
                readonly version?: number;
            };
            readonly header?: never;
            readonly path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                readonly id: components["parameters"]["connector"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Catalog"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly listCatalogVersions: {
        readonly parameters: {
            readonly query?: {
                /** @description Items per page */
                readonly limit?: components["parameters"]["limit"];
                /** @description `nextCursor` of the page before */
                readonly cursor?: components["parameters"]["cursor"];
            };
            readonly header?: never;
            readonly path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                readonly id: components["parameters"]["connector"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["CatalogVersionList"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly listSkippedStreams: {
        readonly parameters: {
            readonly query?: {
                /** @description Items per page */
                readonly limit?: components["parameters"]["limit"];
                /** @description `nextCursor` of the page before */
                readonly cursor?: components["parameters"]["cursor"];
                /** @description A version of the catalog; the newest unless given */
                readonly version?: number;
            };
            readonly header?: never;
            readonly path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                readonly id: components["parameters"]["connector"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["SkippedStreamList"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly diffCatalogs: {
        readonly parameters: {
            readonly query?: {
                /** @description Items per page */
                readonly limit?: components["parameters"]["limit"];
                /** @description `nextCursor` of the page before */
                readonly cursor?: components["parameters"]["cursor"];
                readonly from?: number;
                readonly to?: number;
            };
            readonly header?: never;
            readonly path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                readonly id: components["parameters"]["connector"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["CatalogDiff"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly queryConnector: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not carried out twice; 1 to 255 printable ASCII characters */
                readonly "idempotency-key"?: components["parameters"]["idempotencyKey"];
            };
            readonly path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                readonly id: components["parameters"]["connector"];
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["QueryInput"];
            };
        };
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Rows"];
                    readonly "application/x-ndjson": string;
                    readonly "text/csv": string;
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly previewRows: {
        readonly parameters: {
            readonly query: {
                /**
                 * @description The path of the stream, as a JSON array
                 * @example ["public","orders"]
                 */
                readonly stream: string;
                readonly limit?: number;
            };
            readonly header?: never;
            readonly path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                readonly id: components["parameters"]["connector"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Rows"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly callConnector: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not carried out twice; 1 to 255 printable ASCII characters */
                readonly "idempotency-key"?: components["parameters"]["idempotencyKey"];
            };
            readonly path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                readonly id: components["parameters"]["connector"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: {
            readonly content: {
                readonly "application/json": components["schemas"]["CallInput"];
            };
        };
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["CallAnswer"] | components["schemas"]["PreparedRequest"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly getCallParameters: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                readonly id: components["parameters"]["connector"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": readonly components["schemas"]["CallParameter"][];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly getWorkspaceMetrics: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "text/plain": string;
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly listChecks: {
        readonly parameters: {
            readonly query?: {
                /** @description Items per page */
                readonly limit?: components["parameters"]["limit"];
                /** @description `nextCursor` of the page before */
                readonly cursor?: components["parameters"]["cursor"];
                readonly state?: components["schemas"]["HealthState"];
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["CheckList"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly getCheck: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                readonly id: components["parameters"]["connector"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Check"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly setCheck: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                readonly id: components["parameters"]["connector"];
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["CheckInput"];
            };
        };
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Check"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly deleteCheck: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                readonly id: components["parameters"]["connector"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done; the answer has no body */
            readonly 204: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly listCheckResults: {
        readonly parameters: {
            readonly query?: {
                /** @description Items per page */
                readonly limit?: components["parameters"]["limit"];
                /** @description `nextCursor` of the page before */
                readonly cursor?: components["parameters"]["cursor"];
            };
            readonly header?: never;
            readonly path: {
                /**
                 * @description The id or the name of a connector
                 * @example my-postgres
                 */
                readonly id: components["parameters"]["connector"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["CheckResultList"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly listWebhooks: {
        readonly parameters: {
            readonly query?: {
                /** @description Items per page */
                readonly limit?: components["parameters"]["limit"];
                /** @description `nextCursor` of the page before */
                readonly cursor?: components["parameters"]["cursor"];
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["WebhookList"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly createWebhook: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not carried out twice; 1 to 255 printable ASCII characters */
                readonly "idempotency-key"?: components["parameters"]["idempotencyKey"];
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["WebhookInput"];
            };
        };
        readonly responses: {
            /** @description Created */
            readonly 201: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly location: components["headers"]["Location"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["NewWebhook"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly getWebhook: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /**
                 * @description The id
                 * @example 0f9d6c1e-5a3b-4f0e-9a55-3b1f0d4c7e21
                 */
                readonly id: components["parameters"]["id"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Webhook"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly deleteWebhook: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /**
                 * @description The id
                 * @example 0f9d6c1e-5a3b-4f0e-9a55-3b1f0d4c7e21
                 */
                readonly id: components["parameters"]["id"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done; the answer has no body */
            readonly 204: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly updateWebhook: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /**
                 * @description The id
                 * @example 0f9d6c1e-5a3b-4f0e-9a55-3b1f0d4c7e21
                 */
                readonly id: components["parameters"]["id"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: {
            readonly content: {
                readonly "application/json": components["schemas"]["WebhookPatch"];
            };
        };
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Webhook"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly pingWebhook: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not carried out twice; 1 to 255 printable ASCII characters */
                readonly "idempotency-key"?: components["parameters"]["idempotencyKey"];
            };
            readonly path: {
                /**
                 * @description The id
                 * @example 0f9d6c1e-5a3b-4f0e-9a55-3b1f0d4c7e21
                 */
                readonly id: components["parameters"]["id"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Accepted */
            readonly 202: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Delivery"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly listDeliveries: {
        readonly parameters: {
            readonly query?: {
                /** @description Items per page */
                readonly limit?: components["parameters"]["limit"];
                /** @description `nextCursor` of the page before */
                readonly cursor?: components["parameters"]["cursor"];
            };
            readonly header?: never;
            readonly path: {
                /**
                 * @description The id
                 * @example 0f9d6c1e-5a3b-4f0e-9a55-3b1f0d4c7e21
                 */
                readonly id: components["parameters"]["id"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["DeliveryList"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly redeliver: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not carried out twice; 1 to 255 printable ASCII characters */
                readonly "idempotency-key"?: components["parameters"]["idempotencyKey"];
            };
            readonly path: {
                /**
                 * @description The id
                 * @example 0f9d6c1e-5a3b-4f0e-9a55-3b1f0d4c7e21
                 */
                readonly id: components["parameters"]["id"];
                /** @description The id of a delivery */
                readonly delivery: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Accepted */
            readonly 202: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Delivery"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly listUploads: {
        readonly parameters: {
            readonly query?: {
                /** @description Items per page */
                readonly limit?: components["parameters"]["limit"];
                /** @description `nextCursor` of the page before */
                readonly cursor?: components["parameters"]["cursor"];
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["UploadList"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly createUpload: {
        readonly parameters: {
            readonly query?: {
                /** @description The file's name, without a path or control characters */
                readonly name?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/octet-stream": string;
            };
        };
        readonly responses: {
            /** @description Created */
            readonly 201: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly location: components["headers"]["Location"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Upload"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly getUpload: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /**
                 * @description The id
                 * @example 0f9d6c1e-5a3b-4f0e-9a55-3b1f0d4c7e21
                 */
                readonly id: components["parameters"]["id"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Upload"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly deleteUpload: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /**
                 * @description The id
                 * @example 0f9d6c1e-5a3b-4f0e-9a55-3b1f0d4c7e21
                 */
                readonly id: components["parameters"]["id"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done; the answer has no body */
            readonly 204: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly listSessions: {
        readonly parameters: {
            readonly query?: {
                /** @description Items per page */
                readonly limit?: components["parameters"]["limit"];
                /** @description `nextCursor` of the page before */
                readonly cursor?: components["parameters"]["cursor"];
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["LiveSessionList"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly logIn: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["Login"];
            };
        };
        readonly responses: {
            /** @description Created */
            readonly 201: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Session"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly logOut: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done; the answer has no body */
            readonly 204: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly endSession: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /**
                 * @description The id
                 * @example 0f9d6c1e-5a3b-4f0e-9a55-3b1f0d4c7e21
                 */
                readonly id: components["parameters"]["id"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done; the answer has no body */
            readonly 204: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly getMe: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Me"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly updateMe: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["MePatch"];
            };
        };
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Me"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly changePassword: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not carried out twice; 1 to 255 printable ASCII characters */
                readonly "idempotency-key"?: components["parameters"]["idempotencyKey"];
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["OwnPassword"];
            };
        };
        readonly responses: {
            /** @description Done; the answer has no body */
            readonly 204: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly listUsers: {
        readonly parameters: {
            readonly query?: {
                /** @description Items per page */
                readonly limit?: components["parameters"]["limit"];
                /** @description `nextCursor` of the page before */
                readonly cursor?: components["parameters"]["cursor"];
                /** @description Found in names */
                readonly q?: string;
                readonly role?: components["schemas"]["Role"];
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["UserList"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly createUser: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not carried out twice; 1 to 255 printable ASCII characters */
                readonly "idempotency-key"?: components["parameters"]["idempotencyKey"];
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["UserInput"];
            };
        };
        readonly responses: {
            /** @description Created */
            readonly 201: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly location: components["headers"]["Location"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["User"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly getUser: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /**
                 * @description The id or the e-mail address of a user
                 * @example ada@example.com
                 */
                readonly id: components["parameters"]["user"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["User"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly removeUser: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /**
                 * @description The id or the e-mail address of a user
                 * @example ada@example.com
                 */
                readonly id: components["parameters"]["user"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done; the answer has no body */
            readonly 204: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly updateUser: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /**
                 * @description The id or the e-mail address of a user
                 * @example ada@example.com
                 */
                readonly id: components["parameters"]["user"];
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["UserPatch"];
            };
        };
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["User"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly setPassword: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not carried out twice; 1 to 255 printable ASCII characters */
                readonly "idempotency-key"?: components["parameters"]["idempotencyKey"];
            };
            readonly path: {
                /**
                 * @description The id or the e-mail address of a user
                 * @example ada@example.com
                 */
                readonly id: components["parameters"]["user"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: {
            readonly content: {
                readonly "application/json": components["schemas"]["PasswordInput"];
            };
        };
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["PasswordSet"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly listUserSessions: {
        readonly parameters: {
            readonly query?: {
                /** @description Items per page */
                readonly limit?: components["parameters"]["limit"];
                /** @description `nextCursor` of the page before */
                readonly cursor?: components["parameters"]["cursor"];
            };
            readonly header?: never;
            readonly path: {
                /**
                 * @description The id or the e-mail address of a user
                 * @example ada@example.com
                 */
                readonly id: components["parameters"]["user"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["LiveSessionList"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly endUserSessions: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /**
                 * @description The id or the e-mail address of a user
                 * @example ada@example.com
                 */
                readonly id: components["parameters"]["user"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done; the answer has no body */
            readonly 204: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly listKeys: {
        readonly parameters: {
            readonly query?: {
                /** @description Items per page */
                readonly limit?: components["parameters"]["limit"];
                /** @description `nextCursor` of the page before */
                readonly cursor?: components["parameters"]["cursor"];
                /** @description Found in names */
                readonly q?: string;
                readonly role?: components["schemas"]["Role"];
                /** @description live unless given */
                readonly status?: "live" | "expired" | "revoked" | "all";
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["KeyList"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly createKey: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not carried out twice; 1 to 255 printable ASCII characters */
                readonly "idempotency-key"?: components["parameters"]["idempotencyKey"];
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["KeyInput"];
            };
        };
        readonly responses: {
            /** @description Created */
            readonly 201: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly location: components["headers"]["Location"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["NewKey"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly getKey: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /**
                 * @description The id
                 * @example 0f9d6c1e-5a3b-4f0e-9a55-3b1f0d4c7e21
                 */
                readonly id: components["parameters"]["id"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Key"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly revokeKey: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /**
                 * @description The id
                 * @example 0f9d6c1e-5a3b-4f0e-9a55-3b1f0d4c7e21
                 */
                readonly id: components["parameters"]["id"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done; the answer has no body */
            readonly 204: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly updateKey: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /**
                 * @description The id
                 * @example 0f9d6c1e-5a3b-4f0e-9a55-3b1f0d4c7e21
                 */
                readonly id: components["parameters"]["id"];
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["KeyPatch"];
            };
        };
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Key"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly rotateKey: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not carried out twice; 1 to 255 printable ASCII characters */
                readonly "idempotency-key"?: components["parameters"]["idempotencyKey"];
            };
            readonly path: {
                /**
                 * @description The id
                 * @example 0f9d6c1e-5a3b-4f0e-9a55-3b1f0d4c7e21
                 */
                readonly id: components["parameters"]["id"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: {
            readonly content: {
                readonly "application/json": components["schemas"]["KeyRotation"];
            };
        };
        readonly responses: {
            /** @description Created */
            readonly 201: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly location: components["headers"]["Location"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["RotatedKey"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly listWorkspaces: {
        readonly parameters: {
            readonly query?: {
                /** @description Items per page */
                readonly limit?: components["parameters"]["limit"];
                /** @description `nextCursor` of the page before */
                readonly cursor?: components["parameters"]["cursor"];
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["WorkspaceList"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly createWorkspace: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not carried out twice; 1 to 255 printable ASCII characters */
                readonly "idempotency-key"?: components["parameters"]["idempotencyKey"];
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["WorkspaceInput"];
            };
        };
        readonly responses: {
            /** @description Created */
            readonly 201: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly location: components["headers"]["Location"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["NewWorkspace"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly getWorkspace: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /**
                 * @description The id or the name of a workspace
                 * @example main
                 */
                readonly id: components["parameters"]["workspace"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Workspace"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly deleteWorkspace: {
        readonly parameters: {
            readonly query: {
                /**
                 * @description The workspace's name once more
                 * @example acme
                 */
                readonly name: string;
            };
            readonly header?: never;
            readonly path: {
                /**
                 * @description The id or the name of a workspace
                 * @example main
                 */
                readonly id: components["parameters"]["workspace"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done; the answer has no body */
            readonly 204: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly updateWorkspace: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /**
                 * @description The id or the name of a workspace
                 * @example main
                 */
                readonly id: components["parameters"]["workspace"];
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["WorkspacePatch"];
            };
        };
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Workspace"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly listAuditEntries: {
        readonly parameters: {
            readonly query?: {
                /** @description Items per page */
                readonly limit?: components["parameters"]["limit"];
                /** @description `nextCursor` of the page before */
                readonly cursor?: components["parameters"]["cursor"];
                /** @description The id or the name of the actor */
                readonly actor?: string;
                /** @description noun.verb, or noun.* */
                readonly action?: string;
                /** @description The id or the name of the target */
                readonly target?: string;
                /** @description ISO 8601 with a zone; inclusive */
                readonly from?: string;
                /** @description ISO 8601 with a zone; exclusive */
                readonly to?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["AuditEntryList"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly verifyAudit: {
        readonly parameters: {
            readonly query?: {
                /** @description The number of an end of the chain that was noted earlier */
                readonly seq?: number;
                /** @description SHA-256 in hex */
                readonly hash?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["AuditVerdict"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly exportAudit: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/x-ndjson": string;
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly listEgressRules: {
        readonly parameters: {
            readonly query?: {
                /** @description Items per page */
                readonly limit?: components["parameters"]["limit"];
                /** @description `nextCursor` of the page before */
                readonly cursor?: components["parameters"]["cursor"];
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["EgressRuleList"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly createEgressRule: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not carried out twice; 1 to 255 printable ASCII characters */
                readonly "idempotency-key"?: components["parameters"]["idempotencyKey"];
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["EgressInput"];
            };
        };
        readonly responses: {
            /** @description Created */
            readonly 201: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["EgressRule"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly deleteEgressRule: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /**
                 * @description The id
                 * @example 0f9d6c1e-5a3b-4f0e-9a55-3b1f0d4c7e21
                 */
                readonly id: components["parameters"]["id"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done; the answer has no body */
            readonly 204: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly getHealth: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Health"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly getReadiness: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Readiness"];
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly getMetrics: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "text/plain": string;
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
    readonly getDescription: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done */
            readonly 200: {
                headers: {
                    readonly "x-request-id": components["headers"]["RequestId"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly [key: string]: unknown;
                    };
                };
            };
            readonly "4XX": components["responses"]["Refused"];
            readonly "5XX": components["responses"]["Failed"];
        };
    };
}

/** The named types: `Wire["Connector"]`. */
export type Wire = components["schemas"]
