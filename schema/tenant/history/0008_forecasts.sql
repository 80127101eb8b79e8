-- Why: what will probably be sold decides what is ordered today.

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

-- Ninety days a chunk: a run writes one row a product, store and period, and reaches weeks or months
-- ahead; old forecasts are dropped by whole chunks, and a season is fine enough for that.
-- The default index on forecast_date is not made: nobody asks for a day without a product or a store.
select create_hypertable(
    '$schema$.forecasts',
    by_range('forecast_date', interval '90 days'),
    create_default_indexes => false);

create index idx_forecasts_product_date on $schema$.forecasts (product_id, forecast_date);

create index idx_forecasts_store_date on $schema$.forecasts (store_id, forecast_date);

comment on table $schema$.forecasts is
    'Predictions, each for one product in one store. Hypertable on forecast_date.';

comment on column $schema$.forecasts.tenant_id is
    'Always this schema''s tenant. A hypertable has no row level security here; the constraint stands in for it.';

comment on column $schema$.forecasts.forecast_type is
    'demand, reorder, seasonality or trend.';

comment on column $schema$.forecasts.period_type is
    'daily, weekly or monthly: the length of time that begins on forecast_date.';

comment on column $schema$.forecasts.forecast_date is
    'The day that is predicted; the hypertable is partitioned by it.';

comment on column $schema$.forecasts.predicted_value is
    'For demand and reorder a quantity in the unit of the product, for seasonality and trend a factor: hence four decimals.';

comment on column $schema$.forecasts.confidence_level is
    'Percent, 0 to 100; null when the method gives none.';

comment on column $schema$.forecasts.created_at is
    'When the prediction was made.';
