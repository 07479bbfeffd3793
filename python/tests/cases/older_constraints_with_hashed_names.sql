-- names of constraints and indexes of older tables that are a hash of the table's name and its columns', as a tool makes them: texts drop them
-- @strict
-- @@ first setup
create table "userAccount" (id serial, "organisationId" int not null, "mailAddress" varchar not null, "lastName" varchar, constraint "PK_x" primary key (id));
create table organisation (id serial not null, title varchar, code varchar not null, constraint "PK_o" primary key (id));
alter table "userAccount" add constraint "UQ_fcc98a0300fe56bd94c236a4f53" unique ("mailAddress");
alter table organisation add constraint "UQ_61d653de5591c64ec78aa6d5a9c" unique (title, code);
create index "IDX_82b1ecbebe4a77e876493690e2" on "userAccount" ("lastName");
create index "IDX_7498812959b8595f192743cfa4" on organisation (title);
create table "branch" (id serial, "organisationId" int not null, constraint "PK_b" primary key (id));
alter table "branch" add constraint "FK_7a10a28a70bff3cdde31f02af17" foreign key ("organisationId") references organisation (id);
create table "ticket" (id serial, "organisationId" int not null, constraint "PK_t" primary key (id));
alter table "ticket" add constraint "FK_46588c8656a5412313b2c908d6b" foreign key ("organisationId") references organisation (id);
create table "room" (id serial, "organisationId" int not null, constraint "PK_r" primary key (id));
alter table "room" add constraint "FK_579343eba938c5361383821e716" foreign key ("organisationId") references organisation (id);
alter table "userAccount" add constraint "FK_86a074472b8da97901fb1ae2c4a" foreign key ("organisationId") references organisation (id);
-- @@ second client=psql1
alter table "userAccount" add "phone" varchar;
alter table "organisation" add "phone" varchar;
-- @@ third client=psql1
ALTER TABLE "userAccount" DROP CONSTRAINT "FK_86a074472b8da97901fb1ae2c4a";
ALTER TABLE "userAccount" DROP CONSTRAINT "UQ_fcc98a0300fe56bd94c236a4f53";
ALTER TABLE "organisation" DROP CONSTRAINT "UQ_61d653de5591c64ec78aa6d5a9c";
-- @@ fourth client=script
ALTER TABLE "userAccount" ADD "fax" varchar;
DROP INDEX "public"."IDX_82b1ecbebe4a77e876493690e2";
DROP INDEX "public"."IDX_7498812959b8595f192743cfa4";
