-- The tables of pgGit v1 that hold its history, without its functions and event triggers: nothing here
-- records anything. A recorded history is loaded into them.
create schema pggit;

create type pggit.object_type as enum (
    'SCHEMA', 'TABLE', 'COLUMN', 'INDEX', 'CONSTRAINT', 'VIEW', 'MATERIALIZED_VIEW', 'FUNCTION', 'PROCEDURE',
    'TRIGGER', 'TYPE', 'SEQUENCE', 'PARTITION', 'BRANCH', 'COMMIT', 'TAG'
);
create type pggit.change_type as enum (
    'CREATE', 'ALTER', 'DROP', 'RENAME', 'COMMENT', 'BRANCH', 'MERGE', 'CONFLICT_RESOLVED'
);
create type pggit.change_severity as enum ('MAJOR', 'MINOR', 'PATCH');

create table pggit.branches (
    id serial primary key,
    name text not null unique,
    parent_branch_id integer references pggit.branches (id),
    head_commit_hash text,
    status text default 'ACTIVE',
    created_at timestamp default current_timestamp,
    created_by text default current_user,
    merged_at timestamp,
    merged_by text,
    branch_type text default 'standard',
    total_objects integer default 0,
    modified_objects integer default 0,
    storage_efficiency numeric(5, 2) default 100.00,
    description text
);

create table pggit.objects (
    id serial primary key,
    object_type pggit.object_type not null,
    schema_name text not null,
    object_name text not null,
    full_name text generated always as (
        case when schema_name = '' then object_name else schema_name || '.' || object_name end
    ) stored,
    parent_id integer references pggit.objects (id) on delete cascade,
    content_hash text,
    ddl_normalized text,
    branch_id integer default 1 references pggit.branches (id),
    branch_name text default 'main',
    version integer not null default 1,
    version_major integer not null default 1,
    version_minor integer not null default 0,
    version_patch integer not null default 0,
    metadata jsonb default '{}',
    is_active boolean default true,
    created_at timestamp default current_timestamp,
    updated_at timestamp default current_timestamp,
    unique (object_type, schema_name, object_name, branch_name)
);

create table pggit.commits (
    id serial primary key,
    hash text not null unique,
    branch_id integer not null references pggit.branches (id),
    parent_commit_hash text,
    message text,
    author text default current_user,
    authored_at timestamp default current_timestamp,
    committer text default current_user,
    committed_at timestamp default current_timestamp,
    tree_hash text,
    object_hashes jsonb default '{}',
    metadata jsonb default '{}'
);

create table pggit.history (
    id serial primary key,
    object_id integer not null references pggit.objects (id) on delete cascade,
    change_type pggit.change_type not null,
    change_severity pggit.change_severity not null,
    commit_hash text,
    branch_id integer references pggit.branches (id),
    merge_base_hash text,
    merge_resolution text,
    old_version integer,
    new_version integer,
    old_metadata jsonb,
    new_metadata jsonb,
    change_description text,
    sql_executed text,
    created_at timestamp default current_timestamp,
    created_by text default current_user
);
create index on pggit.history (object_id);
