-- a column with a collation of the team's own; then a second build
-- @server 15
-- @@ a
create table plain (id int);
create collation nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
create table word (id int primary key, w text collate nocase);
-- @@ build
-- @@ b
alter table plain add column extra int;
