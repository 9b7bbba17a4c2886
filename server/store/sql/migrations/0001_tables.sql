-- One text for SQLite and PostgreSQL. {text} is compared byte by byte, {bytes} is
-- any sequence of bytes, and times are microseconds since 1970 in UTC.

CREATE TABLE exams (
	id     {text} NOT NULL PRIMARY KEY,
	title  {text} NOT NULL,
	starts bigint NOT NULL,
	ends   bigint NOT NULL,
	zone   {text} NOT NULL,
	policy {text} NOT NULL,
	closed boolean NOT NULL
);

CREATE TABLE roster (
	exam    {text} NOT NULL,
	student {text} NOT NULL,
	contact {text} NOT NULL,
	team    {text} NOT NULL,
	site    {text} NOT NULL,
	PRIMARY KEY (exam, student)
);

CREATE TABLE receipts (
	id      {text} NOT NULL PRIMARY KEY,
	exam    {text} NOT NULL,
	student {text} NOT NULL,
	at      bigint NOT NULL,
	late    boolean NOT NULL,
	outcome {text} NOT NULL,
	body    {bytes} NOT NULL
);

CREATE INDEX receipts_by_exam ON receipts (exam, id);

-- It has all that finding a student's best and last receipt needs.
CREATE INDEX receipts_by_student ON receipts (exam, student, at, id, outcome);

CREATE INDEX receipts_by_time ON receipts (at);

CREATE TABLE records (
	session {text} NOT NULL PRIMARY KEY,
	exam    {text} NOT NULL,
	student {text} NOT NULL,
	line    bigint NOT NULL,
	hash    {bytes} NOT NULL,
	at      bigint NOT NULL
);

CREATE INDEX records_by_exam ON records (exam, session);

CREATE INDEX records_by_student ON records (exam, student);

CREATE TABLE sessions (
	id          {text} NOT NULL PRIMARY KEY,
	exam        {text} NOT NULL,
	student     {text} NOT NULL,
	token       {text} NOT NULL,
	purpose     {text} NOT NULL,
	transport   {text} NOT NULL,
	state       {text} NOT NULL,
	last_packet bigint NOT NULL
);

-- next is the number of the next message, given_up how many were given up.
CREATE TABLE queues (
	receiver {text} NOT NULL PRIMARY KEY,
	next     bigint NOT NULL,
	given_up bigint NOT NULL
);

CREATE TABLE messages (
	receiver {text} NOT NULL,
	number   bigint NOT NULL,
	id       {text} NOT NULL,
	lane     {text} NOT NULL,
	kind     {text} NOT NULL,
	exam     {text} NOT NULL,
	student  {text} NOT NULL,
	at       bigint NOT NULL,
	body     {bytes} NOT NULL,
	PRIMARY KEY (receiver, number)
);

CREATE TABLE undelivered (
	receiver {text} NOT NULL,
	place    bigint NOT NULL,
	id       {text} NOT NULL,
	kind     {text} NOT NULL,
	exam     {text} NOT NULL,
	student  {text} NOT NULL,
	at       bigint NOT NULL,
	given_up bigint NOT NULL,
	why      {text} NOT NULL,
	sentence {text} NOT NULL,
	PRIMARY KEY (receiver, place)
);
