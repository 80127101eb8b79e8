using System.Buffers.Binary;
using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Tenancy;
using Fluxion.Ledger.Time;

namespace Fluxion.Ledger.Imports;

/// <summary>A movement that the ledger has recorded, for comparison with a row that names it.</summary>
/// <param name="Quantity">Signed quantity.</param>
/// <param name="ClockSkew">The sender's clock less the ledger's; zero when the sender did not say.</param>
internal sealed record RecordedMovement(
    Guid Id,
    Guid StoreId,
    Guid ProductId,
    string ReferenceType,
    string? Reason,
    string? Reference,
    string? Notes,
    decimal Quantity,
    decimal CostPerUnit,
    decimal TotalCost,
    DateTimeOffset OccurredAt,
    DateTimeOffset RecordedAt,
    Guid? DocumentId,
    Guid? CreatedBy,
    TimeSpan ClockSkew
)
{
    private const string Columns = """
        m.id, m.store_id, m.product_id, m.reference_type, m.reason, m.reference, m.notes, m.quantity, m.cost_per_unit, m.total_cost,
        m.created_at as occurred_at, m.recorded_at, m.reference_id as document_id, m.created_by
        """;

    /// <summary>The recorded movements among these ids, by id.</summary>
    public static async Task<IReadOnlyDictionary<Guid, RecordedMovement>> Find(
        LedgerSession ledger,
        IEnumerable<Guid> ids,
        CancellationToken ct
    )
    {
        await using var command = ledger.CreateCommand(
            $"""
            select {Columns}, make_interval(secs => coalesce((e.headers ->> '{Headers.ClockSkew}')::double precision, 0)) as clock_skew
            from {ledger.Tenant.Schema}.service_inventory_movements m
            left join {ledger.Tenant.Schema}.inventory i on i.store_id = m.store_id and i.product_id = m.product_id
            left join {ledger.Tenant.Schema}.mt_events e on e.stream_id = i.id and e.version = m.item_version
            where m.id = any($1)
            """,
            ids.ToArray()
        );
        return (await command.ReadAll<RecordedMovement>(ct)).ToDictionary(movement => movement.Id);
    }

    /// <summary>
    /// Finds rows without id or line that equal a recorded movement, in time to the microsecond. Each movement matches one row at most.
    /// So an export is recognized by its content even when its ids were removed.
    /// </summary>
    /// <param name="known">Movements that other rows name.</param>
    public static async Task<IReadOnlySet<CsvRow>> FindAlike(
        LedgerSession ledger,
        IReadOnlyList<(CsvRow Row, PastMovement Read, LockedStock Locked)> rows,
        IReadOnlySet<Guid> known,
        CancellationToken ct
    )
    {
        var unnamed = rows.Where(r => r.Read is { Id: null, Line: null, OccurredAt: not null }).ToList();
        if (unnamed.Count == 0)
            return new HashSet<CsvRow>();
        await using var command = ledger.CreateCommand(
            $"""
            select {Columns}, interval '0' as clock_skew
            from {ledger.Tenant.Schema}.service_inventory_movements m
            where m.created_at between $4 and $5
              and exists (select from unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) w (store_id, product_id, at)
                          where w.store_id = m.store_id and w.product_id = m.product_id and w.at = m.created_at)
            order by m.created_at, m.item_version
            """,
            unnamed.Select(r => r.Locked.Store.Id).ToArray(),
            unnamed.Select(r => r.Locked.Product.Id).ToArray(),
            unnamed.Select(r => r.Read.OccurredAt!.Value).ToArray(),
            unnamed.Min(r => r.Read.OccurredAt!.Value),
            unnamed.Max(r => r.Read.OccurredAt!.Value)
        );
        var booked = (await command.ReadAll<RecordedMovement>(ct))
            .Where(movement => !known.Contains(movement.Id))
            .ToLookup(movement => movement.OccurredAt);
        var (taken, alike) = (new HashSet<Guid>(), new HashSet<CsvRow>());
        foreach (var (row, said, locked) in unnamed)
        {
            if (
                booked[said.OccurredAt!.Value]
                    .FirstOrDefault(movement => !taken.Contains(movement.Id) && movement.IsAlike(row, said, locked))
                is not { } same
            )
                continue;
            taken.Add(same.Id);
            alike.Add(row);
        }
        return alike;
    }

    private bool IsAlike(CsvRow row, PastMovement said, LockedStock locked) =>
        locked.Store.Id == StoreId
        && locked.Product.Id == ProductId
        && said.ReferenceType == ReferenceType
        && said.Quantity == Quantity
        && (said.CostPerUnit ?? CostPerUnit) == CostPerUnit
        && said.Reason == Reason
        && said.Reference == Reference
        && said.Notes == Notes
        && Differing(row).Count == 0;

    /// <summary>
    /// Adds an error for each difference between a row and the movement that it names: an import does not change recorded movements.
    /// A row without id or line is matched by all its content.
    /// </summary>
    public void Check(CsvRow row, PastMovement said, LockedStock locked)
    {
        if (said.Id is null && said.Line is null)
            return;
        if (locked.Store.Id != StoreId || locked.Product.Id != ProductId)
        {
            row.AddError(said.Id is null ? "line" : "id", "must not name a recorded movement of another store or product");
            return;
        }
        Same("referenceType", said.ReferenceType, ReferenceType);
        Same("quantity", said.Quantity, Quantity);
        Same("costPerUnit", said.CostPerUnit ?? CostPerUnit, CostPerUnit);
        Same("reason", said.Reason, Reason);
        Same("reference", said.Reference, Reference);
        Same("notes", said.Notes, Notes);
        if (
            said is { OccurredAt: { } at, TimeInFile: { } inFile }
            && !IsThen(at)
            && !IsThen(inFile)
            && !IsThen(inFile - ClockSkew)
            && !WasAhead(at)
        )
            row.AddError("occurredAt", Booked);
        if (row.Number("totalCost") is { } total && total != TotalCost)
            row.AddError("totalCost", Booked);
        foreach (var column in Differing(row))
        {
            if (IsNamedHere)
                row.AddError(column, Booked);
            else
                row.AddColumnsNotTaken(column);
        }

        void Same<T>(string column, T value, T booked)
        {
            if (!Equals(value, booked))
                row.AddError(column, Booked);
        }
    }

    /// <summary>
    /// Whether the ledger generated the id. Such an id begins with the time of recording (RFC 9562, 5.7). Other ids come from another
    /// system.
    /// </summary>
    private bool IsNamedHere =>
        Id.Version == 7
        && BinaryPrimitives.ReadInt64BigEndian(Id.ToByteArray(bigEndian: true)) >> 16 == RecordedAt.ToUnixTimeMilliseconds();

    /// <summary>
    /// The columns in which the row differs from the movement's record. The source of an imported movement has another record of it.
    /// </summary>
    private List<string> Differing(CsvRow row)
    {
        var differing = new List<string>();
        if (!row.IsEmptyOr("referenceId", DocumentId))
            differing.Add("referenceId");
        if (!row.IsEmptyOr("createdBy", CreatedBy))
            differing.Add("createdBy");
        if (row.Time("recordedAt", Zone.Utc) is { } recorded && !PointsInTime.IsSameSecond(recorded, RecordedAt))
            differing.Add("recordedAt");
        return differing;
    }

    /// <summary>Whether a time is the movement's, to the second.</summary>
    private bool IsThen(DateTimeOffset at) => PointsInTime.IsSameSecond(at, OccurredAt);

    /// <summary>Whether the row's time was slightly ahead of the ledger's clock, so that the movement was dated at its recording.</summary>
    private bool WasAhead(DateTimeOffset at) => OccurredAt == RecordedAt && at > OccurredAt;

    private const string Booked = "must be as recorded: correct the movement by another one";
}
