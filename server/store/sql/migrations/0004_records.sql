-- Each head names its record by the hash of the first line. Nothing reported heads
-- before this version, so there are none to keep.

DROP TABLE records;

CREATE TABLE records (
	session {text} NOT NULL PRIMARY KEY,
	exam    {text} NOT NULL,
	student {text} NOT NULL,
	record  {bytes} NOT NULL,
	line    bigint NOT NULL,
	hash    {bytes} NOT NULL,
	at      bigint NOT NULL
);

CREATE INDEX records_by_exam ON records (exam, session);

CREATE INDEX records_by_student ON records (exam, student);
