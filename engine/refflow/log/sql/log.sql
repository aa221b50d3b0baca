-- The log of one workspace. No index but the primary key: what is asked of it by contact or kind is a view.
CREATE TABLE IF NOT EXISTS event (
    position    INTEGER PRIMARY KEY,
    commit_id   TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    version     INTEGER NOT NULL,
    occurred_at INTEGER NOT NULL,  -- microseconds since 1970 UTC
    recorded_at INTEGER NOT NULL,
    by          TEXT    NOT NULL,
    cause       INTEGER,
    data        TEXT    NOT NULL,  -- JSON
    personal    TEXT,              -- JSON, null once erased
    salt        BLOB,              -- null once erased
    commitment  BLOB,              -- SHA-256 of salt and personal; stays
    digest      BLOB    NOT NULL   -- SHA-256 over the digest before and all of the above but personal and salt
) STRICT;

CREATE TABLE IF NOT EXISTS workspace (
    id         TEXT    NOT NULL,
    bucket     INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TRIGGER IF NOT EXISTS event_is_next BEFORE INSERT ON event
WHEN NEW.position IS NOT (SELECT coalesce(max(position), 0) + 1 FROM event)
BEGIN
    SELECT raise(ABORT, 'the log only grows: an event goes to the position after the last');
END;

CREATE TRIGGER IF NOT EXISTS event_stays BEFORE DELETE ON event
BEGIN
    SELECT raise(ABORT, 'the log only grows: events are never deleted');
END;

CREATE TRIGGER IF NOT EXISTS event_is_final BEFORE UPDATE ON event
WHEN NEW.personal IS NOT NULL OR NEW.salt IS NOT NULL
    OR (NEW.position, NEW.commit_id, NEW.kind, NEW.version, NEW.occurred_at, NEW.recorded_at, NEW.by, NEW.data,
        NEW.digest)
    IS NOT (OLD.position, OLD.commit_id, OLD.kind, OLD.version, OLD.occurred_at, OLD.recorded_at, OLD.by, OLD.data,
        OLD.digest)
    OR NEW.cause IS NOT OLD.cause OR NEW.commitment IS NOT OLD.commitment
BEGIN
    SELECT raise(ABORT, 'the log is final: only personal fields can be erased');
END;
