using System.Globalization;
using Fluxion.Ledger.Stock;
using UUIDNext;

namespace Fluxion.Ledger.Imports;

/// <summary>
/// Computes the id of each movement in a file. The id is the same whenever the file is sent, so a movement is recorded only once.
/// It derives from the first of these that the row has: its id; its document and line; its content, if that includes a time.
/// Else it derives from the file's hash and the line number. Equal rows with a time in one file are separate movements.
/// </summary>
internal static class MovementIds
{
    private static readonly Guid Namespace = Guid.Parse("b0a3f8b2-3f0d-5a53-9d6c-3c0f6f2f7a1e");

    /// <summary>Assigns an id to each row. Adds an error to a row when an earlier row in the list names the same movement.</summary>
    public static IReadOnlyDictionary<CsvRow, Guid> Assign(
        IReadOnlyList<(CsvRow Row, PastMovement Read, LockedStock Locked)> rows,
        string fileSha256
    )
    {
        var (ids, lines, equalRows) = (new Dictionary<CsvRow, Guid>(), new Dictionary<Guid, int>(), new Dictionary<string, int>());
        foreach (var (row, movement, locked) in rows)
        {
            var id = ids[row] = IdOf(row, movement, locked);
            if (!lines.TryAdd(id, row.Line))
                row.AddError(
                    movement.Id is null ? "line" : "id",
                    $"must be another one than in line {lines[id]}: it names the same movement"
                );
        }
        return ids;

        Guid IdOf(CsvRow row, PastMovement movement, LockedStock locked)
        {
            if (movement.Id is { } own)
                return Guid.TryParse(own, out var id) ? id : Named("id", own);
            if (movement.Line is { } line)
                return Named("document", locked.Store.Id, movement.ReferenceType, movement.Reference, line);
            if (movement.TimeInFile is not { } at)
                return Named("file", fileSha256, row.Line);
            var content = string.Join(
                '\u001F',
                locked.ItemId,
                movement.ReferenceType,
                Quantities.Normalize(movement.Quantity),
                movement.CostPerUnit is { } cost ? Quantities.Normalize(cost) : null,
                movement.Reason,
                movement.Reference,
                movement.Notes,
                at.UtcTicks
            );
            equalRows[content] = equalRows.GetValueOrDefault(content) + 1;
            return Named("row", content, equalRows[content]);
        }
    }

    private static Guid Named(params object?[] parts) =>
        Uuid.NewNameBased(Namespace, string.Join('\u001F', parts.Select(part => Convert.ToString(part, CultureInfo.InvariantCulture))));
}
