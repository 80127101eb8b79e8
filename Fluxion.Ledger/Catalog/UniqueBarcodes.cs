namespace Fluxion.Ledger.Catalog;

/// <summary>The barcodes that a product is to have.</summary>
/// <param name="Before">The present product; null for a new one.</param>
/// <param name="IsActive">Whether the product will be active.</param>
public sealed record BarcodeClaim(string Sku, IReadOnlyList<ProductBarcode> Barcodes, Product? Before, bool IsActive)
{
    /// <summary>The barcodes that the product does not have yet as an active product. Only they can conflict with other products.</summary>
    public IEnumerable<ProductBarcode> New =>
        IsActive
            ? Barcodes.ExceptBy(Before is { IsActive: true } ? BarcodeList.From(Before.Details).Select(b => b.Key) : [], b => b.Key)
            : [];
}

/// <summary>A barcode that another active product has.</summary>
/// <param name="Id">The other product's id; null for a product that the same file creates.</param>
public sealed record BarcodeConflict(string Barcode, Guid? Id, string Sku);

/// <summary>
/// A barcode belongs to one active product at most. A command that gives a barcode to a product or activates a product acquires an advisory
/// lock before it locks any stream. So the second of two concurrent commands sees what the first one committed. Products that had the same
/// barcode before this rule existed keep it.
/// </summary>
public static class UniqueBarcodes
{
    /// <summary>The name of the advisory lock for giving barcodes.</summary>
    public const string LockName = "barcodes";

    /// <summary>The conflicts of each claim, by its index. The caller holds the advisory lock.</summary>
    public static async Task<ILookup<int, BarcodeConflict>> Conflicts(
        LedgerSession ledger,
        IBarcodeIndex index,
        IReadOnlyList<BarcodeClaim> claims,
        CancellationToken ct
    )
    {
        var wanted = claims
            .SelectMany((claim, i) => claim.New.Select(barcode => (Barcode: barcode, Claim: i)))
            .ToLookup(w => w.Barcode.Key);
        if (wanted.Count == 0)
            return Enumerable.Empty<BarcodeConflict>().ToLookup(_ => 0);
        var claimed = claims.Select(claim => claim.Before?.Id).OfType<Guid>().ToHashSet();
        var others = (await index.Find(ledger, [.. wanted.Select(w => w.Key)], ct))
            .Where(owner => owner.IsActive && !claimed.Contains(owner.ProductId))
            .ToLookup(owner => owner.Key);
        // products of the same file that have the barcode already and keep it
        var kept = claims
            .Where(claim => claim.IsActive && claim.Before is not null)
            .SelectMany(claim =>
                claim
                    .Barcodes.ExceptBy(claim.New.Select(b => b.Key), b => b.Key)
                    .Select(barcode => (barcode.Key, claim.Before!.Id, claim.Sku))
            )
            .ToLookup(k => k.Key);
        return (
            from barcode in wanted
            let other = others[barcode.Key]
                .Select(o => ((Guid?)o.ProductId, o.Sku))
                .Concat(kept[barcode.Key].Select(k => ((Guid?)k.Id, k.Sku)))
                .FirstOrDefault()
            from w in other.Sku is null ? barcode.Skip(1) : barcode
            select (
                w.Claim,
                Conflict: other.Sku is null
                    ? new BarcodeConflict(w.Barcode.Code, claims[barcode.First().Claim].Before?.Id, claims[barcode.First().Claim].Sku)
                    : new BarcodeConflict(w.Barcode.Code, other.Item1, other.Sku)
            )
        ).ToLookup(c => c.Claim, c => c.Conflict);
    }

    /// <summary>The conflicts of a single claim.</summary>
    public static async Task<IReadOnlyList<BarcodeConflict>> Conflicts(
        LedgerSession ledger,
        IBarcodeIndex index,
        BarcodeClaim claim,
        CancellationToken ct
    ) => [.. (await Conflicts(ledger, index, [claim], ct))[0]];

    /// <summary>409, with the ids and skus of the other products.</summary>
    public static Refusal Taken(IReadOnlyList<BarcodeConflict> conflicts) =>
        Refusal.Conflict("Barcode taken", string.Join(" ", conflicts.Select(Message))) with
        {
            Conflicts = conflicts,
        };

    public static string Message(BarcodeConflict conflict) =>
        $"The barcode {conflict.Barcode} belongs to the active product {conflict.Sku}.";
}
