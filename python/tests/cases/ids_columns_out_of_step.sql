-- columns renamed without a row are dropped under their new names, two at once; a stub would shift those behind them
-- @after select count(*) = 0 from pggit_audit.changes where fidelity = 'unknown'
-- @after select count(*) = 0 from pggit_audit.repairs where rule = 'stub_column'
-- @also psql1
-- @@ a
create table config (id int primary key, alignment text, period_seconds int not null, line_item_resolution text, note text);
-- @@ b
alter table config rename alignment to collection_alignment;
alter table config rename period_seconds to item_period_seconds;
alter table config rename line_item_resolution to item_resolution;
-- @@ c
alter table config drop column item_period_seconds, drop column item_resolution, add column item_period text not null,
    add column draft_period text not null, add column due_after text not null;
-- @@ d
alter table config rename item_period to line_period;
-- @@ e
alter table config add column progressive boolean not null default false;
-- @@ f
alter table config alter column progressive drop default;
