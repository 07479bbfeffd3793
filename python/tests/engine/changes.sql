-- Changes one by one, on the schema of changes_base.sql; `--` alone parts them.
alter type shop.size rename value 'large' to 'big'
--
alter type shop.size add value 'tiny' before 'small'
--
alter type shop.size rename to sizes
--
alter type shop.address add attribute zip text
--
alter type shop.address rename attribute zip to code
--
alter type shop.address drop attribute code
--
alter type shop.address rename to place
--
alter type shop.place set schema other
--
comment on column other.place.street is 'a comment'
--
comment on column other.place.street is null
--
alter type shop.span rename to range_of_floats
--
alter domain shop.positive drop constraint above_zero
--
alter domain shop.positive add constraint not_seven check (value <> 7) not valid
--
alter domain shop.positive rename constraint not_seven to not_eight
--
alter domain shop.positive validate constraint not_eight
--
comment on constraint not_eight on domain shop.positive is 'why'
--
comment on constraint not_eight on domain shop.positive is null
--
alter domain shop.positive set default 3
--
alter domain shop.positive set not null
--
alter domain shop.positive rename to count
--
alter function shop.price(integer) rename to cost
--
alter function shop.cost(integer) set schema other
--
alter function shop.on_row() rename to on_each_row
--
alter function other.cost(integer) cost 77 stable
--
create or replace function other.cost(integer) returns numeric language sql immutable as 'select $1 * 2.0'
--
comment on function other.cost(integer) is 'how much'
--
comment on function other.cost(integer) is null
--
alter aggregate shop.total(integer) rename to sum_of
--
alter table shop.items rename column label to title
--
alter table shop.items rename column id to item_id
--
alter table shop.items rename to goods
--
alter table shop.goods set schema other
--
alter table other.goods rename constraint items_pkey to goods_pkey
--
alter index other.items_title rename to goods_title
--
alter index other.goods_pkey rename to key_of_goods
--
alter index other.key_of_goods rename to goods_pkey
--
alter index other.goods_sum alter column 1 set statistics 77
--
alter table shop.indexed alter note type varchar(9)
--
alter table other.goods alter amount set default 4
--
alter table other.goods alter amount drop default
--
alter table other.goods alter amount set not null
--
alter table other.goods alter twice drop expression
--
alter table other.goods alter big set increment by 7 set start with 20
--
alter table other.goods alter big set generated always
--
alter sequence other.items_big_seq cycle
--
alter sequence other.items_big_seq rename to goods_big_seq
--
alter table other.goods alter big drop identity
--
alter table other.goods drop constraint positive_amount
--
alter table other.goods add constraint later check (amount <> 13) not valid
--
alter table other.goods validate constraint later
--
alter table shop.parts alter constraint to_items deferrable initially deferred
--
alter table shop.parts drop constraint to_items
--
alter table shop.parts add foreign key (item) references other.goods, add foreign key (other) references other.goods
--
comment on constraint parts_item_fkey on shop.parts is 'points'
--
comment on constraint parts_item_fkey on shop.parts is null
--
comment on table shop.parts is 'pieces'
--
comment on table shop.parts is null
--
comment on column shop.parts.item is 'which'
--
comment on column shop.parts.item is null
--
comment on index shop.parts_item is 'found by'
--
comment on index shop.parts_item is null
--
comment on trigger watch on other.goods is null
--
comment on policy readers on other.goods is null
--
comment on view shop.seen is null
--
comment on column shop.seen.id is null
--
comment on materialized view shop.frozen is null
--
comment on sequence shop.numbers is null
--
comment on type shop.sizes is null
--
comment on schema shop is null
--
alter table other.goods drop constraint goods_pkey cascade
--
alter table shop.parts add constraint later check (item > 0) not valid
--
alter table other.goods set (fillfactor = 50)
--
alter table other.goods reset (fillfactor)
--
alter table shop.indexed set unlogged
--
alter table other.goods enable row level security, force row level security
--
alter table other.goods no force row level security
--
alter table other.goods replica identity full
--
alter table other.goods cluster on goods_sum
--
alter table other.goods set without cluster
--
alter table other.goods disable trigger watch
--
alter trigger watch on other.goods rename to watches
--
alter policy readers on other.goods using (amount > 3)
--
alter policy readers on other.goods rename to reading
--
alter view shop.seen rename column title to label
--
alter view shop.seen rename to visible
--
alter view shop.visible set (security_barrier = true)
--
alter view shop.visible alter column label set default 'none'
--
alter view shop.visible alter column label drop default
--
create or replace view shop.visible as select item_id as id, title as label, amount, 1.5 as price, size, 1 as more from other.goods
--
alter materialized view shop.frozen rename to cold
--
alter materialized view shop.cold rename column id to identity
--
alter sequence shop.numbers rename to digits
--
alter sequence shop.digits increment by 3 owned by shop.parts.other
--
alter sequence shop.digits owned by none
--
alter sequence shop.digits set schema other
--
alter table shop.sales add column note text default 'n'
--
alter table shop.sales rename column note to remark
--
alter table shop.sales drop column remark
--
alter table shop.sales add constraint gains check (amount > 0)
--
alter table shop.sales drop constraint gains
--
create index sales_amount on shop.sales (amount)
--
alter index shop.sales_amount rename to sales_by_amount
--
drop index shop.sales_by_amount
--
alter table shop.sales add foreign key (item) references other.goods (code)
--
alter table shop.sales detach partition shop.sales_1
--
alter table shop.sales attach partition shop.sales_1 default
--
create trigger sold after insert on shop.sales for each row execute function shop.on_each_row()
--
alter table shop.sales rename to sold
--
alter table shop.parent rename column a to first
--
alter table shop.parent add column second integer not null default 2
--
alter table shop.parent drop constraint checked
--
alter table shop.child no inherit shop.parent
--
alter table shop.child inherit shop.parent
--
alter table shop.child alter first set not null
--
do $$ begin comment on table shop.parts is 'by code'; alter table shop.parts drop constraint later; end $$
--
do $$ begin execute 'comment on table shop.parts is null'; end $$
--
select shop.makes_table('made')
--
create table shop.like_goods (like other.goods including all)
--
create table shop.as_goods as select * from other.goods
--
select amount into shop.into_goods from other.goods
--
alter schema shop rename to store
--
drop sequence other.digits cascade
--
drop function other.cost(integer) cascade
--
drop type store.sizes cascade
--
alter table other.goods drop column title cascade
--
drop view if exists store.visible cascade
--
drop table other.goods cascade
--
drop type other.place cascade
--
drop domain store.count cascade
--
drop schema store cascade
--
comment on schema public is 'what is left'
--
comment on schema public is null
