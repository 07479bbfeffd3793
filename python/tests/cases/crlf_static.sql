-- line ends CR and CRLF, form feeds; a text that cannot run in the shadow stands there as a comment
-- @@ a client=script
create table t1 (id int);
-- @@ b client=script
do $$ declare r record; begin for r in select * from t1 loop execute format('create table gen_%s (id int)', r.id); end loop; end $$;
-- @@ c
create table t2 (id int);
