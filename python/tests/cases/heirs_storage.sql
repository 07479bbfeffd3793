-- heirs of two parents whose columns are stored alike, and of two that are stored otherwise since
-- @@ first
create table west (a text, b text);
alter table west alter column a set storage external;
create table east (a text, c text);
alter table east alter column a set storage external;
create table both_sides (d text) inherits (west, east);
-- @@ second
alter table both_sides alter column a set storage main;
create table north (a text);
create table south (a text);
create table poles (e int) inherits (north, south);
alter table north alter column a set storage external;
-- @@ third
alter table west add column f int;
