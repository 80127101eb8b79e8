using System.Text.Json.Serialization;

namespace Fluxion.Ledger.Stock;

public sealed record ReservedLine(Guid StoreId, Guid ProductId, string Sku, decimal Quantity);

/// <summary>Goods are reserved for a client or an order, until <paramref name="ExpiresAt"/> at the latest.</summary>
/// <param name="OpenedAt">Time of opening, by the ledger's clock; null in events from before it was stored.</param>
public sealed record ReservationOpened(
    string Reference,
    IReadOnlyList<ReservedLine> Lines,
    DateTimeOffset ExpiresAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? OpenedAt = null
);

/// <summary>A quantity of a line of a reservation.</summary>
/// <param name="Line">Index of the line, from 0.</param>
public sealed record TakenLine(int Line, decimal Quantity);

/// <summary>A sale fulfilled the reservation in one store, in part or in full.</summary>
/// <param name="Taken">
/// Quantities that the sale took. Null in events from before partial fulfilment: those sales took everything held in the store.
/// </param>
/// <param name="IsRestReleased">True when the rest held in this store is released.</param>
public sealed record ReservationFulfilled(
    Guid StoreId,
    Guid SaleId,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<TakenLine>? Taken = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool IsRestReleased = false
);

/// <summary>The new quantity that a line holds.</summary>
/// <param name="Line">Index of the line, from 0; a new line has an index from the number of lines on.</param>
/// <param name="Quantity">Greater than 0.</param>
public sealed record HeldLine(int Line, Guid StoreId, Guid ProductId, string Sku, decimal Quantity);

/// <summary>The held goods, their quantities, the reference or the expiry changed.</summary>
/// <param name="Held">All lines that still hold something. A line that is missing here holds nothing any more.</param>
public sealed record ReservationChanged(string Reference, DateTimeOffset ExpiresAt, IReadOnlyList<HeldLine> Held);

/// <summary>The expiry changed; the held goods stay the same.</summary>
public sealed record ReservationExtended(DateTimeOffset ExpiresAt);

/// <summary>A user released the goods that were still held.</summary>
public sealed record ReservationReleased;

/// <summary>The reservation expired and released the goods that were still held.</summary>
public sealed record ReservationExpired;

/// <param name="Quantity">Reserved quantity. While the line is open it is the fulfilled plus the held quantity.</param>
/// <param name="Status">Status of the line or of its rest, with the values of a reservation. Only an open line holds anything.</param>
/// <param name="Fulfilled">Quantity that sales took; null if no sale took a part.</param>
public sealed record ReservationLine(
    Guid StoreId,
    Guid ProductId,
    string Sku,
    decimal Quantity,
    string Status,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] decimal? Fulfilled = null
)
{
    /// <summary>Quantity still held.</summary>
    [JsonIgnore]
    public decimal Held => Status == Reservation.Open ? Quantity - (Fulfilled ?? 0) : 0;

    /// <summary>Quantity that sales took, in part or in full.</summary>
    [JsonIgnore]
    public decimal Sold => Fulfilled ?? (Status == Reservation.Fulfilled ? Quantity : 0);
}

/// <summary>Goods in one or more stores, held for a client or an order until a time.</summary>
/// <param name="Lines">A line keeps its index: a line that holds nothing any more stays in the list.</param>
/// <param name="Status">open | fulfilled | released | expired</param>
/// <param name="OpenedAt">Time of opening; null for reservations from before it was stored.</param>
public sealed record Reservation(
    Guid Id,
    string Reference,
    IReadOnlyList<ReservationLine> Lines,
    DateTimeOffset ExpiresAt,
    string Status,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? OpenedAt = null
) : IAggregate<Reservation>
{
    public const string Open = "open";
    public const string Fulfilled = "fulfilled";
    public const string Released = "released";
    public const string Expired = "expired";

    public static readonly string[] States = [Open, Fulfilled, Released, Expired];

    /// <summary>The states from which each command is allowed. A sale executes "fulfil".</summary>
    public static readonly IReadOnlyDictionary<string, string[]> Allowed = new Dictionary<string, string[]>
    {
        ["release"] = [Open],
        ["expire"] = [Open],
        ["fulfil"] = [Open],
        ["extend"] = [Open],
        ["change"] = [Open],
    };

    /// <summary>The lines that still hold something.</summary>
    [JsonIgnore]
    public IEnumerable<ReservationLine> Held => Lines.Where(line => line.Held > 0);

    /// <summary>The quantities still held, in one store or in all.</summary>
    public IReadOnlyList<TakenLine> Rest(Guid? storeId = null) =>
        [
            .. Lines
                .Index()
                .Where(l => l.Item.Held > 0 && (storeId is null || l.Item.StoreId == storeId))
                .Select(l => new TakenLine(l.Index, l.Item.Held)),
        ];

    /// <summary>
    /// The quantities that a sale takes: those held in the store of the products sold, and at most the quantity sold of each.
    /// </summary>
    public IReadOnlyList<TakenLine> Take(Guid storeId, IEnumerable<(Guid ProductId, decimal Quantity)> sold)
    {
        var left = sold.GroupBy(s => s.ProductId, s => s.Quantity).ToDictionary(s => s.Key, s => s.Sum());
        var taken = new List<TakenLine>();
        foreach (var (i, held) in Rest(storeId))
        {
            var quantity = Math.Min(held, left.GetValueOrDefault(Lines[i].ProductId));
            if (quantity <= 0)
                continue;
            taken.Add(new TakenLine(i, quantity));
            left[Lines[i].ProductId] -= quantity;
        }
        return taken;
    }

    /// <summary>The steps that make held quantities available.</summary>
    /// <param name="lockedStock">Stock locked by the command. It includes all released products.</param>
    public IEnumerable<StockStep> Release(IReadOnlyList<LockedStock> lockedStock, IEnumerable<TakenLine> released) =>
        released.Select(taken =>
        {
            var line = Lines[taken.Line];
            return new StockStep(
                lockedStock.First(locked => locked.ItemId == StockItem.IdOf(line.StoreId, line.ProductId)),
                _ => new StockReleased(line.StoreId, line.ProductId, taken.Quantity, Id)
            );
        });

    public static Reservation Fold(Guid id, Reservation? reservation, object @event) =>
        @event switch
        {
            ReservationOpened e => new Reservation(
                id,
                e.Reference,
                [.. e.Lines.Select(line => new ReservationLine(line.StoreId, line.ProductId, line.Sku, line.Quantity, Open))],
                e.ExpiresAt,
                Open,
                e.OpenedAt
            ),
            ReservationFulfilled { Taken: { } taken } e => reservation!.Fulfil(e, taken),
            ReservationFulfilled e => reservation!.Close(Fulfilled, line => line.StoreId == e.StoreId),
            ReservationChanged e => reservation!.Change(e),
            ReservationExtended e => reservation! with { ExpiresAt = e.ExpiresAt },
            ReservationReleased => reservation!.Close(Released, _ => true),
            ReservationExpired => reservation!.Close(Expired, _ => true),
            _ => throw new UnknownEventException(typeof(Reservation), @event),
        };

    private Reservation Fulfil(ReservationFulfilled e, IReadOnlyList<TakenLine> taken)
    {
        var quantities = taken.ToDictionary(line => line.Line, line => line.Quantity);
        return With(
            Lines.Select(
                (line, i) =>
                {
                    if (quantities.TryGetValue(i, out var quantity))
                        line = line with { Fulfilled = (line.Fulfilled ?? 0) + quantity };
                    return line.Status != Open ? line
                        : line.Held == 0 ? line with { Status = Fulfilled }
                        : e.IsRestReleased && line.StoreId == e.StoreId ? line with { Status = Released }
                        : line;
                }
            ),
            Fulfilled
        );
    }

    private Reservation Change(ReservationChanged e)
    {
        var held = e.Held.ToDictionary(line => line.Line);
        var kept = Lines.Select(
            (line, i) =>
                line.Status != Open ? line
                : held.TryGetValue(i, out var now) ? line with { Quantity = (line.Fulfilled ?? 0) + now.Quantity }
                : line.Fulfilled is { } sold ? line with { Quantity = sold, Status = Fulfilled }
                : line with { Status = Released }
        );
        var added = e
            .Held.Where(line => line.Line >= Lines.Count)
            .OrderBy(line => line.Line)
            .Select(line => new ReservationLine(line.StoreId, line.ProductId, line.Sku, line.Quantity, Open));
        return this with { Reference = e.Reference, ExpiresAt = e.ExpiresAt, Lines = [.. kept, .. added] };
    }

    private Reservation Close(string status, Func<ReservationLine, bool> which) =>
        With(Lines.Select(line => line.Status == Open && which(line) ? line with { Status = status } : line), status);

    /// <param name="status">Status of the reservation once nothing is held any more.</param>
    private Reservation With(IEnumerable<ReservationLine> lines, string status)
    {
        var changed = this with { Lines = [.. lines] };
        return changed.Held.Any() ? changed : changed with { Status = status };
    }
}
