-- source kinds: pistachio#433/#595, pg-toolbelt#299, pgadmin#9486: comments get lost
-- @server 15
-- @@ a client=script
create schema cm; comment on schema cm is 'sch''ema; x';
create type cm.e as enum ('a'); comment on type cm.e is 'e';
create type cm.c as (a int); comment on type cm.c is 'c'; comment on column cm.c.a is 'attr';
create domain cm.d as int constraint pos check (value > 0); comment on domain cm.d is 'dom'; comment on constraint pos on domain cm.d is 'k';
create table cm.t (id int generated always as identity primary key, v int constraint vc check (v > 0), d cm.d);
comment on table cm.t is E'line1\nline2 ; \\ back'; comment on column cm.t.v is ''; comment on column cm.t.d is '$$ % {}';
comment on constraint vc on cm.t is 'ck'; comment on constraint t_pkey on cm.t is 'pk';
comment on index cm.t_pkey is 'pk index';
comment on sequence cm.t_id_seq is 'identity sequence';
create index ti on cm.t (v); comment on index cm.ti is 'ix';
create view cm.vw as select id from cm.t; comment on view cm.vw is 'vw'; comment on column cm.vw.id is 'vwcol';
create materialized view cm.mv as select id from cm.t; comment on materialized view cm.mv is 'mv'; comment on column cm.mv.id is 'mvcol';
create index mvi on cm.mv (id); comment on index cm.mvi is 'mv index';
create function cm.f(a int default 1, variadic b text[] default '{}') returns int language sql as 'select 1'; comment on function cm.f(int, text[]) is 'fn';
create procedure cm.p(inout x int) language sql as 'select 1'; comment on procedure cm.p(int) is 'pr';
create function cm.tf() returns trigger language plpgsql as 'begin return new; end';
create trigger tg after insert on cm.t for each row execute function cm.tf(); comment on trigger tg on cm.t is 'tg';
create policy po on cm.t using (true); comment on policy po on cm.t is 'po';
comment on schema public is 'our own';
create extension cube; comment on extension cube is 'mine';
create sequence cm.s; comment on sequence cm.s is 'sq';
create table cm.pt (k int) partition by list (k); create table cm.p1 partition of cm.pt for values in (1); comment on table cm.pt is 'pt'; comment on column cm.p1.k is 'p1k';
create index pti on cm.pt (k); comment on index cm.pti is 'pti'; comment on index cm.p1_k_idx is 'p1i';
-- @@ b
alter table cm.t add column z int;
comment on table cm.t is null;
comment on column cm.t.v is 'again';
