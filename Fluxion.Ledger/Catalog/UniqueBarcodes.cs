using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Session;

namespace Fluxion.Ledger.Catalog;

/// <summary>What a product is to have.</summary>
/// <param name="Before">The product as it is; null for a new one.</param>
/// <param name="IsActive">Whether it will be active.</param>
public sealed record BarcodeClaim(string Sku, IReadOnlyList<ProductBarcode> Barcodes, Product? Before, bool IsActive)
{
    /// <summary>What it has not got yet as an active product: of that it is asked whether others have it.</summary>
    public IEnumerable<ProductBarcode> New => IsActive ? Barcodes.ExceptBy(Before is { IsActive: true } ? BarcodeList.From(Before.Details).Select(b => b.Key) : [], b => b.Key) : [];
}

/// <summary>A barcode that another active product has.</summary>
/// <param name="Id">Null for a product that the same file begins.</param>
public sealed record BarcodeConflict(string Barcode, Guid? Id, string Sku);

/// <summary>
/// A barcode is of one active product at most. Whoever gives one to a product or activates a product takes turns, before any stream is locked: so
/// of two at once the second sees what the first has written. Two products that had the same barcode before there was this rule keep it.
/// </summary>
public static class UniqueBarcodes
{
    /// <summary>The turn of whoever gives barcodes.</summary>
    public const string LockName = "barcodes";

    /// <summary>The conflicts of each claim, by its index; under the turn.</summary>
    public static async Task<ILookup<int, BarcodeConflict>> Conflicts(
        LedgerSession ledger, IBarcodeIndex index, IReadOnlyList<BarcodeClaim> claims, CancellationToken ct)
    {
        var wanted = claims.SelectMany((claim, i) => claim.New.Select(barcode => (Barcode: barcode, Claim: i))).ToLookup(w => w.Barcode.Key);
        if (wanted.Count == 0) return Enumerable.Empty<BarcodeConflict>().ToLookup(_ => 0);
        var claimed = claims.Select(claim => claim.Before?.Id).OfType<Guid>().ToHashSet();
        var others = (await index.Find(ledger, [.. wanted.Select(w => w.Key)], ct)).Where(owner => owner.IsActive && !claimed.Contains(owner.ProductId)).ToLookup(owner => owner.Key);
        // a product of the same file that has the barcode already and keeps it
        var kept = claims.Where(claim => claim.IsActive && claim.Before is not null).SelectMany(claim => claim.Barcodes.ExceptBy(claim.New.Select(b => b.Key), b => b.Key)
            .Select(barcode => (barcode.Key, claim.Before!.Id, claim.Sku))).ToLookup(k => k.Key);
        return (from barcode in wanted
                let other = others[barcode.Key].Select(o => ((Guid?)o.ProductId, o.Sku)).Concat(kept[barcode.Key].Select(k => ((Guid?)k.Id, k.Sku))).FirstOrDefault()
                from w in other.Sku is null ? barcode.Skip(1) : barcode
                select (w.Claim, Conflict: other.Sku is null
                    ? new BarcodeConflict(w.Barcode.Code, claims[barcode.First().Claim].Before?.Id, claims[barcode.First().Claim].Sku)
                    : new BarcodeConflict(w.Barcode.Code, other.Item1, other.Sku))).ToLookup(c => c.Claim, c => c.Conflict);
    }

    /// <summary>409 with the id and sku of the other product, for a single claim; null when nobody else has its barcodes.</summary>
    public static async Task<Refusal?> Refuse(LedgerSession ledger, IBarcodeIndex index, BarcodeClaim claim, CancellationToken ct)
    {
        if ((await Conflicts(ledger, index, [claim], ct))[0].ToList() is not { Count: > 0 } conflicts) return null;
        return Refusal.Conflict("Barcode taken", string.Join(" ", conflicts.Select(Message))) with { Conflicts = conflicts };
    }

    public static string Message(BarcodeConflict conflict) => $"The barcode {conflict.Barcode} is of the active product {conflict.Sku}.";
}
