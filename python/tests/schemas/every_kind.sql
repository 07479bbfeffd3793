-- An object of every kind that PostgreSQL 14 to 18 know, with what each can have beside it. Names are such that their
-- order is not the order in which they can be made. Lines that end with `-- since N` or `-- until N` are for servers
-- of that version and later, or earlier, ones; `-- with icu` for servers that have ICU, `-- with NAME` for those that have
-- the extension NAME. A superuser runs it.

-- Schemas, and what is in none
create schema zz;
create schema aa;
comment on schema aa is 'a;a';
comment on schema public is 'ours';

create extension cube schema zz; -- with cube
create extension earthdistance schema aa; -- with cube
create extension vector schema zz; -- with vector
comment on extension vector is 'our own; comment'; -- with vector

-- Languages, access methods
create function zz.handler() returns language_handler language c as '$libdir/plpgsql', 'plpgsql_call_handler';
create function zz.inline_handler(internal) returns void language c as '$libdir/plpgsql', 'plpgsql_inline_handler';
create function zz.validator(oid) returns void language c strict as '$libdir/plpgsql', 'plpgsql_validator';
create trusted procedural language aa_lang handler zz.handler inline zz.inline_handler validator zz.validator;
comment on language aa_lang is 'a language';
create function aa.in_its_language() returns integer language aa_lang as 'begin return 1; end';
create access method aa_heap type table handler heap_tableam_handler;
comment on access method aa_heap is 'as heap';
create access method aa_tree type index handler bthandler;
create table aa.in_heap (a integer) using aa_heap;

-- Types
create type aa.shell;
comment on type aa.shell is 'only a name';
create type aa.base;
create function zz.base_in(cstring) returns aa.base language internal immutable strict as 'textin';
create function zz.base_out(aa.base) returns cstring language internal immutable strict as 'textout';
create function zz.base_recv(internal) returns aa.base language internal stable strict as 'textrecv';
create function zz.base_send(aa.base) returns bytea language internal stable strict as 'textsend';
create type aa.base (
    input = zz.base_in, output = zz.base_out, receive = zz.base_recv, send = zz.base_send, internallength = variable,
    alignment = int4, storage = extended, category = 'X', preferred = true, default = 'it''s; new', delimiter = ';', collatable = true
);
comment on type aa.base is 'a base; type';
create type aa.fixed;
create function zz.fixed_in(cstring) returns aa.fixed language internal immutable strict as 'int4in';
create function zz.fixed_out(aa.fixed) returns cstring language internal immutable strict as 'int4out';
create type aa.fixed (input = zz.fixed_in, output = zz.fixed_out, like = integer);
create type public.mood as enum ('sad', 'it''s; ok');
alter type public.mood add value 'so so' before 'it''s; ok';
comment on type public.mood is 'mood';
create type aa.pair as (a integer, b text collate "C", c aa.base);
comment on type aa.pair is 'pair';
comment on column aa.pair.b is 'b;';
create collation zz.nocase (provider = libc, lc_collate = 'C', lc_ctype = 'POSIX');
create collation zz.levels (provider = icu, locale = 'und-u-ks-level2', deterministic = false); -- with icu
comment on collation zz.nocase is 'no case';
create collation zz.plain (locale = 'C');
create collation zz.ruled (provider = icu, locale = 'und', rules = '&V << w <<< W'); -- with icu -- since 16
create collation zz.built (provider = builtin, locale = 'C.UTF-8'); -- since 17
create domain aa.word as text collate zz.nocase default 'x'::text not null constraint short check (length(value) < 9);
alter domain aa.word add constraint later check (value <> 'later') not valid;
comment on domain aa.word is 'word';
comment on constraint short on domain aa.word is 'short;';
create domain aa.named as integer constraint is_there not null; -- since 17
create domain aa.self as integer;
create function zz.is_self(aa.self) returns boolean language sql immutable as 'select true';
create function zz.one() returns integer language sql immutable as 'select 1';
alter domain aa.self add constraint itself check (zz.is_self(value));
alter domain aa.self set default zz.one();
create type aa.span;
create function zz.canonical(aa.span) returns aa.span language internal immutable strict as 'int4range_canonical';
create function zz.distance(integer, integer) returns float8 language sql immutable as 'select ($2 - $1)::float8';
create type aa.span as range (subtype = integer, canonical = zz.canonical, subtype_diff = zz.distance, multirange_type_name = zz.spans);
create type aa.texts as range (subtype = text, collation = zz.nocase);

-- Operators, casts, conversions, transforms
create function zz.same(aa.fixed, aa.fixed) returns boolean language internal immutable strict as 'int4eq';
create function zz.other(aa.fixed, aa.fixed) returns boolean language internal immutable strict as 'int4ne';
create function zz.less(aa.fixed, aa.fixed) returns boolean language internal immutable strict as 'int4lt';
create function zz.more(aa.fixed, aa.fixed) returns boolean language internal immutable strict as 'int4gt';
create function zz.compare(aa.fixed, aa.fixed) returns integer language internal immutable strict as 'btint4cmp';
create function zz.turned(aa.fixed) returns aa.fixed language internal immutable strict as 'int4um';
create operator aa.=== (
    function = zz.same, leftarg = aa.fixed, rightarg = aa.fixed, commutator = operator(aa.===), negator = operator(aa.<>),
    restrict = eqsel, join = eqjoinsel, hashes, merges
);
create operator aa.<> (
    function = zz.other, leftarg = aa.fixed, rightarg = aa.fixed, commutator = operator(aa.<>), negator = operator(aa.===)
);
create operator aa.< (function = zz.less, leftarg = aa.fixed, rightarg = aa.fixed, commutator = operator(zz.>));
create operator zz.> (function = zz.more, leftarg = aa.fixed, rightarg = aa.fixed, commutator = operator(aa.<));
create operator aa.-? (function = zz.turned, rightarg = aa.fixed);
comment on operator aa.===(aa.fixed, aa.fixed) is 'same; as';
comment on operator aa.-?(none, aa.fixed) is 'turned';
create operator family aa.family using btree;
comment on operator family aa.family using btree is 'family';
create operator class aa.class default for type aa.fixed using btree family aa.family as
operator 1 aa.<, operator 3 aa.===, operator 5 zz.>, function 1 zz.compare(aa.fixed, aa.fixed);
comment on operator class aa.class using btree is 'class;';
create function zz.compare_other(aa.fixed, integer) returns integer language internal immutable strict as 'btint4cmp';
create function zz.same_other(aa.fixed, integer) returns boolean language internal immutable strict as 'int4eq';
create operator aa.=== (function = zz.same_other, leftarg = aa.fixed, rightarg = integer);
alter operator family aa.family using btree add
operator 3 aa.=== (aa.fixed, integer), function 1 (aa.fixed, integer) zz.compare_other(aa.fixed, integer);
create operator family aa.lonely using hash;
create function zz.to_text(aa.pair) returns text language sql immutable as 'select ($1).b';
create function zz.to_fixed(integer) returns aa.fixed language internal immutable strict as 'int4up';
create cast (aa.pair as text) with function zz.to_text(aa.pair) as assignment;
comment on cast (aa.pair as text) is 'as text';
create cast (integer as aa.fixed) with function zz.to_fixed(integer) as implicit;
create cast (aa.fixed as integer) without function;
create cast (aa.base as public.mood) with inout;
create conversion aa.latin for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8;
comment on conversion aa.latin is 'latin';
create default conversion zz.latin for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8;
create function zz.from_sql(internal) returns internal language internal immutable strict as 'numeric_poly_combine';
create function zz.to_sql(internal) returns aa.base language internal immutable strict as 'textrecv';
create transform for aa.base language aa_lang (from sql with function zz.from_sql(internal), to sql with function zz.to_sql(internal));
comment on transform for aa.base language aa_lang is 'transform;';
create function aa.transformed(aa.base) returns integer language aa_lang transform for type aa.base as 'begin return 1; end';

-- Text search
create text search parser zz.parser (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, headline = prsd_headline, lextypes = prsd_lextype);
comment on text search parser zz.parser is 'parser';
create text search template zz.template (init = dsimple_init, lexize = dsimple_lexize);
comment on text search template zz.template is 'template';
create text search dictionary zz.dictionary (template = zz.template, stopwords = 'english', accept = false);
comment on text search dictionary zz.dictionary is 'dictionary;';
create text search configuration aa.configuration (parser = zz.parser);
alter text search configuration aa.configuration add mapping for asciiword, word with zz.dictionary, simple;
alter text search configuration aa.configuration add mapping for "int" with simple;
comment on text search configuration aa.configuration is 'configuration';

-- Routines
create function zz.step(bigint, integer) returns bigint language sql immutable as 'select $1 + $2';
create function zz.back(bigint, integer) returns bigint language sql immutable as 'select $1 - $2';
create function zz.tick(bigint) returns bigint language sql immutable as 'select $1 + 1';
create function zz.final(bigint, integer) returns numeric language sql immutable as 'select $1::numeric';
create aggregate aa.total(a integer) (
    sfunc = zz.step, stype = bigint, sspace = 16, finalfunc = zz.final, finalfunc_extra, finalfunc_modify = shareable,
    combinefunc = int8pl, initcond = '0', msfunc = zz.step, minvfunc = zz.back, mstype = bigint, msspace = 32,
    mfinalfunc = zz.final, mfinalfunc_extra, mfinalfunc_modify = read_write, minitcond = '1', parallel = safe
);
comment on aggregate aa.total(integer) is 'total';
create aggregate aa.tally(*) (sfunc = zz.tick, stype = bigint, initcond = '0');
comment on aggregate aa.tally(*) is 'rows; counted';
create function zz.turned_step(aa.fixed, aa.fixed) returns aa.fixed language internal immutable strict as 'int4larger';
create aggregate aa.highest(aa.fixed) (sfunc = zz.turned_step, stype = aa.fixed, sortop = operator(zz.>));
create aggregate aa.median(double precision order by double precision) (
    sfunc = ordered_set_transition, stype = internal, finalfunc = percentile_disc_final, finalfunc_extra
);
create aggregate aa.rank_of(variadic "any" order by variadic "any") (
    sfunc = ordered_set_transition_multi, stype = internal, finalfunc = rank_final, finalfunc_extra, hypothetical
);
create aggregate aa.partial(integer) (
    sfunc = int4_avg_accum, stype = bigint[], combinefunc = int4_avg_combine, initcond = '{0,0}', parallel = restricted
);
create aggregate aa.serial(numeric) (
    sfunc = numeric_avg_accum, stype = internal, combinefunc = numeric_avg_combine, serialfunc = numeric_avg_serialize,
    deserialfunc = numeric_avg_deserialize, finalfunc = numeric_avg
);
create procedure aa.proceed(inout x integer default 1) language plpgsql as 'begin null; end';
alter procedure aa.proceed(integer) depends on extension plpgsql;
comment on procedure aa.proceed(integer) is 'proceeds';
create function aa.many(a integer default 1, variadic b text[] default '{}') returns table (c integer, "d;e" text)
language sql stable strict security definer leakproof parallel safe cost 7 rows 5 set search_path = aa, pg_temp as $$ select 1, ';' $$;
comment on function aa.many(integer, text[]) is 'many;';
create function aa.windowed() returns integer language internal window immutable as 'window_row_number';
create function aa.supported(integer) returns integer language internal immutable strict support generate_series_int4_support as 'int4up';

-- A function that calls another by its bare name, and expressions in which the server replaces it by its body.
-- Since 17 no index can be made of such a one.
set search_path = aa;
create function raw_slug(v text) returns text language sql immutable strict as $$ select lower(v) $$;
create function slug(v text) returns text language sql immutable strict as $$ select trim(both '-' from raw_slug(v)) $$;
create table aa_page (
    id integer primary key, title text not null, path text generated always as (slug(title)) stored,
    constraint title_ok check (slug(title) <> '')
);
alter table aa_page add constraint no_two exclude using btree (slug(title) with =); -- until 16
create index page_slug on aa_page (slug(title)) where slug(title) <> 'x'; -- until 16
create table by_slug (title text) partition by list (slug(title));
create domain slugged as text check (slug(value) <> '');
reset search_path;

-- Sequences, tables
create sequence aa.numbers as smallint increment by -2 minvalue -9 maxvalue 9 start 5 cache 3 cycle;
comment on sequence aa.numbers is 'numbers';
create unlogged sequence zz.careless; -- since 15
create table aa.items (
    id integer generated always as identity (start with 10 increment by 5 cycle),
    code aa.fixed,
    word aa.word,
    label text collate zz.nocase default 'none; given' not null,
    amount numeric(12, 2) constraint amount_there not null,
    mood public.mood default 'so so' not null,
    pair aa.pair,
    pair_text text default (row(1, 'a', 'b')::aa.pair)::text,
    twice numeric generated always as (amount * 2) stored,
    shown numeric generated always as (amount * 3) virtual, -- since 18
    serial integer default nextval('aa.numbers'::regclass) not null,
    span aa.span,
    fts tsvector generated always as (to_tsvector('aa.configuration'::regconfig, 'a; b')) stored,
    other integer constraint other_there not null no inherit, -- since 18
    constraint items_pk primary key (id) with (fillfactor = 70),
    constraint code_once unique (code) include (label) with (fillfactor = 60) deferrable initially deferred,
    constraint once_or_null unique nulls not distinct (amount, label), -- since 15
    constraint apart exclude using gist (span with &&) where (id > 5),
    constraint positive check (amount > 0) no inherit,
    constraint not_meant check (amount < 99) not enforced, -- since 18
    constraint equal check (code operator(aa.===) 1)
) with (fillfactor = '70', autovacuum_enabled = 'false', toast.vacuum_truncate = 'false', toast.autovacuum_enabled = 'false');
alter sequence aa.numbers owned by aa.items.serial;
comment on sequence aa.items_id_seq is 'an identity''s';
-- identities whose sequences have types of their own
create table aa.numbered (
    a integer generated always as identity (start with 3),
    b bigint generated by default as identity (increment by -3),
    c smallint generated always as identity
);
create table aa.numbered_alike (like aa.numbered including identity);
alter sequence aa.numbered_a_seq as bigint;
alter sequence aa.numbered_b_seq as smallint minvalue -9 maxvalue -3 start with -4 restart;
alter sequence aa.numbered_c_seq as integer minvalue 70000 start with 70000 restart;
alter table aa.items add constraint later check (label <> 'later') not valid;
alter table aa.items add column late integer;
alter table aa.items add constraint late_there not null late not valid; -- since 18
alter table aa.items alter label set storage external, alter label set compression pglz, alter id set statistics 50;
alter table aa.items alter amount set (n_distinct = -0.5);
alter table aa.items replica identity full;
comment on table aa.items is 'items; all';
comment on column aa.items.twice is '2;';
comment on constraint positive on aa.items is 'positive';
comment on constraint items_pk on aa.items is 'the key';
comment on constraint amount_there on aa.items is 'there'; -- since 18
create table aa.refers (
    id integer references aa.items on delete set null, -- until 14
    id integer references aa.items on delete set null (id), -- since 15
    code aa.fixed
);
alter table aa.refers add constraint later foreign key (id) references aa.items match full on update cascade deferrable not valid;
create unlogged table aa.careless (a integer);
create type aa.person_type as (name text, born date, note text);
create table aa.person of aa.person_type (name with options not null, born default '2000-01-01', primary key (name));
create table aa.plain_person of aa.person_type;
create table aa.zz_log (id integer not null, at date not null, msg text default 'm', constraint told check (msg <> ''));
create table aa.log_1 (check (at < '2021-01-01')) inherits (aa.zz_log);
create table aa.log_2 () inherits (aa.zz_log);
create table aa.log_3 (own integer, msg text default 'own') inherits (aa.zz_log);
alter table aa.log_3 alter msg set not null;
alter table aa.log_2 alter msg drop default;
create table zz.parts (id integer not null, day date not null, n integer, constraint parts_pk primary key (id, day)) partition by range (day);
create table aa.part_1 (n integer, day date not null, id integer not null, extra text);
alter table aa.part_1 drop column extra;
alter table zz.parts attach partition aa.part_1 for values from ('2020-01-01') to ('2021-01-01');
create table aa.part_2 partition of zz.parts default partition by list (id);
create table aa.part_2_1 partition of aa.part_2 for values in (1, 2);
create index parts_n on zz.parts (n);
comment on index aa.part_1_n_idx is 'of a part';
create table aa.by_class (a aa.fixed) partition by range (a aa.class);
create table aa.during (room int4range, at daterange, primary key (room, at without overlaps)); -- since 18
create table aa.within (room int4range, at daterange, foreign key (room, period at) references aa.during (room, period at)); -- since 18
create table aa.only_said (a integer references aa.items not enforced); -- since 18

-- Indexes, statistics
create index items_label on aa.items (lower(label) collate "C" text_pattern_ops desc nulls last) include (id) where id > 0;
create index items_brin on aa.items using brin (id) with (pages_per_range = 4);
create index items_code on aa.items using btree (code aa.class);
create index items_tree on aa.items using btree ((amount + 1), id);
alter index aa.items_tree alter column 1 set statistics 300;
comment on index aa.items_label is 'by; label';
alter table aa.items cluster on items_tree;
create unique index identified on aa.in_heap (a);
alter table aa.in_heap alter a set not null, replica identity using index identified;
create statistics aa.of_items (ndistinct, dependencies) on label, amount from aa.items;
create statistics zz.of_expression on (amount * 2), id from aa.items;
alter statistics aa.of_items set statistics 100;
comment on statistics aa.of_items is 'of; items';

-- Views, rules
create view aa.aa_seen with (security_barrier = 'true', check_option = 'local') as select id, label as "Label; quoted", amount from aa.items where amount > 1;
alter view aa.aa_seen alter amount set default 12;
comment on view aa.aa_seen is 'seen';
comment on column aa.aa_seen."Label; quoted" is 'label';
create view aa.a_cast as select (pair)::text as pair, aa.total(id) over () as total, code operator(aa.===) 1 as equal from aa.items;
create view aa.circle as select 1 as a, 'x'::text collate zz.nocase as b, 2::numeric(5, 1) as c;
create function aa.of_circle(aa.circle) returns integer language sql stable as 'select 1';
create function aa.all_circles() returns setof aa.circle language sql stable begin atomic select a, b, c from aa.circle; end;
create or replace view aa.circle as select 1 as a, 'x'::text collate zz.nocase as b, 2::numeric(5, 1) as c, aa.of_circle(null) as d;
comment on column aa.circle.b is 'in a circle';
create view aa.on_circle as select a from aa.all_circles();
create materialized view aa.stored with (fillfactor = '90', autovacuum_enabled = 'false') as select id, label from aa.items with no data;
alter materialized view aa.stored depends on extension plpgsql;
alter index aa.items_brin depends on extension plpgsql;
alter materialized view aa.stored alter id set statistics 77, alter label set storage external;
comment on materialized view aa.stored is 'stored';
comment on column aa.stored.id is 'id;';
create unique index stored_id on aa.stored (id);
alter materialized view aa.stored cluster on stored_id;
create rule no_delete as on delete to aa.refers do instead nothing;
create rule told as on insert to aa.careless do also (insert into aa.in_heap values (new.a); notify told, 'a;');
create rule told_more as on insert to aa.careless where (new.a > 1) do also insert into aa.in_heap values (new.a);
create rule of_view as on update to aa.aa_seen do instead update aa.items set label = new."Label; quoted" where id = old.id;
comment on rule no_delete on aa.refers is 'never;';
alter table aa.refers disable rule no_delete;

-- Triggers, policies
create function zz.on_row() returns trigger language plpgsql as 'begin return new; end';
create function zz.on_event() returns event_trigger language plpgsql as 'begin end';
create trigger watch before insert or update of label on aa.items for each row when (new.amount > 1) execute function zz.on_row('a;', '$$');
comment on trigger watch on aa.items is 'watches';
alter table aa.items enable always trigger watch;
create constraint trigger late after insert on aa.items from aa.refers deferrable initially deferred for each row execute function zz.on_row();
create trigger off before insert on aa.refers for each row execute function zz.on_row();
alter trigger off on aa.refers depends on extension plpgsql;
alter function zz.on_row() depends on extension plpgsql;
alter table aa.refers disable trigger off;
create trigger via instead of insert on aa.aa_seen for each row execute function zz.on_row();
create trigger on_parts after insert on zz.parts for each row execute function zz.on_row();
alter table aa.part_1 disable trigger on_parts;
alter table aa.part_2_1 enable replica trigger on_parts;
create event trigger aa_event on ddl_command_end when tag in ('CREATE TABLE', 'DROP TABLE') execute function zz.on_event();
alter event trigger aa_event disable;
comment on event trigger aa_event is 'event;';
create policy few on aa.items as restrictive for select to current_user, pg_monitor using (id > (select count(*) from aa.refers));
create policy all_of_them on aa.items for insert with check (label <> ';');
comment on policy few on aa.items is 'few;';
alter table aa.items enable row level security;
alter table aa.refers enable row level security;
alter table aa.refers force row level security;

-- Foreign data
create foreign data wrapper aa_wrapper options (debug 'it''s');
comment on foreign data wrapper aa_wrapper is 'wrapper';
create server aa_server type 'a' version '1;2' foreign data wrapper aa_wrapper;
comment on server aa_server is 'server;';
create user mapping for public server aa_server;
create user mapping for pg_monitor server aa_server;
create foreign table aa.afar (
    id integer options (column_name 'x;y') not null, label text collate "C" default 'a', constraint checked check (id > 0)
) server aa_server options (schema_name 'a', table_name 'b''c');
comment on foreign table aa.afar is 'afar';
comment on column aa.afar.id is 'id;';
create table zz.far_parts (id integer, n integer) partition by list (n);
create foreign table aa.far_part partition of zz.far_parts for values in (1) server aa_server;
create view aa.of_afar as select id from aa.afar;

-- Publications, subscriptions
set client_min_messages = error;
create publication aa_all for all tables with (publish = 'insert, update');
create publication aa_some with (publish_via_partition_root = true);
alter publication aa_some add table zz.parts;
create publication aa_columns for table only aa.in_heap (a) where (a > 1); -- since 15
alter publication aa_some add tables in schema zz; -- since 15
comment on publication aa_some is 'some;';
create publication aa_with_generated for table aa.aa_page with (publish_generated_columns = stored); -- since 18
create subscription aa_subscription connection '' publication aa_all, "b;c" with (connect = false, slot_name = 'a_slot', synchronous_commit = 'on');
comment on subscription aa_subscription is 'subscription;';
