-- What servers that share a database share by name, such as the certificate that one of
-- them has ordered. version counts the changes.

CREATE TABLE shared_values (
	name    {text} NOT NULL PRIMARY KEY,
	version bigint NOT NULL,
	body    {bytes} NOT NULL
)
