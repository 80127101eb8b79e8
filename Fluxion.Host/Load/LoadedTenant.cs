using Fluxion.Ledger.Access;
using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Session;
using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Tenancy;
using Fluxion.Ledger.Time;
using Fluxion.Ledger.Validation;

namespace Fluxion.Host.Load;

/// <summary>The size of a tenant to generate.</summary>
/// <param name="Movements">The number of movements of all stock items. There are products × stores items.</param>
/// <param name="Days">The age of the first movement in days.</param>
public sealed record LoadSize(int Movements, int Products, int Stores, int Days)
{
    public int Items => Products * Stores;
}

/// <summary>The progress of a load.</summary>
public sealed record LoadProgress(long Movements, long Of);

/// <summary>
/// Generates a tenant of the size that its owner expects, to measure performance in advance. Its products sell at different rates and are
/// restocked when they run low, through StockLedger like every command. Each load generates an equal history, dated back from its start. A
/// load after an interrupted one skips the part that is already committed.
/// </summary>
public sealed class LoadedTenant(IServiceProvider services, Tenant tenant, LoadSize size)
{
    /// <summary>The approximate number of movements in one transaction.</summary>
    private const int BatchSize = 10_000;

    /// <summary>The relative numbers of movements of five consecutive products.</summary>
    private static readonly double[] Popularity = [0.3, 0.6, 1, 1.1, 2];

    private readonly DateTimeOffset _now = services.GetRequiredService<TimeProvider>().GetUtcNow();

    /// <summary>Generates everything that does not exist yet.</summary>
    /// <param name="workers">The number of concurrent transactions.</param>
    /// <returns>The number of generated movements.</returns>
    public async Task<long> Fill(int workers, Action<LoadProgress> progress, CancellationToken ct)
    {
        var stores = Enumerable.Range(0, size.Stores).Select(i => $"S{i + 1:000}").ToList();
        var skus = Enumerable.Range(0, size.Products).Select(i => $"P{i + 1:000000}").ToList();
        await InOneTransaction(
            async ledger =>
                await Missing<Store>(
                    ledger,
                    stores,
                    (code, i) => new StoreOpened(code, new StoreDetails($"Store {i + 1}", i == 0 ? "warehouse" : "store")),
                    ct
                ),
            ct
        );
        foreach (var chunk in skus.Index().Chunk(1000))
            await InOneTransaction(
                async ledger =>
                    await Missing<Product>(ledger, [.. chunk.Select(c => c.Item)], (sku, i) => Created(sku, chunk[i].Index), ct),
                ct
            );

        var atOnce = Math.Clamp(BatchSize / Math.Max(1, size.Movements / size.Items), 1, 1000);
        var batches = stores.Index().SelectMany(store => skus.Index().Chunk(atOnce).Select(products => (Store: store, Products: products)));
        var (done, made) = (0L, 0L);
        await Parallel.ForEachAsync(
            batches,
            new ParallelOptions { MaxDegreeOfParallelism = workers, CancellationToken = ct },
            async (batch, _) =>
            {
                var items = batch
                    .Products.Select(p =>
                        (Sku: p.Item, First: UpTo(batch.Store.Index, p.Index), Until: UpTo(batch.Store.Index, p.Index + 1))
                    )
                    .Where(item => item.Until > item.First)
                    .ToList();
                var movements = items.Sum(item => item.Until - item.First);
                if (items.Count > 0)
                    await InOneTransaction(
                        async ledger => Interlocked.Add(ref made, await Move(ledger, batch.Store.Item, items, ct) ? movements : 0),
                        ct
                    );
                var moved = Interlocked.Add(ref done, movements);
                lock (progress)
                    progress(new LoadProgress(moved, size.Movements));
            }
        );
        return made;
    }

    /// <summary>Does the work that autovacuum does after a while: statistics, and the visibility map for index-only scans.</summary>
    public async Task Settle(CancellationToken ct)
    {
        await using var command = services
            .GetRequiredService<Databases>()
            .RequireOwner()
            .CreateCommand(
                $"vacuum (analyze) {tenant.Schema}.products, {tenant.Schema}.stores, "
                    + $"{tenant.Schema}.inventory, {tenant.Schema}.inventory_movements"
            );
        command.CommandTimeout = 0;
        await command.ExecuteNonQueryAsync(ct);
    }

    private async Task InOneTransaction(Func<LedgerSession, Task> handle, CancellationToken ct)
    {
        var id = tenant.Id.ToString();
        await using var session = services.GetRequiredService<TenantDocumentStores>().ForTenant(id).LightweightSession(id);
        var ledger = new LedgerSession(session, tenant, Caller.System(tenant));
        await ledger.Begin(ct);
        await handle(ledger);
        await ledger.Commit(ct);
    }

    private static async Task Missing<T>(
        LedgerSession ledger,
        IReadOnlyList<string> codes,
        Func<string, int, object> begin,
        CancellationToken ct
    )
        where T : class, IAggregate<T>, ICoded
    {
        var known = await ledger.Find<T>(codes, ct);
        foreach (var (i, code) in codes.Index())
            if (!known.ContainsKey(code))
                ledger.Append<T>(Guid.CreateVersion7(ledger.Now), begin(code, i));
    }

    private static ProductCreated Created(string sku, int index)
    {
        var reorderPoint = 5 + (index * 7 % 36);
        var cost = 0.5m + (index * 37 % 2000 / 100m);
        return new ProductCreated(
            sku,
            new ProductDetails(
                $"Product {index + 1}",
                "unit",
                ReorderPoint: reorderPoint,
                MinStockLevel: reorderPoint / 2,
                MaxStockLevel: reorderPoint * 6,
                CostPrice: cost,
                SellingPrice: Quantities.Round(cost * 1.4m, 2),
                TaxRate: 16
            )
        );
    }

    /// <summary>
    /// The number of movements of all items before this one: those of earlier stores, and of earlier products in its store.
    /// </summary>
    private long UpTo(int store, int product)
    {
        double Weight(int products) =>
            (products / Popularity.Length * Popularity.Sum()) + Popularity.Take(products % Popularity.Length).Sum();
        return (long)Math.Round(size.Movements * (store + (Weight(product) / Weight(size.Products))) / size.Stores);
    }

    /// <returns>False when an interrupted load has already committed the movements.</returns>
    private async Task<bool> Move(
        LedgerSession ledger,
        string store,
        IReadOnlyList<(string Sku, long First, long Until)> items,
        CancellationToken ct
    )
    {
        var (lockedStock, _, problem) = await StockLedger.ResolveAndLock(
            ledger,
            [.. items.Select(item => new StockRequest(store, item.Sku, 1, RequiresActiveProduct: true))],
            ledger.ResolveOccurrence(null),
            ct
        );
        if (problem is not null)
            throw new InvalidOperationException(problem.Message);
        if (lockedStock[0].Item is not null)
            return false;
        var steps = lockedStock
            .Zip(items)
            .SelectMany(pair => History(pair.First, (int)(pair.Second.Until - pair.Second.First), new Random((int)pair.Second.First)));
        if (ledger.Append(StockDecider.Decide(lockedStock, steps)) is { } refusal)
            throw new InvalidOperationException(refusal.Message);
        return true;
    }

    /// <summary>
    /// The history of a stock item, from the oldest movement to the latest. It has sales, a few damages and finds, and restocking, mostly
    /// when the stock is low.
    /// </summary>
    private IEnumerable<StockStep> History(LockedStock locked, int movements, Random random)
    {
        var (onHand, reorderPoint) = (0m, locked.Product.Details.ReorderPoint);
        var (store, product) = (locked.Store.Id, locked.Product.Id);
        for (var i = 0; i < movements; i++)
        {
            var at = Timestamps.ToMicroseconds(_now.AddDays(-size.Days * (movements - i - (0.99 * random.NextDouble())) / movements));
            var document = new StockDocument(Guid.CreateVersion7(at), null, null, at);
            var kind = random.NextDouble();
            if (onHand == 0 || onHand < reorderPoint * 1.3m && kind < 0.8)
            {
                var quantity = decimal.Truncate(reorderPoint * random.Next(20, 50) / 10);
                onHand += quantity;
                yield return new StockStep(
                    locked,
                    _ => new StockReceived(store, product, quantity, document) { UnitCost = locked.Product.Details.CostPrice }
                );
            }
            else if (kind > 0.98)
            {
                onHand++;
                yield return new StockStep(
                    locked,
                    item => new StockAdjusted(store, product, 1, "found", document) { UnitCost = locked.CostOf(item) }
                );
            }
            else
            {
                var quantity = Math.Min(onHand, random.Next(1, 2 + (int)(reorderPoint / 3)));
                onHand -= quantity;
                yield return kind > 0.96
                    ? new StockStep(
                        locked,
                        item => new StockIssued(store, product, quantity, "damage", document) { UnitCost = locked.CostOf(item) }
                    )
                    : new StockStep(
                        locked,
                        item => new StockCarriedOver(store, product, "sale", -quantity, null, document) { UnitCost = locked.CostOf(item) }
                    );
            }
        }
    }
}
