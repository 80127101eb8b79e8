using Fluxion.Ledger.Alerts;
using Fluxion.Ledger.Commands;
using Fluxion.Ledger.Purchasing;
using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Tenancy;

namespace Fluxion.Projections;

/// <summary>What the rules of alerts ask the read models.</summary>
public sealed class StockOutlook : IStockOutlook
{
    /// <summary>{t} is the tenant's schema; $1 stock items, $2 products in all stores, $3 stores with all products, $4 since when the rate is taken.</summary>
    private const string Items = """
        select i.store_id, i.product_id, s.code, p.sku, p.name, p.is_active and s.is_active, i.quantity_on_hand, i.quantity_available,
               coalesce(o.ordered, 0), coalesce(o.drafted, 0), coalesce(t.quantity, 0), coalesce(r.quantity, 0),
               p.reorder_point, p.max_stock_level, p.unit_type, m.id, a.ids
        from {t}.inventory i
        join {t}.products p on p.id = i.product_id
        join {t}.stores s on s.id = i.store_id
        left join lateral (
            select sum(greatest(l.quantity_ordered - l.quantity_received, 0)) filter (where o.status <> 'draft') as ordered,
                   sum(l.quantity_ordered) filter (where o.status = 'draft') as drafted
            from {t}.purchase_order_items l join {t}.purchase_orders o on o.id = l.purchase_order_id
            where l.product_id = i.product_id and o.store_id = i.store_id and not l.is_removed and o.status in ('draft', 'sent', 'confirmed', 'partial')) o on true
        left join lateral (
            select sum(l.quantity_in_transit) as quantity
            from {t}.transfer_items l join {t}.transfers t on t.id = l.transfer_id
            where l.product_id = i.product_id and t.to_store_id = i.store_id and t.status in ('in_transit', 'partial')) t on true
        left join lateral (
            select -sum(m.quantity) as quantity
            from {t}.service_inventory_movements m
            where m.product_id = i.product_id and m.store_id = i.store_id and m.created_at > $4 and (m.movement_type = 'out' or m.reference_type = 'return')) r on true
        left join lateral (
            select m.id from {t}.service_inventory_movements m
            where m.product_id = i.product_id and m.store_id = i.store_id order by m.created_at desc, m.item_version desc limit 1) m on true
        left join lateral (
            select array_agg(a.id) as ids
            from (select distinct on (alert_type) id from {t}.alerts where product_id = i.product_id and store_id = i.store_id
                  order by alert_type, created_at desc, id desc) a) a on true
        where i.id = any($1) or i.product_id = any($2) or i.store_id = any($3)
        """;

    private const string InDoubt = """
        select i.store_id, i.product_id
        from {t}.inventory i
        join {t}.products p on p.id = i.product_id
        join {t}.stores s on s.id = i.store_id
        where (p.is_active and s.is_active and i.quantity_available < p.reorder_point)
           or exists (select from {t}.alerts a where a.product_id = i.product_id and a.store_id = i.store_id and not a.is_cleared)
        """;

    public async Task<IReadOnlyList<ItemOutlook>> Of(LedgerSession ledger, IReadOnlyCollection<StockNotice> notices, AlertSettings settings, CancellationToken ct)
    {
        Guid[] items = [.. notices.Where(n => n is { StoreId: not null, ProductId: not null }).Select(n => StockItem.IdOf(n.StoreId!.Value, n.ProductId!.Value)).Distinct()];
        Guid[] products = [.. notices.Where(n => n is { StoreId: null, ProductId: not null }).Select(n => n.ProductId!.Value).Distinct()];
        Guid[] stores = [.. notices.Where(n => n is { StoreId: not null, ProductId: null }).Select(n => n.StoreId!.Value).Distinct()];
        await using var command = ledger.Ask(Items.Replace("{t}", ledger.Tenant.Schema, StringComparison.Ordinal), items, products, stores, ledger.Now.AddDays(-settings.RateDays));
        await using var reader = await command.ExecuteReaderAsync(ct);
        var found = new List<ItemOutlook>();
        while (await reader.ReadAsync(ct))
        {
            found.Add(new ItemOutlook(reader.GetGuid(0), reader.GetGuid(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.GetBoolean(5),
                reader.GetDecimal(6), reader.GetDecimal(7), reader.GetDecimal(8), reader.GetDecimal(9), reader.GetDecimal(10),
                reader.GetDecimal(11) / settings.RateDays, reader.GetFieldValue<Guid?>(15), reader.IsDBNull(16) ? [] : reader.GetFieldValue<Guid[]>(16),
                new ReorderRule(reader.GetDecimal(12), reader.GetFieldValue<decimal?>(13), settings.LeadTimeDays, 1)));
        }
        return found;
    }

    public async Task<IReadOnlyList<StockNotice>> Doubtful(LedgerSession ledger, AlertSettings settings, CancellationToken ct)
    {
        await using var command = ledger.Ask(InDoubt.Replace("{t}", ledger.Tenant.Schema, StringComparison.Ordinal));
        await using var reader = await command.ExecuteReaderAsync(ct);
        var found = new List<StockNotice>();
        while (await reader.ReadAsync(ct)) found.Add(new StockNotice(reader.GetGuid(0), reader.GetGuid(1)));
        return found;
    }
}
