using System.Text.Json.Serialization;
using Fluxion.Ledger.Session;

namespace Fluxion.Ledger.Stock;

/// <param name="UnitCost">The cost that one unit left with: the moving average of the sending store at that moment.</param>
public sealed record SentLine(Guid ProductId, string Sku, decimal Quantity, decimal UnitCost);

/// <summary>Goods left one store for another: they are in transit.</summary>
/// <param name="Lines">One a product.</param>
public sealed record TransferSent(Guid FromStoreId, Guid ToStoreId, IReadOnlyList<SentLine> Lines, string? Reference, string? Notes, DateTimeOffset OccurredAt);

/// <summary>What became of some of a product in transit; all three 0 or more.</summary>
/// <param name="Received">What came in as it left.</param>
/// <param name="Lost">What was not there.</param>
/// <param name="Damaged">What came in and is of no use.</param>
public sealed record ArrivedLine(Guid ProductId, decimal Received, decimal Lost, decimal Damaged)
{
    [JsonIgnore]
    public decimal Total => Received + Lost + Damaged;
}

/// <summary>Some or all of what was in transit arrived, or is known not to.</summary>
/// <param name="Lines">One a product.</param>
public sealed record TransferReceived(IReadOnlyList<ArrivedLine> Lines, string? Notes, DateTimeOffset OccurredAt);

/// <summary>What was still in transit is back in the store that it had left.</summary>
/// <param name="Reason">Why, in the user's words.</param>
public sealed record TransferCancelled(string? Reason, DateTimeOffset OccurredAt);

/// <summary>A line of a transfer, and what has become of it so far.</summary>
/// <param name="Returned">What came back to the sending store when the transfer was cancelled.</param>
public sealed record TransferLine(Guid ProductId, string Sku, decimal Quantity, decimal UnitCost, decimal Received, decimal Lost, decimal Damaged,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] decimal Returned = 0)
{
    [JsonIgnore]
    public decimal InTransit => Quantity - Received - Lost - Damaged - Returned;
}

/// <summary>Goods on their way from one store to another.</summary>
/// <param name="OccurredAt">When they left.</param>
/// <param name="ArrivedAt">When the latest of them arrived; null before.</param>
/// <param name="CancelledAt">When what was still in transit came back; null unless the transfer was cancelled.</param>
public sealed record Transfer(Guid Id, Guid FromStoreId, Guid ToStoreId, IReadOnlyList<TransferLine> Lines, string? Reference, string? Notes,
    DateTimeOffset OccurredAt, DateTimeOffset? ArrivedAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? CancelledAt = null) : IAggregate<Transfer>
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

    [JsonIgnore]
    public string Status => CancelledAt is not null ? Cancelled
        : Lines.All(line => line.InTransit == 0) ? Received : Lines.All(line => line.InTransit == line.Quantity) ? InTransit : Partial;

    public static Transfer Fold(Guid id, Transfer? transfer, object @event) => @event switch
    {
        TransferSent e => new Transfer(id, e.FromStoreId, e.ToStoreId,
            [.. e.Lines.Select(line => new TransferLine(line.ProductId, line.Sku, line.Quantity, line.UnitCost, 0, 0, 0))],
            e.Reference, e.Notes, e.OccurredAt, null),
        TransferReceived e => transfer! with
        {
            Lines = [.. transfer.Lines.Select(line => e.Lines.FirstOrDefault(arrived => arrived.ProductId == line.ProductId) is { } arrived
                ? line with { Received = line.Received + arrived.Received, Lost = line.Lost + arrived.Lost, Damaged = line.Damaged + arrived.Damaged }
                : line)],
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
