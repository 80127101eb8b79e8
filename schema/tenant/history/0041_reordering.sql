-- Why: what to order, and how early, depends on how long it takes and on what the supplier packs. Not in the data model.

alter table $schema$.products
    add column lead_time_days integer,
    add column pack_size      numeric(18,3),
    add constraint products_lead_time_days_check check (lead_time_days between 0 and 365),
    add constraint products_pack_size_check check (pack_size > 0);

alter table $schema$.suppliers
    add column lead_time_days integer,
    add constraint suppliers_lead_time_days_check check (lead_time_days between 0 and 365);

comment on column $schema$.products.lead_time_days is
    'Days from an order to its goods; null: those of the supplier. Not in the data model.';

comment on column $schema$.products.pack_size is
    'What one pack of the supplier holds: it is ordered in whole packs; null: any quantity. Not in the data model.';

comment on column $schema$.suppliers.lead_time_days is
    'Days from an order to its goods; null: those of the tenant''s settings. Not in the data model.';
