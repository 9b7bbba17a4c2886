-- What servers that share a database tell each other. server is the identifier of one
-- run of a server; of sessions it is empty where an earlier version wrote them.

ALTER TABLE sessions ADD COLUMN server {text} NOT NULL DEFAULT '';

-- last is the number of the latest event. Who appends changes this row first, so that
-- transactions commit in the order of their numbers.
CREATE TABLE event_log (
	one  bigint NOT NULL PRIMARY KEY,
	last bigint NOT NULL
);

INSERT INTO event_log (one, last) VALUES (1, 0);

CREATE TABLE events (
	number  bigint NOT NULL PRIMARY KEY,
	server  {text} NOT NULL,
	kind    {text} NOT NULL,
	exam    {text} NOT NULL,
	student {text} NOT NULL,
	at      bigint NOT NULL,
	body    {bytes} NOT NULL
);

CREATE INDEX events_by_time ON events (at);

CREATE INDEX events_by_student ON events (exam, student);

CREATE TABLE members (
	id       {text} NOT NULL PRIMARY KEY,
	name     {text} NOT NULL,
	version  {text} NOT NULL,
	draining boolean NOT NULL,
	beats    bigint NOT NULL
);

CREATE TABLE leader (
	one    bigint NOT NULL PRIMARY KEY,
	member {text} NOT NULL,
	term   bigint NOT NULL
);

INSERT INTO leader (one, member, term) VALUES (1, '', 0)
