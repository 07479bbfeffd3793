-- a late tracker, quoted tables: a column that a block adds, after it looked, was not there before
-- @strict
-- @@ older setup
create table "Env" ("id" text primary key, "slug" text not null, "projectId" text not null);
-- @@ a client=script
alter table "Env" add column "paused" boolean not null default false;
-- @@ b client=script
do $$
begin
  if not exists (select 1 from information_schema.columns where table_name = 'Env' and column_name = 'shortcode') then
    ALTER TABLE "Env" ADD COLUMN "shortcode" TEXT;
    update "Env" set "shortcode" = upper("slug");
    CREATE UNIQUE INDEX "Env_projectId_shortcode_key" ON "Env" ("projectId", "shortcode");
  end if;
end
$$;
-- @@ c client=script
alter table "Env" alter column "shortcode" set not null;
