-- Why: Marten compares each of its tables with the catalogs, which takes longer the more tenants there are; a new script of ours changes none of them.

alter table $schema$.schema_fingerprints add column marten varchar;

comment on column $schema$.schema_fingerprints.marten is
    'SHA-256 of the DDL by which Marten would make its tables here: as long as it is the same they are not looked at. Null: not known.';
