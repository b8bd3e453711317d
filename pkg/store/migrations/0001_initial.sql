-- Every ID ever given out, to pods and containers alike: an ID is never used twice.
CREATE TABLE ids (id TEXT PRIMARY KEY) WITHOUT ROWID;

CREATE TABLE pods (
    id          TEXT PRIMARY KEY REFERENCES ids (id),
    name        TEXT NOT NULL UNIQUE,
    infra_id    TEXT NOT NULL DEFAULT '',
    state       TEXT NOT NULL,
    owner_pid   INTEGER NOT NULL DEFAULT 0,
    owner_start INTEGER NOT NULL DEFAULT 0,
    owner_boot  TEXT NOT NULL DEFAULT '',
    created_at  INTEGER NOT NULL,
    labels      TEXT NOT NULL,
    config      TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX pods_created ON pods (created_at);
CREATE INDEX pods_transition ON pods (state) WHERE state <> 'ready';

CREATE TABLE containers (
    id              TEXT PRIMARY KEY REFERENCES ids (id),
    name            TEXT NOT NULL UNIQUE,
    pod_id          TEXT REFERENCES pods (id) ON DELETE RESTRICT,
    state           TEXT NOT NULL,
    intent          TEXT NOT NULL DEFAULT '',
    owner_pid       INTEGER NOT NULL DEFAULT 0,
    owner_start     INTEGER NOT NULL DEFAULT 0,
    owner_boot      TEXT NOT NULL DEFAULT '',
    created_at      INTEGER NOT NULL,
    init_type       TEXT NOT NULL DEFAULT '',
    image_id        TEXT NOT NULL DEFAULT '',
    pid             INTEGER NOT NULL DEFAULT 0,
    pid_start       INTEGER NOT NULL DEFAULT 0,
    conmon_pid      INTEGER NOT NULL DEFAULT 0,
    conmon_start    INTEGER NOT NULL DEFAULT 0,
    boot_id         TEXT NOT NULL DEFAULT '',
    started_at      INTEGER NOT NULL DEFAULT 0,
    finished_at     INTEGER NOT NULL DEFAULT 0,
    exit_code       INTEGER NOT NULL DEFAULT 0,
    exited          INTEGER NOT NULL DEFAULT 0,
    oom_killed      INTEGER NOT NULL DEFAULT 0,
    stopped_by_user INTEGER NOT NULL DEFAULT 0,
    restart_count   INTEGER NOT NULL DEFAULT 0,
    error           TEXT NOT NULL DEFAULT '',
    mountpoint      TEXT NOT NULL DEFAULT '',
    netns           TEXT NOT NULL DEFAULT '',
    net_status      TEXT NOT NULL DEFAULT '',
    config          TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX containers_pod ON containers (pod_id);
CREATE INDEX containers_created ON containers (created_at);
CREATE INDEX containers_image ON containers (image_id);
CREATE INDEX containers_intent ON containers (intent) WHERE intent <> '';
CREATE INDEX containers_up ON containers (state, pid, pid_start, conmon_pid, conmon_start, boot_id) WHERE state IN ('initialized', 'running', 'paused', 'stopped');

-- A container cannot be deleted while another depends on it.
CREATE TABLE container_deps (
    container_id TEXT NOT NULL REFERENCES containers (id) ON DELETE CASCADE,
    depends_on   TEXT NOT NULL REFERENCES containers (id) ON DELETE RESTRICT,
    PRIMARY KEY (container_id, depends_on)
) WITHOUT ROWID;
CREATE INDEX container_deps_target ON container_deps (depends_on);

CREATE TABLE volumes (
    name        TEXT PRIMARY KEY,
    state       TEXT NOT NULL,
    owner_pid   INTEGER NOT NULL DEFAULT 0,
    owner_start INTEGER NOT NULL DEFAULT 0,
    owner_boot  TEXT NOT NULL DEFAULT '',
    anonymous   INTEGER NOT NULL DEFAULT 0,
    created_at  INTEGER NOT NULL,
    config      TEXT NOT NULL
) WITHOUT ROWID;

-- A volume cannot be deleted while a container uses it.
CREATE TABLE container_volumes (
    container_id TEXT NOT NULL REFERENCES containers (id) ON DELETE CASCADE,
    volume       TEXT NOT NULL REFERENCES volumes (name) ON DELETE RESTRICT,
    PRIMARY KEY (container_id, volume)
) WITHOUT ROWID;
CREATE INDEX container_volumes_target ON container_volumes (volume);

CREATE TABLE container_networks (
    container_id TEXT NOT NULL REFERENCES containers (id) ON DELETE CASCADE,
    network      TEXT NOT NULL,
    PRIMARY KEY (container_id, network)
) WITHOUT ROWID;
CREATE INDEX container_networks_target ON container_networks (network);

CREATE TABLE exec_sessions (
    id           TEXT PRIMARY KEY,
    container_id TEXT NOT NULL REFERENCES containers (id) ON DELETE CASCADE,
    pid          INTEGER NOT NULL DEFAULT 0,
    pid_start    INTEGER NOT NULL DEFAULT 0,
    boot_id      TEXT NOT NULL DEFAULT '',
    created_at   INTEGER NOT NULL,
    config       TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX exec_sessions_container ON exec_sessions (container_id);

-- Exit codes outlive their containers for a while: `wait` on a container that
-- removes itself must still learn how it ended.
CREATE TABLE exit_codes (
    container_id TEXT PRIMARY KEY,
    code         INTEGER NOT NULL,
    at           INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE events (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    type       TEXT NOT NULL,
    status     TEXT NOT NULL,
    id         TEXT NOT NULL DEFAULT '',
    name       TEXT NOT NULL DEFAULT '',
    image      TEXT NOT NULL DEFAULT '',
    pod_id     TEXT NOT NULL DEFAULT '',
    network    TEXT NOT NULL DEFAULT '',
    exit_code  INTEGER,
    error      TEXT NOT NULL DEFAULT '',
    health     TEXT NOT NULL DEFAULT '',
    attributes TEXT NOT NULL DEFAULT ''
);
CREATE INDEX events_at ON events (at);

CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
