using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Tenancy;
using Fluxion.Ledger.Time;

namespace Fluxion.Ledger.Imports;

/// <summary>A row of a file of movements: one past movement, from another system or from an export of the ledger.</summary>
/// <param name="Id">The movement's id in the system that wrote the file.</param>
/// <param name="Line">The movement's line in the document that <paramref name="Reference"/> names.</param>
/// <param name="OccurredAt">The time of the movement by the ledger's clock.</param>
/// <param name="TimeInFile">The time of the movement as written in the file.</param>
public sealed record PastMovement(
    string Store,
    string Sku,
    string ReferenceType,
    decimal Quantity,
    decimal? CostPerUnit,
    string? Reason,
    string? Reference,
    string? Notes,
    DateTimeOffset? OccurredAt,
    DateTimeOffset? TimeInFile,
    string? Id,
    int? Line
) : IStockRow
{
    bool IStockRow.CanBegin => true;

    public static readonly string[] In = ["receipt", "purchase", "return"];
    public static readonly string[] Out = ["issue", "sale"];
    public static readonly string[] Either = ["adjustment", "transfer", "count"];

    /// <summary>Whether goods of a receipt or purchase went back to the supplier.</summary>
    public bool IsReturnToSupplier => ReferenceType is "receipt" or "purchase" && Reason == Reasons.ReturnToSupplier;

    private bool IsIn => In.Contains(ReferenceType) && !IsReturnToSupplier;

    private bool IsOut => Out.Contains(ReferenceType) || IsReturnToSupplier;

    /// <summary>The value of movement_type, as in the export.</summary>
    public string MovementType =>
        IsIn ? "in"
        : IsOut ? "out"
        : ReferenceType == "transfer" ? "transfer"
        : "adjustment";

    public sealed class Validator : AbstractValidator<PastMovement>
    {
        public Validator(TimeProvider clock)
        {
            RuleFor(r => r.Store).Reference();
            RuleFor(r => r.Sku).Reference();
            RuleFor(r => r.ReferenceType).OneOf([.. In, .. Out, .. Either]);
            RuleFor(r => r.Quantity).NonZero().When(r => r.ReferenceType != "count" && r.Reason != Reasons.OpeningBalance);
            RuleFor(r => r.Quantity).GreaterThan(0).WithMessage(r => $"must be above 0: a {r.ReferenceType} comes in").When(r => r.IsIn);
            RuleFor(r => r.Quantity)
                .LessThan(0)
                .WithMessage(r => $"must be below 0: a {(r.IsReturnToSupplier ? Reasons.ReturnToSupplier : r.ReferenceType)} goes out")
                .When(r => r.IsOut);
            RuleFor(r => r.CostPerUnit).UnitPrice();
            RuleFor(r => r.Reason!).OneOf(Reasons.OfIssues).When(r => r.ReferenceType == "issue");
            RuleFor(r => r.Reason!).OneOf(Reasons.OfAdjustments).When(r => r.ReferenceType == "adjustment");
            RuleFor(r => r.Reason)
                .Must(reason => reason is null or Reasons.LateMovement)
                .WithMessage($"must be empty or {Reasons.LateMovement}")
                .When(r => r.ReferenceType == "count");
            RuleFor(r => r.Reason)
                .Null()
                .WithMessage(
                    "must be empty except for an issue, an adjustment or a count; "
                        + "return_to_supplier marks goods of a receipt or purchase that went back"
                )
                .When(r => r.ReferenceType is not ("issue" or "adjustment" or "count") && !r.IsReturnToSupplier);
            RuleFor(r => r.Id).SingleLine(100);
            RuleFor(r => r.Reference).SingleLine(100);
            RuleFor(r => r.Reference).NotNull().WithMessage("is required beside line: it names the document").When(r => r.Line is not null);
            RuleFor(r => r.Notes).MaxLength(1000);
            RuleFor(r => r.OccurredAt).Must(at => Occurrence.IsPossible(at, null, clock.GetUtcNow())).WithMessage(Occurrence.Message);
        }
    }
}

/// <summary>A row of a file of movements, with all that the decision on it reads.</summary>
/// <param name="Id">The movement's id.</param>
/// <param name="Recorded">The recorded movement with this id; null when there is none.</param>
/// <param name="IsAlike">Whether a recorded movement equals the row, which names no id.</param>
internal sealed record ImportedMovement(
    CsvRow Row,
    PastMovement Read,
    LockedStock Locked,
    Guid Id,
    RecordedMovement? Recorded,
    bool IsAlike
)
{
    public bool IsNew => Recorded is null && !IsAlike;
}

public static class ImportMovementsEndpoint
{
    public static readonly CsvColumns Columns = new(
        ["store", "sku", "referenceType", "quantity"],
        ["id", "line", "costPerUnit", "reason", "reference", "notes", "occurredAt"],
        ["movementType", "referenceId", "totalCost", "createdBy", "recordedAt"]
    );

    /// <summary>The columns of a movement's record that only the exporting ledger knows.</summary>
    private static readonly string[] OfTheRecord = ["referenceId", "createdBy", "recordedAt"];

    [
        WolverinePost("/api/{tenant}/imports/movements", Name = "Import movements"),
        Authorize(Roles.Manager),
        Tags("Imports"),
        MovesStockOrMoney,
        RequestSizeLimit(Import.MaxBytes),
        HeavyWork(HeavyWork.Import)
    ]
    [EndpointSummary("Import movements from a CSV file")]
    [EndpointDescription(
        "Books the history of another system from a file in the format of the export: "
            + "up to 50,000 rows in one transaction, all or none. "
            + "The rows are booked by the time at which they occurred, each movement once: "
            + "the row of a booked movement changes nothing. "
            + "A movement is identified by its id (that of an export, or any text of another system). "
            + "Without an id, reference and line identify it, or all fields with occurredAt, or else the file. "
            + "quantity is signed, as exported: below 0 for goods that leave. "
            + "referenceType is receipt, issue or adjustment, with the same meaning as in their commands. "
            + "It is purchase, sale, return, transfer or count for a movement whose document is elsewhere. "
            + "costPerUnit is the cost at which goods came in or left. "
            + "Default: the product's cost price, or the moving average. dryRun and progress work as for products. "
            + "Refused with 403: rows of stores that are not yours; 409: a stock below 0 after all rows; "
            + "400: every wrong row, by its line."
    )]
    [ProducesResponseType<ImportReceipt>(200)]
    [CsvExample(
        "store,sku,referenceType,quantity,costPerUnit,reason,reference,occurredAt\n"
            + "CCS-01,LAC001,receipt,24,1.18,,GRN-12,2026-10-01T08:00:00-04:00\n"
            + "CCS-01,LAC001,issue,-1,,damage,,2026-10-02T12:30:00-04:00\n"
    )]
    public static Task<IResult> Post(
        [Description("Decimal separator of numbers: point or comma. Default: point")] string? decimals,
        bool? dryRun,
        [Description(Occurrence.SentAtDescription)] string? sentAt,
        [NotBody] LedgerSession ledger,
        HttpContext http,
        IValidator<PastMovement> validator,
        IStockDocuments documents
    ) =>
        Import.Run(
            ledger,
            http,
            Columns,
            decimals,
            dryRun,
            async (import, ct) =>
            {
                var rows = await Load(import, ledger, validator, ct);
                foreach (var row in rows)
                    Check(row);
                if (import.File.Problem is { } wrong)
                    return wrong;
                var booking = rows.Where(row => row.IsNew).Select(row => (row.Read, row.Locked, row.Id)).ToList();
                return await StockLedger.Append(
                    ledger,
                    documents,
                    Decide(booking, import.Id, ledger.Now),
                    (stock, reservationsShort) => import.Done(booking.Count, 0, stock, reservationsShort),
                    ct
                );
            },
            sentAt
        );

    /// <summary>Reads the rows, locks their stock items, and finds the movements that the ledger has recorded already.</summary>
    private static async Task<IReadOnlyList<ImportedMovement>> Load(
        Import import,
        LedgerSession ledger,
        IValidator<PastMovement> validator,
        CancellationToken ct
    )
    {
        var stores = await ledger.Find<Store>(import.File.Rows.Select(row => row.TrimmedText("store")).OfType<string>(), ct);
        var settings = await ledger.Read<TenantSettings>(ledger.Tenant.Id, ct);
        var read = import.Read(
            validator,
            row => Read(row, Zone.For(stores.GetValueOrDefault(row.TrimmedText("store") ?? ""), settings), ledger.ToLedgerTime)
        );
        // sorted by time, because an export lists the latest movement first; rows with the same time keep the order of the file
        var movements = read.OrderBy(r => r.Read.OccurredAt ?? DateTimeOffset.MaxValue).ToList();
        var first = movements.Count == 0 ? null : movements[0].Read.OccurredAt;
        var rows = await StockRows.ResolveAndLock(ledger, movements, "quantity", first, counting: false, ct);
        var ids = MovementIds.Assign(rows, import.Sha256);
        var booked = await RecordedMovement.Find(ledger, ids.Values, ct);
        var unknown = rows.Where(r => !booked.ContainsKey(ids[r.Row])).ToList();
        var alike = await RecordedMovement.FindAlike(ledger, unknown, booked.Keys.ToHashSet(), ct);
        return
        [
            .. rows.Select(r => new ImportedMovement(
                r.Row,
                r.Read,
                r.Locked,
                ids[r.Row],
                booked.GetValueOrDefault(ids[r.Row]),
                alike.Contains(r.Row)
            )),
        ];
    }

    private static PastMovement? Read(CsvRow row, Zone zone, Func<DateTimeOffset, DateTimeOffset> toLedgerTime)
    {
        var (quantity, cost, occurredAt) = (row.Required("quantity"), row.Number("costPerUnit"), row.Time("occurredAt", zone));
        return quantity is null
            ? null
            : new PastMovement(
                row.TrimmedText("store") ?? "",
                row.TrimmedText("sku") ?? "",
                row.TrimmedText("referenceType") ?? "",
                quantity.Value,
                cost,
                row.TrimmedText("reason"),
                row.Text("reference"),
                row.Text("notes"),
                occurredAt is { } at && !row.IsDate("occurredAt") ? toLedgerTime(at) : occurredAt,
                occurredAt,
                row.TrimmedText("id"),
                row.WholeNumber("line")
            );
    }

    /// <summary>Adds every error of a row: it contradicts itself or the recorded movement, or it may not be booked.</summary>
    private static void Check(ImportedMovement imported)
    {
        var (row, movement, locked, _, recorded, isAlike) = imported;
        if (isAlike)
            return;
        if (recorded is not null)
            recorded.Check(row, movement, locked);
        else if (movement.Id is null && OfTheRecord.Any(column => row.TrimmedText(column) is not null))
            row.AddError("id", "is required in a file that a ledger has exported: without it the movement would be booked once more");
        else
        {
            StockRows.CheckMove(row, locked, movement.Store);
            CheckTotal(row, movement);
            row.AddColumnsNotTaken(OfTheRecord);
        }
        CheckType(row, movement);
    }

    private static void CheckType(CsvRow row, PastMovement movement)
    {
        if (row.TrimmedText("movementType") is { } type && type != movement.MovementType)
            row.AddError("movementType", $"must be empty or {movement.MovementType}, as of every {movement.ReferenceType}");
    }

    private static void CheckTotal(CsvRow row, PastMovement movement)
    {
        if (row.Number("totalCost") is not { } total)
            return;
        if (movement.CostPerUnit is not { } cost)
            row.AddError("totalCost", "must be empty where costPerUnit is");
        else if (total != Quantities.Round(movement.Quantity * cost, 2))
            row.AddError("totalCost", "must be empty or quantity times costPerUnit, to 2 decimals");
    }

    /// <param name="now">The time of recording. A row slightly after it is dated at it.</param>
    public static StockDecision Decide(
        IReadOnlyList<(PastMovement Row, LockedStock Locked, Guid Id)> rows,
        Guid importId,
        DateTimeOffset now
    ) =>
        StockDecider.Decide(
            rows.Select(r => r.Locked),
            rows.Select(r => new StockStep(
                r.Locked,
                item =>
                {
                    var (row, store, product) = (r.Row, r.Locked.Store.Id, r.Locked.Product.Id);
                    var document = new StockDocument(importId, row.Reference, row.Notes, row.OccurredAt < now ? row.OccurredAt.Value : now);
                    return row.ReferenceType switch
                    {
                        "receipt" when !row.IsReturnToSupplier => new StockReceived(store, product, row.Quantity, document)
                        {
                            UnitCost = row.CostPerUnit ?? r.Locked.Product.Details.CostPrice,
                            MovementId = r.Id,
                        },
                        "issue" => new StockIssued(store, product, -row.Quantity, row.Reason!, document)
                        {
                            UnitCost = row.CostPerUnit ?? r.Locked.CostOf(item),
                            MovementId = r.Id,
                        },
                        "adjustment" => new StockAdjusted(store, product, row.Quantity, row.Reason!, document)
                        {
                            UnitCost = row.CostPerUnit ?? r.Locked.CostOf(item),
                            MovementId = r.Id,
                        },
                        _ => new StockCarriedOver(store, product, row.ReferenceType, row.Quantity, row.Reason, document)
                        {
                            UnitCost = row.CostPerUnit ?? r.Locked.CostOf(item),
                            MovementId = r.Id,
                        },
                    };
                }
            ))
        );
}
