using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Validation;

namespace Fluxion.Projections.Queries;

/// <summary>Finds the product of a barcode in the table product_barcodes.</summary>
public sealed class BarcodeIndex : IBarcodeIndex
{
    public async Task<IReadOnlyList<BarcodeOwner>> Find(LedgerSession ledger, IReadOnlyCollection<string> keys, CancellationToken ct)
    {
        await using var command = ledger.CreateCommand(
            $"""
            select b.code_key as key, b.product_id, p.sku, p.is_active, b.pack_quantity
            from {ledger.Tenant.Schema}.product_barcodes b
            join {ledger.Tenant.Schema}.products p on p.id = b.product_id
            where b.code_key = any($1) and not b.is_removed
            order by p.sku
            """,
            (object)keys.ToArray()
        );
        return
        [
            .. (await command.ReadAll<BarcodeOwner>(ct)).Select(owner =>
                owner with
                {
                    PackQuantity = Quantities.Normalize(owner.PackQuantity),
                }
            ),
        ];
    }
}
