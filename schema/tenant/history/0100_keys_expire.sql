-- Why: answers that nobody can ask for again are to go, and finding them must not read all the others.

create index idempotency_keys_created_at_idx on $schema$.idempotency_keys (created_at);

comment on index $schema$.idempotency_keys_created_at_idx is
    'Finds the keys that are no longer good, the oldest first.';

comment on column $schema$.idempotency_keys.created_at is
    'When it was first used: from then on it is good for as long as retention.idempotency_keys says.';
