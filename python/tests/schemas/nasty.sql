-- A schema that is hard to rebuild: names and literals that mislead a reader of SQL text, and objects that
-- need one another in an order that their names do not give away. Runs on PostgreSQL 14 and later.

-- Names and literals
create schema "Ünï.code; ""quoted""";
create schema aa_needs_zz;
create schema zz;
create schema "😀";
comment on schema "😀" is E'it''s; a $$ smile $$\nwith "quotes" and \\ backslash and 100 %s';

create table "Ünï.code; ""quoted""".";drop table x;--" (
    "a.b" integer primary key,
    "it's" text default E'a;b''c\\d\n$$e$$' not null,
    "tab	and
newline" text,
    "100%" text default '%s %I' check ("100%" <> ';'),
    "😀 DEFAULT " text default ' DEFAULT 1 NOT NULL' not null
);
comment on table "Ünï.code; ""quoted""".";drop table x;--" is $c$-- it's no comment; /* nor is this $c2$ here $c2$ */$c$;
comment on column "Ünï.code; ""quoted""".";drop table x;--"."it's" is 'one;
two''s "three" \';
create sequence "😀"."seq'uence.with\back";
create table "😀"."select" (
    id bigint default nextval('"😀"."seq''uence.with\back"'::regclass) constraint "pk;1" primary key,
    "order" text
);
alter table "😀"."select" drop column "order";
alter sequence "😀"."seq'uence.with\back" owned by "😀"."select".id;
create unique index "idx ""with"" quotes" on "😀"."select" ((id + 1)) where id <> 7;
create table public.lower_case (id integer primary key, bare integer);
create table public."Lower_Case" (id serial primary key, other integer references public.lower_case (id));
create view public.tricky as
select
    ';' as semicolon, '--' as dashes, '/*' as opens, '$$' as dollars, E'\\''' as escaped, "it's" as "'", '"' as """",
    'public.tricky' as "itself"
from "Ünï.code; ""quoted""".";drop table x;--";
comment on view public.tricky is ';';
comment on column public.tricky.semicolon is E'\n;\n';

-- Types upon types, and routines among them
create type public.mood as enum ('it''s; fine', '$$', 'so "so"', '\');
create domain zz.short as text default '' check (length(value) < 9) constraint "no;semicolon" check (value !~ ';');
alter domain zz.short add constraint later check (value <> 'later') not valid;
comment on constraint later on domain zz.short is 'not; yet';
create type aa_needs_zz.pair as (one zz.short, many public.mood[]);
create type aa_needs_zz.deep as (pairs aa_needs_zz.pair[], mood public.mood);
create type zz.span as range (subtype = integer, multirange_type_name = zz.spans);
create function aa_needs_zz.label(value aa_needs_zz.deep default null, other zz.spans default null)
returns text language sql immutable as $$ select 'a;b' || $1::text $$;
create table aa_needs_zz.user_of_types (
    id integer generated always as identity (start with 10 increment by 5),
    n integer,
    deep aa_needs_zz.deep,
    spans zz.spans,
    label text default aa_needs_zz.label(),
    mood public.mood default 'it''s; fine' not null,
    lowered text generated always as ('X;' || (n + 1)::text) stored,
    primary key (id)
);
create table aa_needs_zz.wrapper (whole aa_needs_zz.user_of_types, at timestamptz default now());
create function public.dollars(a text default '$$;$$') returns text language plpgsql
set search_path = public, pg_temp as $outer$
begin
    -- ' an odd quote; and $function$ in the text
    return $function$ ;' $function$ || a;
end
$outer$;
comment on function public.dollars(text) is 'it''s; $function$';
create function public.plus(integer, integer) returns integer language internal immutable strict as 'int4pl';
create aggregate aa_needs_zz.total(integer) (sfunc = public.plus, stype = integer, initcond = '0');
comment on aggregate aa_needs_zz.total(integer) is 'sum; again';
create procedure public.nothing(inout n integer default public.plus(1, 2)) language plpgsql as $$ begin end $$;
create function public.table_of(n integer) returns table (a public.lower_case, b aa_needs_zz.pair)
language sql as $$ select null::public.lower_case, null::aa_needs_zz.pair $$;

-- A table and its functions in a circle; one of two namesakes is no part of it
create table public.circle (id integer, note text default 'x;y' not null);
create function public.describe(public.circle) returns text language sql stable as $$ select 'row' $$;
create function public.describe(integer) returns text language sql immutable as $$ select 'number' $$;
create function public.first_circle() returns public.circle language sql as $$ select null::public.circle $$;
create function public.is_fine(public.circle) returns boolean language plpgsql as $$ begin return true; end $$;
alter table public.circle
    alter note set default ('no, ' || (public.first_circle()).note),
    add second text default public.describe(1) not null,
    add constraint fine check (public.is_fine(circle)),
    add constraint positive check (id > 0 and note <> 'a, b
    CONSTRAINT c'),
    add third text generated always as (public.describe(4)) stored,
    add primary key (id);
create view public.a_circle as select *, public.describe(circle) as described from public.circle;

-- Views that need keys, routines and each other
create table public.books (id integer primary key, title text, author integer not null, unique (title));
create view public.a_by_key as select b.id, b.title, count(*) from public.books as b group by b.id;
create function public.a_standard(n integer) returns bigint language sql
begin atomic
    insert into public.books (title, author) values ('; end', n) on conflict (title) do nothing;
    select count(*) from public.a_by_key where id > n;
end;
comment on function public.a_standard(integer) is 'begin; atomic';
create function public.a_return(n integer) returns integer language sql immutable return n + 1;
create view public.a_top as select *, public.a_standard(id) as n from public.a_by_key;
create materialized view public.a_stored as select id, public.a_return(id) as more from public.a_top with no data;
create unique index a_stored_id on public.a_stored (id);
comment on materialized view public.a_stored is 'stored; not refreshed';
comment on index public.a_stored_id is 'of a; view';
create view public.a_on_stored with (security_barrier = true) as select more from public.a_stored;
create recursive view public.numbers (n) as values (1) union all select n + 1 from numbers where n < 9;
alter view public.a_by_key alter column title set default 'un;titled';
create table public.counted (n bigint default public.a_standard(3), check (public.a_return(1) = 2));

-- Partitions and children
create table public.events (
    id bigint generated by default as identity,
    at date not null,
    kind text not null default 'x',
    check (kind <> ''),
    primary key (at, id)
) partition by range (at);
create table public.a_events_2024 (at date not null, note text, kind text not null default 'y', id bigint not null,
    constraint events_kind_check check (kind <> '')
);
alter table public.a_events_2024 drop column note;
alter table public.events attach partition public.a_events_2024 for values from ('2024-01-01') to ('2025-01-01');
create table public.events_2025 partition of public.events for values from ('2025-01-01') to ('2026-01-01')
partition by range (at);
create table public.a_events_2025_a partition of public.events_2025 for values from ('2025-01-01') to ('2025-02-01');
create table public.events_rest partition of public.events default;
create index events_kind on public.events (kind) include (id);
create unique index events_upper on public.events (at, upper(kind));
create table public.listed (kind text, n integer default public.a_return(1), check (n > 0)) partition by list (kind);
create table public.a_listed partition of public.listed for values in ('a;', 'b''');
create index only_rest on public.events_rest (lower(kind)) where id > 0;
create table public.event_notes (
    event_at date, event_id bigint, note text, foreign key (event_at, event_id) references public.events
);
alter table public.events add column book integer references public.books (id) on delete set null;
comment on constraint events_kind_check on public.events is 'a; check';
create table public.base (id integer not null, name text default 'base', constraint named check (name <> ''));
create table public.a_derived (more integer) inherits (public.base);
alter table public.a_derived alter name set default 'derived';
alter table public.a_derived add constraint own check (more > 0) not valid;

-- Constraints and indexes
create table public.hen (id integer primary key, egg integer);
create table public.egg (id integer primary key, hen integer references public.hen (id) deferrable initially deferred);
alter table public.hen add constraint to_egg foreign key (egg) references public.egg (id) not valid;
create unique index lower_case_bare on public.lower_case (bare);
create table public.by_index (bare integer references public.lower_case (bare), during int4range, exclude using gist (during with &&));
alter table public.by_index add column code text not null;
create unique index by_index_code on public.by_index (code);
alter table public.by_index replica identity using index by_index_code;
alter table public.by_index cluster on by_index_code;
create unlogged table public.options (
    a text, b integer
) with (fillfactor = 70, autovacuum_enabled = false, toast.autovacuum_enabled = false);
alter table public.options alter a set storage external, alter a set (n_distinct = -0.5), alter b set statistics 100;
alter table public.options replica identity full;
create sequence public.countdown as smallint increment -1 minvalue -5 maxvalue 5 start 3 cycle cache 2;

-- Triggers, row security
create function public.on_change() returns trigger language plpgsql as $$ begin return new; end $$;
create trigger "a;trigger" before insert or update of title on public.books
for each row when (new.title <> ';') execute function public.on_change('it''s;', '$$');
create trigger off after delete on public.books for each statement execute function public.on_change();
alter table public.books disable trigger off;
create constraint trigger checked after insert on public.egg from public.hen
deferrable initially deferred for each row execute function public.on_change();
create trigger on_view instead of insert on public.a_by_key for each row execute function public.on_change();
create trigger on_parts after insert on public.events for each row execute function public.on_change();
comment on trigger off on public.books is 'off;';
create policy "own; rows" on public.books as restrictive for select using (public.a_return(author) > (select count(*) from public.hen));
create policy everyone on public.books for insert to public with check (title <> ';');
comment on policy "own; rows" on public.books is 'p;';
alter table public.books enable row level security;
alter table public.books force row level security;
