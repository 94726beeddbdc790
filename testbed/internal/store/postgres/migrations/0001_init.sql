CREATE TABLE workflows (
    name        text        NOT NULL,
    version     integer     NOT NULL,
    description text        NOT NULL,
    task_count  integer     NOT NULL,
    definition  json        NOT NULL,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (name, version)
);

-- One row a workflow, updated by every execution of it: a natural hot row.
-- The fill factor leaves room for its versions on the same page.
CREATE TABLE workflow_stats (
    workflow_name text        PRIMARY KEY,
    executions    bigint      NOT NULL,
    failures      bigint      NOT NULL,
    total_us      bigint      NOT NULL,
    last_at       timestamptz NOT NULL
) WITH (fillfactor = 10);

CREATE TABLE execution_records (
    id               text        PRIMARY KEY,
    tenant           text        NOT NULL,
    workflow_name    text        NOT NULL,
    workflow_version integer     NOT NULL,
    status           text        NOT NULL,
    error            text        NOT NULL,
    created_at       timestamptz NOT NULL,
    duration_ns      bigint      NOT NULL,
    graph_build_ns   bigint      NOT NULL,
    input            json        NOT NULL,
    output           json        NOT NULL,
    cost             json        NOT NULL,
    tasks            json        NOT NULL,
    plan             json        NOT NULL
);

-- The tenant is in the index so that a tenant without executions doesn't walk
-- through everybody else's.
CREATE INDEX execution_records_by_workflow
    ON execution_records (workflow_name, tenant, created_at DESC, id DESC);

CREATE TABLE execution_tasks (
    execution_id text        NOT NULL,
    seq          integer     NOT NULL, -- place in the plan
    task_id      text        NOT NULL,
    started_at   timestamptz NOT NULL,
    completed_at timestamptz NOT NULL,
    wait_ns      bigint      NOT NULL,
    waited_for   json        NOT NULL,
    success      boolean     NOT NULL,
    PRIMARY KEY (execution_id, seq)
);
