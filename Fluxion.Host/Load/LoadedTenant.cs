using Fluxion.Ledger.Access;
using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Session;
using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Tenancy;
using Fluxion.Ledger.Time;
using Fluxion.Ledger.Validation;

namespace Fluxion.Host.Load;

/// <summary>How large a tenant is to be.</summary>
/// <param name="Movements">Of all its stock items, which are products times stores.</param>
/// <param name="Days">How long ago the first of them occurred.</param>
public sealed record LoadSize(int Movements, int Products, int Stores, int Days)
{
    public int Items => Products * Stores;
}

/// <summary>How far a load is.</summary>
public sealed record LoadProgress(long Movements, long Of);

/// <summary>
/// A tenant as large as its owner's will be, for measuring before it is: products that sell well and badly, restocked when they run
/// low, through the same door as every command. The history comes out alike each time, and what an interrupted load has committed is passed over by the next.
/// </summary>
public sealed class LoadedTenant(IServiceProvider services, Tenant tenant, LoadSize size)
{
    /// <summary>Movements a transaction, about.</summary>
    private const int BatchSize = 10_000;

    /// <summary>How the movements are spread over five products that follow one another.</summary>
    private static readonly double[] Popularity = [0.3, 0.6, 1, 1.1, 2];

    private readonly DateTimeOffset _now = services.GetRequiredService<TimeProvider>().GetUtcNow();

    /// <summary>Makes what is not there yet.</summary>
    /// <param name="workers">Transactions at once.</param>
    /// <returns>The movements that it made.</returns>
    public async Task<long> Fill(int workers, Action<LoadProgress> progress, CancellationToken ct)
    {
        var stores = Enumerable.Range(0, size.Stores).Select(i => $"S{i + 1:000}").ToList();
        var skus = Enumerable.Range(0, size.Products).Select(i => $"P{i + 1:000000}").ToList();
        await InOneTransaction(async ledger => await Missing<Store>(ledger, stores,
            (code, i) => new StoreOpened(code, new StoreDetails($"Store {i + 1}", i == 0 ? "warehouse" : "store")), ct), ct);
        foreach (var chunk in skus.Index().Chunk(1000))
            await InOneTransaction(async ledger => await Missing<Product>(ledger, [.. chunk.Select(c => c.Item)], (sku, i) => Created(sku, chunk[i].Index), ct), ct);

        var atOnce = Math.Clamp(BatchSize / Math.Max(1, size.Movements / size.Items), 1, 1000);
        var batches = stores.Index().SelectMany(store => skus.Index().Chunk(atOnce).Select(products => (Store: store, Products: products)));
        var (done, made) = (0L, 0L);
        await Parallel.ForEachAsync(batches, new ParallelOptions { MaxDegreeOfParallelism = workers, CancellationToken = ct }, async (batch, _) =>
        {
            var items = batch.Products.Select(p => (Sku: p.Item, First: UpTo(batch.Store.Index, p.Index), Until: UpTo(batch.Store.Index, p.Index + 1)))
                .Where(item => item.Until > item.First).ToList();
            var movements = items.Sum(item => item.Until - item.First);
            if (items.Count > 0) await InOneTransaction(async ledger => Interlocked.Add(ref made, await Move(ledger, batch.Store.Item, items, ct) ? movements : 0), ct);
            var moved = Interlocked.Add(ref done, movements);
            lock (progress) progress(new LoadProgress(moved, size.Movements));
        });
        return made;
    }

    /// <summary>What autovacuum does after a while: statistics, and the map by which an index answers alone.</summary>
    public async Task Settle(CancellationToken ct)
    {
        await using var command = services.GetRequiredService<Databases>().RequireOwner()
            .CreateCommand($"vacuum (analyze) {tenant.Schema}.products, {tenant.Schema}.stores, {tenant.Schema}.inventory, {tenant.Schema}.inventory_movements");
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

    private static async Task Missing<T>(LedgerSession ledger, IReadOnlyList<string> codes, Func<string, int, object> begin, CancellationToken ct)
        where T : class, IAggregate<T>, ICoded
    {
        var known = await ledger.Find<T>(codes, ct);
        foreach (var (i, code) in codes.Index())
            if (!known.ContainsKey(code)) ledger.Append<T>(Guid.CreateVersion7(ledger.Now), begin(code, i));
    }

    private static ProductCreated Created(string sku, int index)
    {
        var reorderPoint = 5 + (index * 7 % 36);
        var cost = 0.5m + (index * 37 % 2000 / 100m);
        return new ProductCreated(sku, new ProductDetails($"Product {index + 1}", "unit", ReorderPoint: reorderPoint, MinStockLevel: reorderPoint / 2,
            MaxStockLevel: reorderPoint * 6, CostPrice: cost, SellingPrice: Quantities.Round(cost * 1.4m, 2), TaxRate: 16));
    }

    /// <summary>How many movements the items before this one have: those of the stores before it, and in its store of the products before it.</summary>
    private long UpTo(int store, int product)
    {
        double Weight(int products) => (products / Popularity.Length * Popularity.Sum()) + Popularity.Take(products % Popularity.Length).Sum();
        return (long)Math.Round(size.Movements * (store + (Weight(product) / Weight(size.Products))) / size.Stores);
    }

    /// <returns>False when they are there, of a load that was interrupted.</returns>
    private async Task<bool> Move(LedgerSession ledger, string store, IReadOnlyList<(string Sku, long First, long Until)> items, CancellationToken ct)
    {
        var (lockedStock, _, problem) = await StockLedger.ResolveAndLock(ledger, [.. items.Select(item => new StockRequest(store, item.Sku, 1, IsInbound: true))], ledger.ResolveOccurrence(null), ct);
        if (problem is not null) throw new InvalidOperationException(problem.Message);
        if (lockedStock[0].Item is not null) return false;
        var steps = lockedStock.Zip(items).SelectMany(pair => History(pair.First, (int)(pair.Second.Until - pair.Second.First), new Random((int)pair.Second.First)));
        if (StockLedger.Append(ledger, lockedStock, StockDecider.Decide(steps)).Refusal is { } refusal) throw new InvalidOperationException(refusal.Message);
        return true;
    }

    /// <summary>Sold, sometimes damaged or found, and mostly restocked when it runs low; from the oldest movement to the latest.</summary>
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
                yield return new StockStep(locked, _ => new StockReceived(store, product, quantity, document) { UnitCost = locked.Product.Details.CostPrice });
            }
            else if (kind > 0.98)
            {
                onHand++;
                yield return new StockStep(locked, item => new StockAdjusted(store, product, 1, "found", document) { UnitCost = locked.CostOf(item) });
            }
            else
            {
                var quantity = Math.Min(onHand, random.Next(1, 2 + (int)(reorderPoint / 3)));
                onHand -= quantity;
                yield return kind > 0.96
                    ? new StockStep(locked, item => new StockIssued(store, product, quantity, "damage", document) { UnitCost = locked.CostOf(item) })
                    : new StockStep(locked, item => new StockCarriedOver(store, product, "sale", -quantity, null, document) { UnitCost = locked.CostOf(item) });
            }
        }
    }
}
