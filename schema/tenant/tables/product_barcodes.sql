-- Why: a product has barcodes on itself, on its box and on its case, and a scan of the case is twelve of it.

create table $schema$.product_barcodes
(
    product_id    uuid          not null,
    tenant_id     uuid          not null default '$tenant_id$',
    code          varchar       not null,
    code_key      varchar       not null,
    kind          varchar       not null,
    unit_type     varchar,
    pack_quantity numeric(18,3) not null default 1,
    position      integer       not null,
    is_removed    boolean       not null default false,
    created_at    timestamptz   not null default now(),
    updated_at    timestamptz   not null default now(),
    search_key    text          generated always as ($schema$.search_key(code)) stored,

    constraint product_barcodes_pkey primary key (product_id, code),
    constraint product_barcodes_product_id_fkey foreign key (product_id) references $schema$.products (id),
    constraint product_barcodes_kind_check check (kind in ('gtin', 'internal')),
    constraint product_barcodes_unit_type_check check (unit_type in ('unit', 'kg', 'liter', 'meter', 'box', 'case')),
    constraint product_barcodes_pack_quantity_check check (pack_quantity > 0)
);

-- Finds the product of a scanned code. Not unique: old ledgers have duplicates, and a deactivated product may have the code of another.
create index idx_product_barcodes_key on $schema$.product_barcodes (code_key) where not is_removed;

create index idx_product_barcodes_search on $schema$.product_barcodes using gin (search_key gin_trgm_ops);

create trigger update_updated_at_trigger
    before update on $schema$.product_barcodes
    for each row
    when (new.updated_at is not distinct from old.updated_at)
    execute function $schema$.update_updated_at();

call shared.protect_table('$schema$.product_barcodes');

comment on table $schema$.product_barcodes is
    'Barcodes of products, with the quantity of one scan. A barcode that a product has lost stays, with is_removed. Not in the data '
    'model, whose products have one barcode.';
comment on column $schema$.product_barcodes.tenant_id is
    'Always the id of this schema''s tenant; row level security compares it with the tenant of the session.';
comment on column $schema$.product_barcodes.code is
    'The code as a scanner reads it.';
comment on column $schema$.product_barcodes.code_key is
    'The form by which codes are compared: 14 digits of a GTIN for codes of 8, 12, 13 or 14 digits, upper case for others.';
comment on column $schema$.product_barcodes.kind is
    'gtin: a number of GS1 with its check digit; internal: a code of the tenant''s own.';
comment on column $schema$.product_barcodes.unit_type is
    'Package that bears the code: unit, box, case, …; null: the unit of the product.';
comment on column $schema$.product_barcodes.pack_quantity is
    'Quantity, in the product''s unit, of one scan.';
comment on column $schema$.product_barcodes.position is
    'Position among the product''s barcodes; the first is products.barcode.';
comment on column $schema$.product_barcodes.is_removed is
    'The product no longer has the code.';
comment on column $schema$.product_barcodes.search_key is
    'The code in the form that searches compare; see the function search_key.';
