-- Why: a product has a barcode on itself, on its box and on its case, and a scan of the case is twelve of it.

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

    constraint product_barcodes_pkey primary key (product_id, code),
    constraint product_barcodes_product_id_fkey foreign key (product_id) references $schema$.products (id),
    constraint product_barcodes_kind_check check (kind in ('gtin', 'internal')),
    constraint product_barcodes_unit_type_check check (unit_type in ('unit', 'kg', 'liter', 'meter', 'box', 'case')),
    constraint product_barcodes_pack_quantity_check check (pack_quantity > 0)
);

-- Whose a scanned code is. Not unique: two products may have had the same one since before that was refused, and a deactivated one may have another's.
create index idx_product_barcodes_key on $schema$.product_barcodes (code_key) where not is_removed;

create trigger update_updated_at_trigger
    before update on $schema$.product_barcodes
    for each row
    when (new.updated_at is not distinct from old.updated_at)
    execute function $schema$.update_updated_at();

comment on table $schema$.product_barcodes is
    'The barcodes of products, with how much each stands for; those that a product has no longer stay and are marked. Not in the data model, whose products have one barcode.';
comment on column $schema$.product_barcodes.tenant_id is
    'Always this schema''s tenant; row level security compares it.';
comment on column $schema$.product_barcodes.code is
    'As a scanner reads it.';
comment on column $schema$.product_barcodes.code_key is
    'By this codes are compared: of 8, 12, 13 and 14 digits the 14 digits of a GTIN, of others the code in upper case.';
comment on column $schema$.product_barcodes.kind is
    'gtin: a number of GS1 with its check digit; internal: a code of the tenant''s own.';
comment on column $schema$.product_barcodes.unit_type is
    'What bears the code: unit, box, case, …; null: the unit of the product.';
comment on column $schema$.product_barcodes.pack_quantity is
    'How much of the product''s unit one scan stands for.';
comment on column $schema$.product_barcodes.position is
    'Place among the product''s barcodes; the first is products.barcode.';
comment on column $schema$.product_barcodes.is_removed is
    'The product has it no longer.';

alter table $schema$.product_barcodes enable row level security;

alter table $schema$.product_barcodes force row level security;

create policy tenant_isolation_policy on $schema$.product_barcodes
    using (tenant_id = (select nullif(current_setting('app.current_tenant_id', true), '')::uuid))
    with check (tenant_id = (select nullif(current_setting('app.current_tenant_id', true), '')::uuid));

grant select, insert, update on $schema$.product_barcodes to fluxion_app;

do $$
begin
    if '$schema$' <> 'template' then
        grant select on $schema$.product_barcodes to $schema$_analyst;

        create policy analyst_policy on $schema$.product_barcodes for select to $schema$_analyst using (true);
    end if;

    -- A tenant that is older than this table gets its rows from its events, as a replay would write them. Its products have one barcode at a time.
    if to_regclass('$schema$.mt_events') is not null then
        perform set_config('app.current_tenant_id', '$tenant_id$', true);

        insert into $schema$.product_barcodes (product_id, code, code_key, kind, position, is_removed, created_at, updated_at)
        with described as (
            select stream_id, version, timestamp, barcode as after, lag(barcode) over (partition by stream_id order by version) as before
            from (select stream_id, version, timestamp, nullif(data -> 'details' ->> 'barcode', '') as barcode
                  from $schema$.mt_events
                  where type in ('product_created', 'product_changed')) e
        ), changed as (
            select stream_id, version, timestamp, after as code, false as is_removed from described where after is distinct from before and after is not null
            union all
            select stream_id, version, timestamp, before, true from described where after is distinct from before and before is not null
        ), latest as (
            select stream_id, code, (array_agg(is_removed order by version desc))[1] as is_removed, (array_agg(timestamp order by version))[1] as first_at,
                   (array_agg(timestamp order by version desc))[1] as last_at, code ~ '^([0-9]{8}|[0-9]{12,14})$' as is_digits
            from changed
            group by stream_id, code
        )
        select stream_id, code, case when is_digits then lpad(code, 14, '0') else upper(code collate "C") end,
               case when is_digits and (select (10 - sum(substr(reverse(code), i, 1)::integer * case when i % 2 = 0 then 3 else 1 end) % 10) % 10
                                        from generate_series(2, length(code)) i) = right(code, 1)::integer then 'gtin' else 'internal' end,
               1, is_removed, first_at, last_at
        from latest;
    end if;
end
$$;
