-- The empty tables of pggit_v0, without its functions.
create schema pggit_v0;

create table pggit_v0.objects (
    sha text primary key,
    type text not null check (type in ('commit', 'tree', 'blob', 'tag')),
    size integer not null,
    content text not null,
    created_at timestamp default current_timestamp
);
create index idx_objects_type on pggit_v0.objects (type);

create table pggit_v0.refs (
    name text primary key,
    target_sha text not null references pggit_v0.objects (sha),
    type text not null check (type in ('branch', 'tag', 'remote'))
);

create table pggit_v0.head (
    id integer primary key default 1 check (id = 1),
    ref_name text not null,
    direct_sha text
);

create table pggit_v0.commit_graph (
    commit_sha text primary key references pggit_v0.objects (sha),
    parent_shas text[] not null default '{}',
    tree_sha text not null,
    generation integer not null default 0,
    author text not null,
    committer text not null,
    authored_at timestamp not null,
    committed_at timestamp not null,
    message text not null
);
create index idx_commit_graph_parents on pggit_v0.commit_graph using gin (parent_shas);
create index idx_commit_graph_generation on pggit_v0.commit_graph (generation);

create table pggit_v0.merge_base_cache (
    commit1_sha text not null,
    commit2_sha text not null,
    merge_base_sha text not null,
    computed_at timestamp default current_timestamp,
    primary key (commit1_sha, commit2_sha)
);

create table pggit_v0.tree_entries (
    tree_sha text not null references pggit_v0.objects (sha),
    path text not null,
    mode text not null,
    object_sha text not null references pggit_v0.objects (sha),
    primary key (tree_sha, path)
);
create index idx_tree_entries_object on pggit_v0.tree_entries (object_sha);

create table pggit_v0.performance_metrics (
    operation text,
    duration_ms integer,
    object_count integer,
    "timestamp" timestamp default current_timestamp
);
