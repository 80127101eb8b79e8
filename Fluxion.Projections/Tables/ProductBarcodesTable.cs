using Fluxion.Ledger.Catalog;
using Fluxion.Projections.Writing;

namespace Fluxion.Projections.Tables;

/// <summary>
/// The table product_barcodes: the barcodes of products with their pack quantity. A removed barcode is marked; no row is deleted.
/// </summary>
public sealed class ProductBarcodesTable : IReadModel
{
    private sealed record Row(Guid ProductId, ProductBarcode Barcode, int Position, bool IsRemoved, Change Change);

    private static readonly Table<Row> Table = new Table<Row>("product_barcodes", "product_id", "code")
        .Add("product_id", "uuid", r => r.ProductId)
        .Add("code", "text", r => r.Barcode.Code)
        .Add("code_key", "text", r => r.Barcode.Key)
        .Add("kind", "text", r => r.Barcode.EffectiveKind)
        .Add("unit_type", "text", r => r.Barcode.Unit)
        .Add("pack_quantity", "numeric", r => r.Barcode.PackQuantity)
        .Add("position", "integer", r => r.Position)
        .Add("is_removed", "boolean", r => r.IsRemoved)
        .AddOnce("created_at", "timestamptz", r => r.Change.RecordedAt())
        .Add("updated_at", "timestamptz", r => r.Change.RecordedAt());

    public void Write(IReadOnlyList<Change> changes, IRowWriter rows) =>
        rows.Write(Table, [.. changes.SelectMany(Rows)], row => (row.ProductId, row.Barcode.Code));

    private static IEnumerable<Row> Rows(Change change)
    {
        if (change.After is not Product product)
            yield break;
        var (before, after) = (BarcodeList.From((change.Before as Product)?.Details), BarcodeList.From(product.Details));
        foreach (var (i, barcode) in before.Index().ExceptBy(after.Select(b => b.Code), b => b.Item.Code))
            yield return new Row(product.Id, barcode, i + 1, true, change);
        // the column position: a removed barcode moves all later ones up
        foreach (var (i, barcode) in after.Index().Where(b => before.ElementAtOrDefault(b.Index) != b.Item))
            yield return new Row(product.Id, barcode, i + 1, false, change);
    }
}
