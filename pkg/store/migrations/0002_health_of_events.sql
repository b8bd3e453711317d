-- What a health_status event tells beyond the status: how often the check has
-- failed in a row, and what it said if that is to be logged with the events.
ALTER TABLE events ADD COLUMN health_streak INTEGER NOT NULL DEFAULT 0;
ALTER TABLE events ADD COLUMN health_log TEXT NOT NULL DEFAULT '';
