-- Why: people find products by category, and reports add sales up by it.

create table $schema$.categories
(
    id          uuid        not null,
    tenant_id   uuid        not null default '$tenant_id$',
    parent_id   uuid,
    code        varchar     not null,
    name        varchar     not null,
    description text,
    settings    jsonb       not null default '{}',
    is_active   boolean     not null default true,
    version     bigint      not null default 0,
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now(),

    constraint categories_pkey primary key (id),
    constraint categories_tenant_id_code_key unique (tenant_id, code),
    constraint categories_parent_id_fkey foreign key (parent_id) references $schema$.categories (id),
    constraint categories_parent_id_check check (parent_id <> id)
);

create index idx_categories_parent on $schema$.categories (parent_id);

create trigger update_updated_at_trigger
    before update on $schema$.categories
    for each row
    when (new.updated_at is not distinct from old.updated_at
          and new.version is not distinct from old.version)
    execute function $schema$.update_updated_at();

-- See the table stores.
alter table $schema$.categories set (autovacuum_analyze_threshold = 0, autovacuum_analyze_scale_factor = 0.1);

call shared.protect_table('$schema$.categories');

comment on table $schema$.categories is
    'Product categories, as a tree.';
comment on column $schema$.categories.tenant_id is
    'Always the id of this schema''s tenant; row level security compares it with the tenant of the session.';
comment on column $schema$.categories.parent_id is
    'The category above; null at the top of the tree.';
comment on column $schema$.categories.version is
    'Number of events that the row contains; optimistic concurrency compares it.';
