-- a table is renamed, and with it the foreign key of another that is called after it, which leaves no row; then both go
-- @@ one
create table session (id int primary key, note text);
create table pane (id int primary key, workspace int);
alter table pane add constraint pane_workspace_session_id_fk foreign key (workspace) references session (id);
create table kept (id int primary key, workspace int);
alter table kept add constraint kept_workspace_session_id_fk foreign key (workspace) references session (id);
create table door (id int primary key, session_id int references session (id));
-- @@ two
alter table session rename to space;
alter table pane rename constraint pane_workspace_session_id_fk to pane_workspace_space_id_fk;
-- @@ three
alter table kept drop constraint kept_workspace_session_id_fk;
-- @@ four
drop table pane;
drop table door;
-- @after select fidelity = 'repaired' from pggit_audit.changes where object_name = 'pane' and origin = 'inferred' and change_type = 'ALTER'
-- @after select fidelity = 'exact' from pggit_audit.changes where object_name = 'kept' and origin = 'inferred' and change_type = 'ALTER'
-- @after select fidelity = 'exact' from pggit_audit.changes where object_name = 'door' and origin = 'inferred' and change_type = 'ALTER'
