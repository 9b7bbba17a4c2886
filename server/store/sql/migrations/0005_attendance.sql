-- When a student was last connected with a watch; null: never.

ALTER TABLE roster ADD COLUMN connected bigint;
