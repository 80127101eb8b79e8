namespace Fluxion.Ledger.Purchasing;

/// <summary>The quantity on order of a stock item: still to come from orders that are sent, confirmed or partial.</summary>
/// <param name="Orders">All orders that name the item, including those with nothing left to deliver.</param>
public sealed record GoodsOnOrder(Guid StoreId, Guid ProductId, decimal Quantity, IReadOnlyList<Guid> Orders)
{
    private static readonly string[] Coming = [PurchaseOrderStatus.Sent, PurchaseOrderStatus.Confirmed, PurchaseOrderStatus.Partial];

    /// <summary>Every quantity that was on order of a stock item after any event of these orders. It reads all their events.</summary>
    public static async Task<IReadOnlySet<(Guid StoreId, Guid ProductId, decimal Quantity)>> Ever(
        LedgerSession ledger,
        IReadOnlyCollection<Guid> orders,
        CancellationToken ct
    )
    {
        var states = new List<(long Sequence, PurchaseOrder Order)>();
        await foreach (var (order, e) in ledger.History<PurchaseOrder>(orders, ct))
            states.Add((e.Sequence, order));

        var (totals, last) = (new Dictionary<(Guid Store, Guid Product), decimal>(), new Dictionary<Guid, PurchaseOrder>());
        var ever = new HashSet<(Guid, Guid, decimal)>();
        foreach (var (_, order) in states.OrderBy(state => state.Sequence))
        {
            if (last.GetValueOrDefault(order.Id) is { } before)
                Add(before, -1);
            Add(order, 1);
            last[order.Id] = order;
            // lines change in drafts only, so no other item has a new quantity
            foreach (var line in order.Lines)
                ever.Add((order.StoreId, line.ProductId, totals[(order.StoreId, line.ProductId)]));
        }
        return ever;

        void Add(PurchaseOrder order, int sign)
        {
            foreach (var line in order.Lines)
            {
                var item = (order.StoreId, line.ProductId);
                totals[item] = totals.GetValueOrDefault(item) + (Coming.Contains(order.Status) ? sign * line.Missing : 0);
            }
        }
    }
}
