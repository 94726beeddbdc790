CREATE TABLE workflows (
    name        TEXT    NOT NULL,
    version     INTEGER NOT NULL,
    description TEXT    NOT NULL,
    task_count  INTEGER NOT NULL,
    definition  TEXT    NOT NULL, -- JSON
    created_at  INTEGER NOT NULL, -- microseconds since 1970
    PRIMARY KEY (name, version)
) WITHOUT ROWID;

-- One row a workflow, updated by every execution of it: a natural hot row.
CREATE TABLE workflow_stats (
    workflow_name TEXT    PRIMARY KEY,
    executions    INTEGER NOT NULL,
    failures      INTEGER NOT NULL,
    total_us      INTEGER NOT NULL,
    last_at       INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE execution_records (
    id               TEXT    PRIMARY KEY,
    tenant           TEXT    NOT NULL,
    workflow_name    TEXT    NOT NULL,
    workflow_version INTEGER NOT NULL,
    status           TEXT    NOT NULL,
    error            TEXT    NOT NULL,
    created_at       INTEGER NOT NULL,
    duration_ns      INTEGER NOT NULL,
    graph_build_ns   INTEGER NOT NULL,
    input            TEXT    NOT NULL, -- JSON, as are the four below
    output           TEXT    NOT NULL,
    cost             TEXT    NOT NULL,
    tasks            TEXT    NOT NULL,
    plan             TEXT    NOT NULL
);

-- The tenant is in the index so that a tenant without executions doesn't walk
-- through everybody else's.
CREATE INDEX execution_records_by_workflow
    ON execution_records (workflow_name, tenant, created_at DESC, id DESC);

CREATE TABLE execution_tasks (
    execution_id TEXT    NOT NULL,
    seq          INTEGER NOT NULL, -- place in the plan
    task_id      TEXT    NOT NULL,
    started_at   INTEGER NOT NULL,
    completed_at INTEGER NOT NULL,
    wait_ns      INTEGER NOT NULL,
    waited_for   TEXT    NOT NULL, -- JSON
    success      INTEGER NOT NULL,
    PRIMARY KEY (execution_id, seq)
) WITHOUT ROWID;
