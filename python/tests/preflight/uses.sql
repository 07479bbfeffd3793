-- A database whose objects use pgGit v1 in every place that there is, and some that only seem to.
create schema app;
create table app.watched (id integer primary key, name text not null, kind pggit.object_type, noted text);

create function app.last_change(p_name text) returns timestamp language sql as $$
    -- pggit.get_version('not this')
    select created_at from pggit.get_history(p_name, 1)
$$;
create function app.history_of(p_name text) returns bigint language plpgsql as $$
declare
    found bigint;
begin
    raise notice 'pggit.history is read for %', p_name;
    execute 'select count(*) from pggit.history where ' || quote_literal(p_name) || ' <> ''''' into found;
    return found;
end
$$;
create function app.pause() returns void language plpgsql as $$ begin perform pggit.pause_tracking(); end $$;
create function app.innocent() returns text language sql as $$ select 'pggit.history'::text /* pggit.get_version('x') */ $$;
create function app.kind_of(p_id integer) returns pggit.object_type language sql begin atomic
    select object_type from pggit.objects where id = p_id;
end;

create function app.touched() returns trigger language plpgsql as $$ begin return new; end $$;

create view app.versions as select * from pggit.get_version('public.books') as v;
create materialized view app.counted as select count(*) as rows from pggit.history;
create rule noted as on insert to app.watched do also delete from pggit.history where false;
create trigger paused after insert on app.watched for each row
    when (new.kind = 'TABLE'::pggit.object_type) execute function app.touched();
create policy seen on app.watched using (exists (select from pggit.get_version(app.watched.name)));
alter table app.watched alter column noted set default pggit.version();
alter table app.watched add constraint named check (name <> pggit.version());
alter table app.watched add column seen_id integer references pggit.objects (id);
create index kinds on app.watched (id) where kind = 'TABLE'::pggit.object_type;
create publication everything for table pggit.history;
