-- Why: whether prices include tax, and whether numbers of outside systems may be repeated, is a rule of the tenant's own.

alter table $schema$.settings
    add column prices_include_tax boolean not null default false,
    add column unique_references  boolean not null default true;

comment on column $schema$.settings.prices_include_tax is
    'Whether prices of sales that do not say so include tax.';

comment on column $schema$.settings.unique_references is
    'Whether numbers of outside systems are refused when they name something already: POS transactions, references of payments, refunds and deliveries.';
