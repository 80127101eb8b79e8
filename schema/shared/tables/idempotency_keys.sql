-- Why: a command that is sent twice must take effect once and get the same reply.

create table $schema$.idempotency_keys
(
    user_id      uuid         not null,
    key          varchar(200) not null,
    request_hash bytea        not null,
    status       integer      not null,
    response     json         not null,
    location     text,
    created_at   timestamptz  not null default now(),

    constraint idempotency_keys_pkey primary key (user_id, key)
);

create index idempotency_keys_created_at_idx on $schema$.idempotency_keys (created_at);

-- A stored reply never changes.
grant select, insert on $schema$.idempotency_keys to fluxion_app;

comment on table $schema$.idempotency_keys is
    'Stored replies to commands of the platform, such as the creation of a tenant. A tenant''s own schema has those of its commands. '
    'No row level security: no row belongs to a tenant.';
comment on column $schema$.idempotency_keys.user_id is
    'The user who sent the command. Two users may use the same key.';
comment on column $schema$.idempotency_keys.key is
    'The header Idempotency-Key.';
comment on column $schema$.idempotency_keys.request_hash is
    'SHA-256 of the request. The ledger refuses the same key with another request.';
comment on column $schema$.idempotency_keys.status is
    'HTTP status of the reply.';
comment on column $schema$.idempotency_keys.response is
    'Body of the reply, byte for byte. json keeps the order of its fields; jsonb would not.';
comment on column $schema$.idempotency_keys.location is
    'Header Location of the reply; null when it had none.';
comment on column $schema$.idempotency_keys.created_at is
    'When the key was first used. It expires after the time in retention.idempotency_keys.';
comment on index $schema$.idempotency_keys_created_at_idx is
    'Finds expired keys, the oldest first.';
