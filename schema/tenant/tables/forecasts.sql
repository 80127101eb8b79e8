-- Why: orders of today depend on the sales of tomorrow.

create table $schema$.forecasts
(
    id               uuid          not null,
    tenant_id        uuid          not null default '$tenant_id$',
    product_id       uuid          not null,
    store_id         uuid          not null,
    forecast_type    varchar       not null,
    period_type      varchar       not null,
    forecast_date    date          not null,
    predicted_value  numeric(18,4) not null,
    confidence_level numeric(5,2),
    model_version    varchar,
    metadata         jsonb         not null default '{}',
    created_at       timestamptz   not null default now(),

    constraint forecasts_pkey primary key (id, forecast_date),
    constraint forecasts_product_id_fkey foreign key (product_id) references $schema$.products (id),
    constraint forecasts_store_id_fkey foreign key (store_id) references $schema$.stores (id),
    constraint forecasts_tenant_id_check check (tenant_id = '$tenant_id$'),
    constraint forecasts_forecast_type_check
        check (forecast_type in ('demand', 'reorder', 'seasonality', 'trend')),
    constraint forecasts_period_type_check check (period_type in ('daily', 'weekly', 'monthly')),
    constraint forecasts_confidence_level_check check (confidence_level between 0 and 100)
);

-- Ninety days a chunk. A run writes one row a product, store and period, weeks or months ahead. Retention drops whole chunks,
-- and a season is fine enough for that. There is no default index on forecast_date: queries name a product or a store.
select create_hypertable(
    '$schema$.forecasts',
    by_range('forecast_date', interval '90 days'),
    create_default_indexes => false);

create index idx_forecasts_product_date on $schema$.forecasts (product_id, forecast_date);

create index idx_forecasts_store_date on $schema$.forecasts (store_id, forecast_date);

create trigger require_tenant_trigger before insert or update or delete on $schema$.forecasts
    for each statement execute function $schema$.require_tenant();

-- The service only adds rows. Without select it can use neither `returning` nor `on conflict (...)`; a bare `on conflict do nothing` works.
call shared.protect_table('$schema$.forecasts', service => 'insert');

comment on table $schema$.forecasts is
    'Predictions, each for one product in one store. Hypertable on forecast_date.';
comment on column $schema$.forecasts.tenant_id is
    'Always the id of this schema''s tenant. A hypertable has no row level security here; a check constraint and a trigger take its place.';
comment on column $schema$.forecasts.forecast_type is
    'demand, reorder, seasonality or trend.';
comment on column $schema$.forecasts.period_type is
    'daily, weekly or monthly: the period that begins on forecast_date.';
comment on column $schema$.forecasts.forecast_date is
    'The predicted day; the hypertable is partitioned by it.';
comment on column $schema$.forecasts.predicted_value is
    'A quantity in the product''s unit for demand and reorder, a factor for seasonality and trend: hence four decimals.';
comment on column $schema$.forecasts.confidence_level is
    'Percent, 0 to 100; null when the method gives none.';
comment on column $schema$.forecasts.created_at is
    'When the prediction was made.';
comment on trigger require_tenant_trigger on $schema$.forecasts is
    'Takes the place of the row level security that a hypertable cannot have.';
