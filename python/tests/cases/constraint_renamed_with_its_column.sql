-- a column of a foreign key is renamed, then the key by a name of the team's: neither leaves a row
-- @strict
-- @@ first
create table invitation (id int primary key);
create table invitation_role (invitation_id int references invitation (id), role text);
-- @@ second
alter table invitation_role rename column invitation_id to team_invitation_id;
alter table invitation_role rename constraint invitation_role_invitation_id_fkey to team_invitation_fk;
-- @@ third
create index on invitation_role (team_invitation_id);
-- @@ fourth
create table other (id int primary key);
-- @@ fifth
create table another (id int primary key);
