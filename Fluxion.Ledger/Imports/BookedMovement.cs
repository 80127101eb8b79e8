using Fluxion.Ledger.Commands;
using Fluxion.Ledger.Stock;

namespace Fluxion.Ledger.Imports;

/// <summary>A movement that the ledger has already, to be compared with a row that names it.</summary>
/// <param name="Quantity">Signed.</param>
internal sealed record BookedMovement(Guid Id, Guid StoreId, Guid ProductId, string ReferenceType, string? Reason, string? Reference, string? Notes,
    decimal Quantity, decimal CostPerUnit, DateTimeOffset OccurredAt, DateTimeOffset RecordedAt)
{
    /// <summary>Those of these ids that there are, by id.</summary>
    public static async Task<IReadOnlyDictionary<Guid, BookedMovement>> Find(LedgerSession ledger, IEnumerable<Guid> ids, CancellationToken ct)
    {
        await using var command = ledger.Ask($"""
            select id, store_id, product_id, reference_type, reason, reference, notes, quantity, cost_per_unit, created_at, recorded_at
            from {ledger.Tenant.Schema}.service_inventory_movements where id = any($1)
            """, ids.ToArray());
        var found = new Dictionary<Guid, BookedMovement>();
        await using var r = await command.ExecuteReaderAsync(ct);
        while (await r.ReadAsync(ct))
        {
            found[r.GetGuid(0)] = new BookedMovement(r.GetGuid(0), r.GetGuid(1), r.GetGuid(2), r.GetString(3), Text(4), Text(5), Text(6), r.GetDecimal(7), r.GetDecimal(8),
                r.GetFieldValue<DateTimeOffset>(9), r.GetFieldValue<DateTimeOffset>(10));
        }
        return found;

        string? Text(int ordinal) => r.IsDBNull(ordinal) ? null : r.GetString(ordinal);
    }

    /// <summary>Says what a row that names it has otherwise: what was booked is not changed by a file. A row that names nothing is known by all that it says.</summary>
    public void Check(CsvRow row, PastMovement said, StockSlot slot)
    {
        if (said.Id is null && said.Line is null) return;
        if (slot.Store.Id != StoreId || slot.Product.Id != ProductId)
        {
            row.Wrong(said.Id is null ? "line" : "id", "names a movement of another store or product, which is booked");
            return;
        }
        Same("referenceType", said.ReferenceType, ReferenceType);
        Same("quantity", said.Quantity, Quantity);
        Same("costPerUnit", said.CostPerUnit ?? CostPerUnit, CostPerUnit);
        Same("reason", said.Reason, Reason);
        Same("reference", said.Reference, Reference);
        Same("notes", said.Notes, Notes);
        if (said.OccurredAt is { } at && (at - OccurredAt).Duration() >= TimeSpan.FromSeconds(1) && !WasAhead(at)) row.Wrong("occurredAt", Booked);

        void Same<T>(string column, T value, T booked)
        {
            if (!Equals(value, booked)) row.Wrong(column, Booked);
        }
    }

    /// <summary>Whether the row was a little ahead of the ledger's clock, so that its movement occurred when it was recorded.</summary>
    private bool WasAhead(DateTimeOffset at) => OccurredAt == RecordedAt && at > OccurredAt;

    private const string Booked = "differs from the movement, which is booked: correct that by a movement of its own";
}
