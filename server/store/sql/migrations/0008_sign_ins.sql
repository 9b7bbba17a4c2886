-- Who is signed in to the proctors' board. id is the hash of a secret, exams a JSON array.
-- A row stays until it expires, also after it has ended: its link stays used up.

CREATE TABLE sign_ins (
	id       {text} NOT NULL PRIMARY KEY,
	identity {text} NOT NULL,
	role     {text} NOT NULL,
	exams    {text} NOT NULL,
	link     {text} NOT NULL,
	begins   bigint NOT NULL,
	ends     bigint NOT NULL,
	ended    boolean NOT NULL
);

CREATE INDEX sign_ins_by_identity ON sign_ins (identity);

CREATE UNIQUE INDEX sign_ins_by_link ON sign_ins (link) WHERE link <> '';
