using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Purchasing;
using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Time;

namespace Fluxion.Ledger.Imports;

/// <summary>A row of a file of stock: the quantity of a product that is on hand in a store.</summary>
/// <param name="Version">The stock item's version at the export; 0 before its first event; null when the file does not have it.</param>
/// <param name="LastMovementAt">The time of the stock item's last movement at the export.</param>
public sealed record StockOnHand(
    string Store,
    string Sku,
    decimal OnHand,
    decimal? CostPerUnit,
    long? Version,
    DateTimeOffset? LastMovementAt
) : IStockRow
{
    decimal IStockRow.Quantity => OnHand;

    public static StockOnHand From(CsvRow row) =>
        new(
            row.TrimmedText("store") ?? "",
            row.TrimmedText("sku") ?? "",
            row.Required("onHand") ?? 0,
            row.Number("costPerUnit"),
            row.WholeNumber("version"),
            row.Time("lastMovementAt", Zone.Utc)
        );

    /// <summary>False for a quantity of 0 without a cost, which is no opening balance.</summary>
    public bool CanBegin => OnHand != 0 || CostPerUnit > 0;

    public sealed class Validator : AbstractValidator<StockOnHand>
    {
        public Validator()
        {
            RuleFor(r => r.Store).Reference();
            RuleFor(r => r.Sku).Reference();
            RuleFor(r => r.OnHand).Must(q => Quantities.HasDecimals(q, 3)).WithMessage("must have at most 3 decimals");
            RuleFor(r => r.CostPerUnit).UnitPrice();
        }
    }
}

public static class ImportStockEndpoint
{
    public static readonly CsvColumns Columns = new(
        ["store", "sku", "onHand"],
        ["costPerUnit", "version"],
        ["product", "unitType", "reserved", "available", "onOrder", "reorderPoint", "value", "lastMovementAt"]
    );

    [
        WolverinePost("/api/{tenant}/imports/stock", Name = "Import stock"),
        Authorize(Roles.Manager),
        Tags("Imports"),
        MovesStockOrMoney,
        RequestSizeLimit(Import.MaxBytes),
        HeavyWork(HeavyWork.Import)
    ]
    [EndpointSummary("Import stock from a CSV file")]
    [EndpointDescription(
        "Sets stock from a file in the format of the inventory export: up to 50,000 rows in one transaction, "
            + "all or none. "
            + "The row of an item without movements is the opening balance, "
            + "at costPerUnit or else at the product's cost price. "
            + "Any other row is a count as of now, which keeps the moving average. "
            + "A row with the quantity on hand changes nothing. version is the row's version at its export. "
            + "A row that is unchanged since then leaves later movements as they are. "
            + "A changed row is refused when its stock has moved meanwhile. "
            + "A count below the reserved quantity is accepted: see reservationsShort. "
            + "dryRun and progress work as for products. "
            + "Refused with 403: rows of stores that are not yours; "
            + "400: every wrong row, by its line, also one that changes a value of the ledger, "
            + "such as the cost of stock that has one."
    )]
    [ProducesResponseType<ImportReceipt>(200)]
    [CsvExample("store,sku,onHand,costPerUnit\nCCS-01,LAC001,48,\nVLN-01,QUE001,7.250,\n")]
    public static Task<IResult> Post(
        [Description("Decimal separator of numbers: point or comma. Default: point")] string? decimals,
        bool? dryRun,
        [NotBody] LedgerSession ledger,
        HttpContext http,
        IValidator<StockOnHand> validator,
        IStockDocuments documents
    ) =>
        Import.Run(
            ledger,
            http,
            Columns,
            decimals,
            dryRun,
            async (import, ct) =>
            {
                var read = import.Read(validator, StockOnHand.From);
                var rows = await StockRows.ResolveAndLock(ledger, read, "onHand", null, counting: true, ct);
                var exported = await Exported(ledger, rows, ct);
                foreach (var (row, stock, locked) in rows)
                    Check(row, stock, locked, exported[locked.ItemId]);
                await CheckProducts(ledger, rows, ct);
                await CheckOnOrder(ledger, documents, [.. rows.Where(r => exported[r.Locked.ItemId].IsKnown)], ct);
                if (import.File.Problem is { } wrong)
                    return wrong;

                var changes = rows.Where(r => IsChange(r.Read, r.Locked, exported[r.Locked.ItemId]))
                    .Select(r => (r.Read, r.Locked))
                    .ToList();
                var counted = changes.Count(c => HasMoved(c.Locked));
                return await StockLedger.Append(
                    ledger,
                    documents,
                    Decide(changes, new StockDocument(import.Id, null, null, ledger.Now)),
                    (stock, reservationsShort) => import.Done(changes.Count - counted, counted, stock, reservationsShort),
                    ct
                );
            }
        );

    public static StockDecision Decide(IReadOnlyList<(StockOnHand Row, LockedStock Locked)> rows, StockDocument document) =>
        StockDecider.Decide(
            rows.Select(r => r.Locked),
            rows.Select(r => new StockStep(
                r.Locked,
                item =>
                    HasMoved(r.Locked)
                        ? new StockCounted(
                            r.Locked.Store.Id,
                            r.Locked.Product.Id,
                            r.Row.OnHand,
                            r.Locked.OnHandAtOccurrence(item),
                            document
                        )
                        {
                            UnitCost = r.Locked.CostOf(item),
                        }
                        : new StockAdjusted(r.Locked.Store.Id, r.Locked.Product.Id, r.Row.OnHand, Reasons.OpeningBalance, document)
                        {
                            UnitCost = r.Row.CostPerUnit ?? r.Locked.Product.Details.CostPrice,
                        }
            ))
        );

    private static bool HasMoved(LockedStock locked) => locked.Item?.LastMovementAt is not null;

    /// <summary>The known state of a stock item at the time when its row was exported.</summary>
    /// <param name="Item">
    /// The state at the export; the present state when the row does not date its export; null before the first event.
    /// </param>
    /// <param name="IsKnown">Whether <paramref name="Item"/> is the exported state, or the state that the file has to match.</param>
    /// <param name="HasMovedSince">Whether the quantity on hand has changed since the export, as far as known.</param>
    /// <param name="States">
    /// The candidate states of a row that has only the time of the last movement. Each informative column must match one of them.
    /// </param>
    private sealed record ExportedItem(StockItem? Item, bool IsKnown, bool HasMovedSince, IReadOnlyList<StockItem>? States = null);

    private static async Task<Dictionary<Guid, ExportedItem>> Exported(
        LedgerSession ledger,
        IReadOnlyList<(CsvRow Row, StockOnHand Read, LockedStock Locked)> rows,
        CancellationToken ct
    )
    {
        var older = rows.Where(r => r.Read.Version < ledger.VersionOf(r.Locked.ItemId))
            .ToDictionary(r => r.Locked.ItemId, r => r.Read.Version!.Value);
        var before = await ledger.AtVersions<StockItem>(older, ct);
        var undated = rows.Where(r => r.Read is { Version: null, LastMovementAt: not null })
            .ToDictionary(r => r.Locked.ItemId, r => r.Read);
        var states = new List<StockItem>();
        await foreach (var (state, _) in ledger.History<StockItem>([.. undated.Keys], ct))
            if (state.LastMovementAt == undated[state.Id].LastMovementAt)
                states.Add(state);
        var dated = states.ToLookup(state => state.Id);
        return rows.ToDictionary(
            r => r.Locked.ItemId,
            r =>
            {
                var (version, now) = (r.Read.Version, r.Locked.Item);
                // a higher version comes from another system
                if (version > ledger.VersionOf(r.Locked.ItemId))
                    return new ExportedItem(null, false, HasMoved(r.Locked));
                if (version is null && r.Read.LastMovementAt is not null)
                {
                    // a late movement does not change the time of the last movement, so the row may be from any of several states
                    var exported = dated[r.Locked.ItemId].FirstOrDefault(state => state.OnHand == r.Read.OnHand);
                    return new ExportedItem(
                        exported,
                        exported is not null,
                        exported is null
                            ? dated[r.Locked.ItemId].Select(state => state.OnHand).Append(now?.OnHand ?? 0).Distinct().Count() > 1
                                || !dated.Contains(r.Locked.ItemId)
                            : exported.OnHand != now?.OnHand,
                        [.. dated[r.Locked.ItemId]]
                    );
                }
                var then = older.ContainsKey(r.Locked.ItemId) ? before.GetValueOrDefault(r.Locked.ItemId) : now;
                return new ExportedItem(then, true, (then?.OnHand ?? 0) != (now?.OnHand ?? 0));
            }
        );
    }

    /// <summary>Whether a valid row changes the item. A row with the exported quantity leaves later movements as they are.</summary>
    private static bool IsChange(StockOnHand row, LockedStock locked, ExportedItem exported) =>
        HasMoved(locked)
            ? row.OnHand != locked.OnHandAtOccurrence(locked.Item) && !(exported.IsKnown && row.OnHand == (exported.Item?.OnHand ?? 0))
            : row.CanBegin;

    private static void Check(CsvRow row, StockOnHand stock, LockedStock locked, ExportedItem exported)
    {
        if (IsChange(stock, locked, exported))
        {
            StockRows.CheckMove(row, locked, stock.Store);
            if (Math.Abs(stock.OnHand) > Quantities.MaxQuantity)
                row.AddError("onHand", $"must be at most {Quantities.MaxQuantity:0}");
            if (HasMoved(locked) && stock.OnHand < 0)
                row.AddError("onHand", "must be 0 or more: it is a count");
            if (exported.HasMovedSince)
                row.AddError(
                    "onHand",
                    "must be as exported: the file changes it, and the item has moved since, "
                        + $"{Quantities.Normalize(locked.Item!.OnHand)} are on hand now. "
                        + "Export it again, or leave version and lastMovementAt empty to count as of now"
                );
        }
        if (stock.CostPerUnit is { } cost && HasMoved(locked) && cost != locked.Item!.UnitCost && cost != exported.Item?.UnitCost)
            row.AddError(
                "costPerUnit",
                $"must be empty or the moving average, {Quantities.Normalize(locked.Item.UnitCost)}: a count does not change it"
            );

        if (!exported.IsKnown)
        {
            row.AddColumnsNotTaken("reserved", "available", "onOrder", "value", "lastMovementAt");
            return;
        }
        Informative("reserved", item => item?.Reserved ?? 0);
        Informative("available", item => item?.Available ?? 0);
        Informative("value", item => Quantities.Round((item?.OnHand ?? 0) * (item?.UnitCost ?? 0), 2));
        if (stock.LastMovementAt is { } last && last != exported.Item?.LastMovementAt)
            row.AddError("lastMovementAt", CsvRow.ComputedByLedger);

        void Informative(string column, Func<StockItem?, decimal> find)
        {
            if (row.Number(column) is { } value && !(exported.States?.Any(state => find(state) == value) ?? find(exported.Item) == value))
                row.AddError(column, CsvRow.ComputedByLedger);
        }
    }

    /// <summary>
    /// Checks that onOrder is the present quantity or an earlier one, because purchase orders have versions of their own.
    /// </summary>
    private static async Task CheckOnOrder(
        LedgerSession ledger,
        IStockDocuments documents,
        IReadOnlyList<(CsvRow Row, StockOnHand Read, LockedStock Locked)> rows,
        CancellationToken ct
    )
    {
        var said = rows.Select(r => (r.Row, r.Locked, Quantity: r.Row.Number("onOrder"))).Where(r => r.Quantity is not null).ToList();
        if (said.Count == 0)
            return;
        var now = (await documents.OnOrder(ledger, [.. said.Select(r => r.Locked)], ct)).ToDictionary(goods =>
            (goods.StoreId, goods.ProductId)
        );
        var differing = said.Select(r =>
                (r.Row, r.Locked, r.Quantity, Now: now.GetValueOrDefault((r.Locked.Store.Id, r.Locked.Product.Id)))
            )
            .Where(r => r.Quantity != 0 && r.Quantity != r.Now?.Quantity)
            .ToList();
        var ever = await GoodsOnOrder.Ever(ledger, differing.SelectMany(r => r.Now?.Orders ?? []).ToHashSet(), ct);
        foreach (var (row, locked, quantity, _) in differing)
            if (!ever.Contains((locked.Store.Id, locked.Product.Id, quantity!.Value)))
                row.AddError("onOrder", CsvRow.ComputedByLedger);
    }

    /// <summary>
    /// Checks that columns of the product have its present values or earlier ones, because this import does not change products.
    /// </summary>
    private static async Task CheckProducts(
        LedgerSession ledger,
        IReadOnlyList<(CsvRow Row, StockOnHand Read, LockedStock Locked)> rows,
        CancellationToken ct
    )
    {
        var wrong = rows.Select(r => (r.Row, r.Locked.Product.Id, Columns: Differing(r.Row, r.Locked.Product)))
            .Where(r => r.Columns.Count > 0)
            .ToList();
        var columns = wrong.ToLookup(r => r.Id);
        await foreach (var (product, _) in ledger.History<Product>([.. columns.Select(c => c.Key)], ct))
        foreach (var (row, _, differing) in columns[product.Id])
            differing.IntersectWith(Differing(row, product));
        foreach (var (row, _, differing) in wrong)
        foreach (var column in differing)
            row.AddError(column, "must be empty or as exported: it is changed by an import of products");
    }

    private static HashSet<string> Differing(CsvRow row, Product product)
    {
        var differing = new HashSet<string>();
        if (row.TrimmedText("product") is { } name && name != product.Details.Name)
            differing.Add("product");
        if (row.TrimmedText("unitType") is { } unit && unit != product.Details.UnitType)
            differing.Add("unitType");
        if (row.Number("reorderPoint") is { } point && point != product.Details.ReorderPoint)
            differing.Add("reorderPoint");
        return differing;
    }
}
