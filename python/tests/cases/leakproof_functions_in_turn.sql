-- leakproof functions, one after the other: a superuser makes them in the session that reads definitions
-- @@ a client=script
create function f0(text) returns text immutable leakproof language sql as $$ select $1 $$;
create table t0 (id int);
create or replace function f0(text) returns text stable leakproof language sql as $$ select $1 $$;
-- @@ b client=script
create function f1(text) returns text immutable leakproof language sql as $$ select $1 $$;
create table t1 (id int);
create or replace function f1(text) returns text stable leakproof language sql as $$ select $1 $$;
-- @@ c client=script
create function f2(text) returns text immutable leakproof language sql as $$ select $1 $$;
create table t2 (id int);
create or replace function f2(text) returns text stable leakproof language sql as $$ select $1 $$;
-- @@ d client=script
create function f3(text) returns text immutable leakproof language sql as $$ select $1 $$;
create table t3 (id int);
create or replace function f3(text) returns text stable leakproof language sql as $$ select $1 $$;
-- @@ e client=script
create function f4(text) returns text immutable leakproof language sql as $$ select $1 $$;
create table t4 (id int);
create or replace function f4(text) returns text stable leakproof language sql as $$ select $1 $$;
-- @@ f client=script
create function f5(text) returns text immutable leakproof language sql as $$ select $1 $$;
create table t5 (id int);
create or replace function f5(text) returns text stable leakproof language sql as $$ select $1 $$;
-- @@ g client=script
create function f6(text) returns text immutable leakproof language sql as $$ select $1 $$;
create table t6 (id int);
create or replace function f6(text) returns text stable leakproof language sql as $$ select $1 $$;
-- @@ h client=script
create function f7(text) returns text immutable leakproof language sql as $$ select $1 $$;
create table t7 (id int);
create or replace function f7(text) returns text stable leakproof language sql as $$ select $1 $$;
-- @@ i client=script
create function f8(text) returns text immutable leakproof language sql as $$ select $1 $$;
create table t8 (id int);
create or replace function f8(text) returns text stable leakproof language sql as $$ select $1 $$;
