using System.Text.Json.Serialization;

namespace Fluxion.Ledger.Stock;

/// <param name="UnitCost">Cost of one unit when it left: the moving average of the sending store at that moment.</param>
public sealed record SentLine(Guid ProductId, string Sku, decimal Quantity, decimal UnitCost);

/// <summary>Goods left one store for another and are in transit.</summary>
/// <param name="Lines">One line for each product.</param>
public sealed record TransferSent(
    Guid FromStoreId,
    Guid ToStoreId,
    IReadOnlyList<SentLine> Lines,
    string? Reference,
    string? Notes,
    DateTimeOffset OccurredAt
);

/// <summary>Arrival of a product in transit. All three quantities are 0 or more.</summary>
/// <param name="Received">Quantity that arrived intact.</param>
/// <param name="Lost">Quantity that was missing.</param>
/// <param name="Damaged">Quantity that arrived and is unusable.</param>
public sealed record ArrivedLine(Guid ProductId, decimal Received, decimal Lost, decimal Damaged)
{
    [JsonIgnore]
    public decimal Total => Received + Lost + Damaged;
}

/// <summary>Some or all goods in transit arrived, or are known to be lost.</summary>
/// <param name="Lines">One line for each product.</param>
public sealed record TransferReceived(IReadOnlyList<ArrivedLine> Lines, string? Notes, DateTimeOffset OccurredAt);

/// <summary>The goods still in transit are back in the sending store.</summary>
/// <param name="Reason">The reason, in the user's words.</param>
public sealed record TransferCancelled(string? Reason, DateTimeOffset OccurredAt);

/// <summary>A line of a transfer, with its quantities so far.</summary>
/// <param name="Returned">Quantity that came back to the sending store when the transfer was cancelled.</param>
public sealed record TransferLine(
    Guid ProductId,
    string Sku,
    decimal Quantity,
    decimal UnitCost,
    decimal Received,
    decimal Lost,
    decimal Damaged,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] decimal Returned = 0
)
{
    [JsonIgnore]
    public decimal InTransit => Quantity - Received - Lost - Damaged - Returned;
}

/// <summary>Goods on their way from one store to another.</summary>
/// <param name="OccurredAt">Time when the goods left.</param>
/// <param name="ArrivedAt">Time of the latest arrival; null before the first.</param>
/// <param name="CancelledAt">Time when the goods in transit came back; null unless the transfer was cancelled.</param>
public sealed record Transfer(
    Guid Id,
    Guid FromStoreId,
    Guid ToStoreId,
    IReadOnlyList<TransferLine> Lines,
    string? Reference,
    string? Notes,
    DateTimeOffset OccurredAt,
    DateTimeOffset? ArrivedAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? CancelledAt = null
) : IAggregate<Transfer>
{
    public const string InTransit = "in_transit";
    public const string Partial = "partial";
    public const string Received = "received";
    public const string Cancelled = "cancelled";

    public static readonly string[] States = [InTransit, Partial, Received, Cancelled];

    /// <summary>The states from which each command is allowed.</summary>
    public static readonly IReadOnlyDictionary<string, string[]> Allowed = new Dictionary<string, string[]>
    {
        ["receive"] = [InTransit, Partial],
        ["cancel"] = [InTransit, Partial],
    };

    /// <summary>The lines with goods in transit.</summary>
    [JsonIgnore]
    public IEnumerable<TransferLine> LinesInTransit => Lines.Where(line => line.InTransit > 0);

    [JsonIgnore]
    public string Status =>
        CancelledAt is not null ? Cancelled
        : Lines.All(line => line.InTransit == 0) ? Received
        : Lines.All(line => line.InTransit == line.Quantity) ? InTransit
        : Partial;

    public static Transfer Fold(Guid id, Transfer? transfer, object @event) =>
        @event switch
        {
            TransferSent e => new Transfer(
                id,
                e.FromStoreId,
                e.ToStoreId,
                [.. e.Lines.Select(line => new TransferLine(line.ProductId, line.Sku, line.Quantity, line.UnitCost, 0, 0, 0))],
                e.Reference,
                e.Notes,
                e.OccurredAt,
                null
            ),
            TransferReceived e => transfer! with
            {
                Lines =
                [
                    .. transfer.Lines.Select(line =>
                        e.Lines.FirstOrDefault(arrived => arrived.ProductId == line.ProductId) is { } arrived
                            ? line with
                            {
                                Received = line.Received + arrived.Received,
                                Lost = line.Lost + arrived.Lost,
                                Damaged = line.Damaged + arrived.Damaged,
                            }
                            : line
                    ),
                ],
                ArrivedAt = transfer.ArrivedAt > e.OccurredAt ? transfer.ArrivedAt : e.OccurredAt,
            },
            TransferCancelled e => transfer! with
            {
                Lines = [.. transfer.Lines.Select(line => line with { Returned = line.InTransit })],
                CancelledAt = e.OccurredAt,
            },
            _ => throw new UnknownEventException(typeof(Transfer), @event),
        };
}
