using System.Globalization;
using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Validation;
using UUIDNext;

namespace Fluxion.Ledger.Imports;

/// <summary>
/// The id of each movement of a file, the same whenever the file is sent: so it is booked once. It comes from what the file says, in this order:
/// its id; its document and line; all that the row says, when that includes a time (equal rows of one file are several movements);
/// else the file itself and the line in it.
/// </summary>
internal static class MovementIds
{
    private static readonly Guid Namespace = Guid.Parse("b0a3f8b2-3f0d-5a53-9d6c-3c0f6f2f7a1e");

    /// <summary>Says of a row when a line above it names the same movement.</summary>
    public static IReadOnlyDictionary<CsvRow, Guid> Assign(IReadOnlyList<(CsvRow Row, PastMovement Read, LockedStock Slot)> rows, string fileSha256)
    {
        var (ids, lines, equalRows) = (new Dictionary<CsvRow, Guid>(), new Dictionary<Guid, int>(), new Dictionary<string, int>());
        foreach (var (row, movement, locked) in rows)
        {
            var id = ids[row] = IdOf(row, movement, locked);
            if (!lines.TryAdd(id, row.Line)) row.AddError(movement.Id is null ? "line" : "id", $"must be another one than in line {lines[id]}: it names the same movement");
        }
        return ids;

        Guid IdOf(CsvRow row, PastMovement movement, LockedStock locked)
        {
            if (movement.Id is { } own) return Guid.TryParse(own, out var id) ? id : Named("id", own);
            if (movement.Line is { } line) return Named("document", locked.Store.Id, movement.ReferenceType, movement.Reference, line);
            if (movement.TimeInFile is not { } at) return Named("file", fileSha256, row.Line);
            var content = string.Join('\u001F', locked.ItemId, movement.ReferenceType, Quantities.Normalize(movement.Quantity),
                movement.CostPerUnit is { } cost ? Quantities.Normalize(cost) : null, movement.Reason, movement.Reference, movement.Notes, at.UtcTicks);
            equalRows[content] = equalRows.GetValueOrDefault(content) + 1;
            return Named("row", content, equalRows[content]);
        }
    }

    private static Guid Named(params object?[] parts) =>
        Uuid.NewNameBased(Namespace, string.Join('\u001F', parts.Select(part => Convert.ToString(part, CultureInfo.InvariantCulture))));
}
