-- older tables: a script takes a constraint away IF EXISTS and gives it: one named by hand was not there before
-- @strict
-- @@ before setup
create table profiles (id int primary key, domain text, note text not null,
  constraint profiles_note_check check (note <> ''));
-- @@ column
alter table profiles add column at date;
-- @@ check client=script
alter table profiles drop constraint if exists chk_domain_format;
alter table profiles add constraint chk_domain_format check (domain is null or length(domain) > 2);
alter table profiles drop constraint if exists uq_domain, add constraint uq_domain unique (domain, id);
-- @@ changed client=script
alter table profiles drop constraint if exists profiles_note_check;
alter table profiles alter column note type varchar(90);
alter table profiles add constraint profiles_note_check check (note <> '');
