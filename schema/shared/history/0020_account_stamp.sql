-- Why: a token lives for an hour; what its account was when it was issued must not hold that long.

alter table $schema$.tenant_users add column stamp integer not null default 0;

comment on column $schema$.tenant_users.stamp is
    'Counts what ends the tokens issued before: a change of role, stores, password or whether the account is active. A token carries the number. Not in the data model: without it a person who left could work on until his token expires.';
