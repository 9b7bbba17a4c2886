-- What join tokens were issued. student is empty once it was erased, opened is null
-- until a session was opened with the token.

CREATE TABLE tokens (
	id      {text} NOT NULL PRIMARY KEY,
	exam    {text} NOT NULL,
	student {text} NOT NULL,
	begins  bigint NOT NULL,
	ends    bigint NOT NULL,
	revoked boolean NOT NULL,
	opened  bigint
);

CREATE INDEX tokens_by_exam ON tokens (exam, id);

CREATE INDEX tokens_by_student ON tokens (exam, student);
