using System.Text.Json;
using Fluxion.Ledger.Alerts;
using Fluxion.Ledger.Purchasing;
using Fluxion.Ledger.Stock;
using Fluxion.Projections.Writing;
using Npgsql;

namespace Fluxion.Projections.Queries;

/// <summary>
/// Queries of the read models for the rules of alerts and reordering. In all statements <c>t</c> is the tenant's schema.
/// </summary>
public sealed class StockPositions : IStockPositions
{
    /// <summary>
    /// A scan of several hundred thousand stock items takes a minute on a busy server. A client over HTTP may disconnect earlier.
    /// </summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(15);

    /// <summary>The condition that a movement is demand: goods were sold or used. A return to a supplier is not demand.</summary>
    private const string IsDemand =
        "reference_type in ('sale', 'issue') and movement_type = 'out' and reason is distinct from 'return_to_supplier'";

    /// <summary>
    /// The inventory position of a stock item and its rate of demand. It must be followed by the from clause and a condition.
    /// </summary>
    internal const string Select = """
        select i.store_id, i.product_id, s.code as store, p.sku, p.name as product, p.is_active and s.is_active as is_active,
               i.quantity_on_hand as on_hand, i.quantity_reserved as reserved, i.quantity_available as available,
               coalesce(o.ordered, 0) as on_order, coalesce(o.drafted, 0) as drafted, coalesce(t.quantity, 0) as in_transit,
               coalesce(r.quantity, 0) / e.rate_days as rate_per_day, p.reorder_point, p.max_stock_level,
               coalesce(p.lead_time_days, v.lead_time_days, e.lead_time_days) as lead_time_days,
               coalesce(p.pack_size,
                        case when coalesce((p.settings ->> 'allow_fraction')::boolean, p.unit_type not in ('unit', 'box', 'case'))
                             then 0.001 else 1 end)
                   as pack_size, v.id as supplier_id, v.code as supplier
        """;

    /// <summary>A row of <see cref="Select"/>.</summary>
    internal sealed record Position(
        Guid StoreId,
        Guid ProductId,
        string Store,
        string Sku,
        string Product,
        bool IsActive,
        decimal OnHand,
        decimal Reserved,
        decimal Available,
        decimal OnOrder,
        decimal Drafted,
        decimal InTransit,
        decimal RatePerDay,
        decimal ReorderPoint,
        decimal? MaxStockLevel,
        int LeadTimeDays,
        decimal PackSize,
        Guid? SupplierId,
        string? Supplier
    )
    {
        public ReorderRule Reorder => new(ReorderPoint, MaxStockLevel, LeadTimeDays, PackSize);
    }

    internal static string From(string t) => FromOver(t, "e.rate_days");

    /// <param name="rateDays">A SQL expression. Pass it as a parameter: the planner then prunes chunks once per query instead of once per
    /// item.</param>
    private static string FromOver(string t, string rateDays) =>
        $$"""
            from {{t}}.inventory i
            join {{t}}.products p on p.id = i.product_id
            join {{t}}.stores s on s.id = i.store_id
            left join {{t}}.suppliers v on v.id = p.supplier_id
            cross join (select coalesce((alerts ->> 'rate_days')::int, {{AlertSettings.Default.RateDays}}) as rate_days,
                               coalesce((alerts ->> 'lead_time_days')::int, {{AlertSettings.Default.LeadTimeDays}}) as lead_time_days
                        from (select) one left join {{t}}.settings on true) e
            cross join lateral (
                select sum(greatest(l.quantity_ordered - l.quantity_received - l.quantity_cancelled, 0))
                       filter (where o.status <> 'draft') as ordered,
                       sum(l.quantity_ordered) filter (where o.status = 'draft') as drafted
                from {{t}}.purchase_order_items l join {{t}}.purchase_orders o on o.id = l.purchase_order_id
                where l.product_id = i.product_id and o.store_id = i.store_id and not l.is_removed
                    and o.status in ('draft', 'sent', 'confirmed', 'partial')) o
            cross join lateral (
                select sum(l.quantity_in_transit) as quantity
                from {{t}}.transfer_items l join {{t}}.transfers t on t.id = l.transfer_id
                where l.product_id = i.product_id and t.to_store_id = i.store_id and t.status in ('in_transit', 'partial')) t
            cross join lateral (
                select -sum(m.quantity) as quantity
                from {{t}}.service_inventory_movements m
                where m.product_id = i.product_id and m.store_id = i.store_id and m.created_at > now() - make_interval(days => {{rateDays}})
                  and (m.reference_type = 'return' or {{IsDemand}})) r
            """;

    /// <summary>The condition that less is on hand than reserved, for a product that does not allow backorders.</summary>
    private static string IsShort(string inventory, string product) =>
        $"{inventory}.quantity_available < 0 and {inventory}.quantity_reserved > 0 "
        + $"and not coalesce(({product}.settings ->> 'allow_backorder')::boolean, false)";

    /// <summary>
    /// The open reservations with a shortfall. If several hold the same product in a store, the one opened last is short first.
    /// </summary>
    /// <param name="items">A query of store_id, product_id and short, the quantity missing from all reservations.</param>
    internal static string ShortReservations(string t, string items) =>
        $$"""
            select v.id, v.reference, v.store_id, v.product_id, v.held, least(v.held, v.short - v.later) as short_by, v.later
            from (select r.id, r.reference, w.store_id, w.product_id, w.short, sum(l.quantity_held) as held,
                         coalesce(sum(sum(l.quantity_held)) over (partition by w.store_id, w.product_id
                             order by r.created_at desc, r.id desc
                             rows between unbounded preceding and 1 preceding), 0) as later
                  from ({{items}}) w
                  join {{t}}.reservation_items l on l.store_id = w.store_id and l.product_id = w.product_id and l.quantity_held > 0
                  join {{t}}.reservations r on r.id = l.reservation_id
                  group by r.id, w.store_id, w.product_id, w.short) v
            where v.later < v.short
            """;

    /// <summary>
    /// The condition that a product must be reordered. It tests the available quantity first, because that needs no order lines.
    /// </summary>
    internal static string BelowReorderPoint(string t) =>
        $"""
            {t}.is_low(p.is_active, s.is_active, i.quantity_available, p.reorder_point)
            and i.quantity_available + coalesce(o.ordered, 0) + coalesce(o.drafted, 0) + coalesce(t.quantity, 0) < p.reorder_point
            """;

    private static string Items(string t) =>
        $$"""
        {{Select}}, m.id as latest_movement, a.ids as latest_alerts, h.reservations as short_reservations
        {{FromOver(t, "$4")}}
        left join lateral (
            select id from {{t}}.mt_events
            where stream_id = i.id and type not in ('stock_reserved', 'stock_released', 'tombstone') order by version desc
                limit 1) m on true
        cross join lateral (
            select array_agg(a.id) as ids
            from (select distinct on (alert_type) id from {{t}}.alerts where product_id = i.product_id and store_id = i.store_id
                  order by alert_type, created_at desc, id desc) a) a
        cross join lateral (
            select json_agg(json_build_object('id', r.id, 'reference', r.reference, 'quantity', r.held, 'short_by', r.short_by)
                   order by r.later)::text as reservations
            from (select * from ({{ShortReservations(
            t,
            $"select i.store_id, i.product_id, -i.quantity_available as short where {IsShort("i", "p")}"
        )}}) r
                  order by r.later limit {{ShortStock.MaxNamed}}) r) h
        where i.id = any($1) or i.product_id = any($2) or i.store_id = any($3)
        """;

    private static string Order(string t) =>
        $$"""
            {{Select}}, null::uuid as latest_movement, null::uuid[] as latest_alerts, null::text as short_reservations
            {{From(t)}}
            where {{BelowReorderPoint(t)}}
              and ($1::uuid[] is null or i.store_id = any($1)) and ($2::uuid is null or i.store_id = $2)
                  and ($3::uuid is null or p.supplier_id = $3)
            order by v.is_active is not true, s.code, p.sku limit $4
            """;

    /// <summary>
    /// Candidates for alerts: findings without an uncleared alert or different from it, and uncleared alerts without a finding. Stock items
    /// that are low or have a short reservation, and uncleared alerts about that, are always candidates. A demand spike is a day whose
    /// demand has a modified z-score above 3.5 against the 28 days before it. The score is 0.6745 (x − median) / MAD (Iglewicz and Hoaglin,
    /// How to Detect and Handle Outliers, 1993). If more than half of the days are equal, the median absolute deviation (MAD) is 0. The
    /// score then is (x − median) / (1.253314 × mean absolute deviation). The deviation is at least a tenth of the median. Only items with
    /// demand on at least five of the 28 days can have a spike. Days follow the calendar of the store. The larger of today and yesterday is
    /// tested, so that an item that sold out in the evening is still found in the morning. Returns reduce the demand of the day on which
    /// they occur, so that a cancelled sale is no spike.
    /// </summary>
    private static string Candidates(string t) =>
        $$"""
            with rule as (
                select coalesce((alerts ->> 'slow_moving_days')::int, {{AlertSettings.Default.SlowMovingDays}}) as slow_days,
                       coalesce(timezone, 'UTC') as timezone
                from (select) one left join {{t}}.settings on true
            ), store as (
                select s.id as store_id, z.timezone, z.today, rule.slow_days,
                       (z.today - rule.slow_days + 1)::timestamp at time zone z.timezone as slow_since
                from {{t}}.stores s
                cross join rule
                cross join lateral (select coalesce(s.timezone, rule.timezone) as timezone,
                    (now() at time zone coalesce(s.timezone, rule.timezone))::date as today) z
                where s.is_active
            ), item as (
                select i.store_id, i.product_id, i.quantity_on_hand, p.max_stock_level,
                       {{t}}.is_low(p.is_active, true, i.quantity_available, p.reorder_point) as is_low
                from {{t}}.inventory i
                join {{t}}.products p on p.id = i.product_id and p.is_active
                join store s on s.store_id = i.store_id
            ), issue as not materialized (
                select store_id, product_id, created_at, -quantity as quantity
                from {{t}}.service_inventory_movements
                where {{IsDemand}}
            ), daily as (
                select m.store_id, m.product_id, s.today - (m.created_at at time zone s.timezone)::date as day,
                       -sum(m.quantity)::float8 as quantity
                from {{t}}.service_inventory_movements m
                join store s on s.store_id = m.store_id
                where m.created_at > now() - interval '31 days' and m.created_at <= now()
                  and (reference_type = 'return' or {{IsDemand}})
                group by 1, 2, 3 having sum(m.quantity) < 0
            ), history as (
                select store_id, product_id, max(quantity) filter (where day < 2) as latest,
                       array_agg(quantity) filter (where day between 2 and 29) as days
                from daily group by 1, 2
                having bool_or(day < 2) and count(*) filter (where day between 2 and 29) >= 5
            ), spike as (
                select h.store_id, h.product_id, h.latest, c.median,
                       greatest(case when d.mad > 0 then d.mad / 0.6745 else 1.253314 * d.mean end, c.median / 10) as deviation
                from history h
                cross join lateral (select h.days || array_fill(0::float8, array[28 - cardinality(h.days)]) as days) f
                cross join lateral (select percentile_cont(0.5) within group (order by q) as median from unnest(f.days) q) c
                cross join lateral (select percentile_cont(0.5) within group (order by abs(q - c.median)) as mad,
                    avg(abs(q - c.median)) as mean from unnest(f.days) q) d
            ), still as materialized (
                select i.store_id, i.product_id, s.slow_days, s.slow_since, s.timezone, s.today
                from item i
                join store s on s.store_id = i.store_id
                where i.quantity_on_hand > 0
                  and not exists (select from issue u where u.store_id = i.store_id and u.product_id = i.product_id
                      and u.created_at >= s.slow_since)
            ), finding as (
                select store_id, product_id, '{{AlertTypes.Overstock}}' as type, quantity_on_hand as level, max_stock_level as threshold,
                       null::numeric as score, null::numeric as median
                from item where quantity_on_hand > max_stock_level
                union all
                select i.store_id, i.product_id, '{{AlertTypes.SlowMoving}}', i.today - (l.since at time zone i.timezone)::date,
                       i.slow_days, null, null
                from still i
                cross join lateral (
                    select coalesce((select max(u.created_at) from issue u where u.store_id = i.store_id and u.product_id = i.product_id),
                                    (select min(m.created_at) from {{t}}.service_inventory_movements m where m.store_id = i.store_id
                                            and m.product_id = i.product_id)) as since) l
                where l.since < i.slow_since
                union all
                select store_id, product_id, '{{AlertTypes.DemandSpike}}', round(latest::numeric, 3),
                       round((median + 3.5 * deviation)::numeric, 3),
                       round(((latest - median) / deviation)::numeric, 2), round(median::numeric, 3)
                from spike join item using (store_id, product_id) where latest > median + 3.5 * deviation
            ), said as (
                select store_id, product_id, alert_type as type, (data ->> 'level')::numeric as level,
                       (data ->> 'threshold')::numeric as threshold
                from {{t}}.alerts where not is_cleared and store_id is not null and product_id is not null
            )
            select store_id, product_id, type, f.level, coalesce(f.threshold, 0) as threshold, f.score, f.median
            from finding f
            full join (select * from said
                       where type in ('{{AlertTypes.Overstock}}', '{{AlertTypes.SlowMoving}}', '{{AlertTypes.DemandSpike}}')) a
                using (store_id, product_id, type)
            where f.level is null or a.level is null or f.threshold <> a.threshold
                or abs(f.level - a.level) >= greatest(f.threshold / 10, 1)
            union
            select store_id, product_id, '{{AlertTypes.LowStock}}', null, 0, null, null from item where is_low
            union
            select store_id, product_id, type, null, 0, null, null from said
            where type in ('{{AlertTypes.LowStock}}', '{{AlertTypes.ReservationShort}}')
            union
            select i.store_id, i.product_id, '{{AlertTypes.ReservationShort}}', null, 0, null, null
            from {{t}}.inventory i join {{t}}.products p on p.id = i.product_id where {{IsShort("i", "p")}}
            """;

    public Task<IReadOnlyList<StockPosition>> Read(
        LedgerSession ledger,
        IReadOnlyCollection<StockReviewRequest> requests,
        int rateDays,
        CancellationToken ct
    )
    {
        Guid[] items =
        [
            .. requests
                .Where(n => n is { StoreId: not null, ProductId: not null })
                .Select(n => StockItem.IdOf(n.StoreId!.Value, n.ProductId!.Value))
                .Distinct(),
        ];
        Guid[] products = [.. requests.Where(n => n is { StoreId: null, ProductId: not null }).Select(n => n.ProductId!.Value).Distinct()];
        Guid[] stores = [.. requests.Where(n => n is { StoreId: not null, ProductId: null }).Select(n => n.StoreId!.Value).Distinct()];
        return Query(ledger, Items(ledger.Tenant.Schema), Read, ct, items, products, stores, rateDays);
    }

    public Task<IReadOnlyList<StockPosition>> ToOrder(
        LedgerSession ledger,
        Guid? storeId,
        Guid? supplierId,
        int limit,
        CancellationToken ct
    ) =>
        Query(
            ledger,
            Order(ledger.Tenant.Schema),
            Read,
            ct,
            (object?)ledger.Caller.StoreFilter ?? DBNull.Value,
            (object?)storeId ?? DBNull.Value,
            (object?)supplierId ?? DBNull.Value,
            limit
        );

    public Task<IReadOnlyList<AlertCandidate>> FindCandidates(LedgerSession ledger, CancellationToken ct) =>
        Query<AlertCandidate>(ledger, Candidates(ledger.Tenant.Schema), null, ct);

    /// <summary>Reads a row of <see cref="Select"/>, followed by the latest movement and the latest alerts.</summary>
    private static StockPosition Read(NpgsqlDataReader r)
    {
        var p = r.Row<Position>();
        return new(
            p.StoreId,
            p.ProductId,
            p.Store,
            p.Sku,
            p.Product,
            p.IsActive,
            p.OnHand,
            p.Available,
            p.OnOrder,
            p.Drafted,
            p.InTransit,
            p.RatePerDay,
            r.Column<Guid?>("latest_movement"),
            r.Column<Guid[]?>("latest_alerts") ?? [],
            p.Reorder,
            p.SupplierId,
            r.Column<string?>("short_reservations") is { } some
                ? JsonSerializer.Deserialize<List<ShortReservationData>>(some, Json.Options)!
                : []
        );
    }

    /// <param name="read">The function that reads a row; null reads the record by its columns.</param>
    internal static async Task<IReadOnlyList<T>> Query<T>(
        LedgerSession ledger,
        string sql,
        Func<NpgsqlDataReader, T>? read,
        CancellationToken ct,
        params object[] parameters
    )
        where T : class
    {
        await using var command = ledger.CreateCommand(sql, parameters);
        command.CommandTimeout = (int)Timeout.TotalSeconds;
        await using var reader = await command.ExecuteReaderAsync(ct);
        if (read is null)
            return await reader.ReadAll<T>(ct);
        var found = new List<T>();
        while (await reader.ReadAsync(ct))
            found.Add(read(reader));
        return found;
    }
}
