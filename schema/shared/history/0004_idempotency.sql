-- Why: a platform command that is sent twice must be applied once and answered the same.

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

comment on table $schema$.idempotency_keys is
    'Answers already given to commands of the platform, such as the creation of a tenant. Those of a tenant''s commands are in its own schema. No row level security: no row belongs to a tenant.';

comment on column $schema$.idempotency_keys.user_id is
    'Who sent the command: two users who choose the same key do not meet.';

comment on column $schema$.idempotency_keys.key is
    'The header Idempotency-Key.';

comment on column $schema$.idempotency_keys.request_hash is
    'SHA-256 of the request: the same key with another request is refused.';

comment on column $schema$.idempotency_keys.status is
    'HTTP status of the answer.';

comment on column $schema$.idempotency_keys.response is
    'Body of the answer, byte for byte: json, not jsonb, which would put its fields in another order.';

comment on column $schema$.idempotency_keys.location is
    'Header Location of the answer, if it had one.';
