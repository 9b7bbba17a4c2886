-- The audit log. digest stands for a student, whose pseudonym and salt are in
-- audit_students until the student is erased; empty: no student. Hashes are hexadecimal
-- digits.

CREATE TABLE audit (
	number   bigint NOT NULL PRIMARY KEY,
	at       bigint NOT NULL,
	role     {text} NOT NULL,
	identity {text} NOT NULL,
	action   {text} NOT NULL,
	exam     {text} NOT NULL,
	digest   {text} NOT NULL,
	subject  {text} NOT NULL,
	result   {text} NOT NULL,
	reason   {text} NOT NULL,
	detail   {text} NOT NULL,
	hash     {text} NOT NULL
);

CREATE INDEX audit_by_exam ON audit (exam, number);

CREATE INDEX audit_by_digest ON audit (digest, number);

CREATE INDEX audit_by_time ON audit (at, number);

CREATE TABLE audit_students (
	exam    {text} NOT NULL,
	student {text} NOT NULL,
	digest  {text} NOT NULL,
	salt    {text} NOT NULL,
	PRIMARY KEY (exam, student)
);

CREATE UNIQUE INDEX audit_students_by_digest ON audit_students (digest);

-- One row: the latest entry, and the last that retention has removed. Whoever appends
-- changes it first, so that there is one after the other.
CREATE TABLE audit_ends (
	one         bigint NOT NULL PRIMARY KEY,
	head_number bigint NOT NULL,
	head_at     bigint NOT NULL,
	head_hash   {text} NOT NULL,
	base_number bigint NOT NULL,
	base_at     bigint NOT NULL,
	base_hash   {text} NOT NULL
);

INSERT INTO audit_ends (one, head_number, head_at, head_hash, base_number, base_at, base_hash) VALUES (1, 0, 0, '', 0, 0, '');
