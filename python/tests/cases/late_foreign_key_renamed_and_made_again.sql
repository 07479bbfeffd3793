-- an older foreign key is renamed with its table, and years later dropped and made again to do otherwise
-- @strict
-- @@ older setup client=script
create table "channel" ("id" text not null, constraint "channel_pkey" primary key ("id"));
create table "team" ("id" text not null, constraint "team_pkey" primary key ("id"));
create table "slackThread" ("id" text not null, "channelId" text not null, constraint "slackThread_pkey" primary key ("id"));
alter table "slackThread" add constraint "slackThread_channelId_fkey" foreign key ("channelId") references "channel"("id") on delete restrict on update cascade;
create table "message" ("id" text not null, "teamId" text not null, constraint "message_pkey" primary key ("id"));
alter table "message" add constraint "message_teamId_fkey" foreign key ("teamId") references "team"("id") on delete restrict on update cascade;
create table "member" ("id" text not null, "teamId" text not null, constraint "member_pkey" primary key ("id"));
alter table "member" add constraint "member_teamId_fkey" foreign key ("teamId") references "team"("id") on delete restrict on update cascade;
-- @@ first client=script
alter table "slackThread" rename to "thread";
-- @@ second client=script
alter table "thread" rename constraint "slackThread_pkey" to "thread_pkey";
alter table "thread" rename constraint "slackThread_channelId_fkey" to "thread_channelId_fkey";
alter table "thread" add column "slug" text;
-- @@ third client=script
alter table "thread" add column "title" text;
-- @@ fourth client=script
alter table "thread" drop constraint "thread_channelId_fkey";
alter table "thread" add constraint "thread_channelId_fkey" foreign key ("channelId") references "channel"("id") on delete cascade on update cascade;
