-- a column that nothing tells of but its drop is a stub, and those that come behind it stand further on than recorded
-- @after select count(*) = 0 from pggit_audit.changes where fidelity = 'unknown'
-- @@ a
create table config (id int primary key, alpha int, note text);
-- @@ b
alter table config rename alpha to omega;
-- @@ c
alter table config drop column omega, drop column if exists nothing, add column item_period text not null,
    add column draft_period text not null, add column due_after text not null;
-- @@ d
alter table config rename item_period to line_period;
-- @@ e
alter table config add column progressive boolean not null default false;
