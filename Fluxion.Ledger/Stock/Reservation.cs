using System.Text.Json.Serialization;
using Fluxion.Ledger.Session;

namespace Fluxion.Ledger.Stock;

public sealed record ReservedLine(Guid StoreId, Guid ProductId, string Sku, decimal Quantity);

/// <summary>Goods are held for somebody, until <paramref name="ExpiresAt"/> at the latest.</summary>
/// <param name="OpenedAt">By the ledger's clock; null in events from before it was kept.</param>
public sealed record ReservationOpened(string Reference, IReadOnlyList<ReservedLine> Lines, DateTimeOffset ExpiresAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? OpenedAt = null);

/// <summary>A quantity of a line of a reservation.</summary>
/// <param name="Line">The place of the line, from 0.</param>
public sealed record TakenLine(int Line, decimal Quantity);

/// <summary>A sale has come of what was held in one store, or of some of it.</summary>
/// <param name="Taken">What the sale took; null in events from before a sale could take a part, which took all that was held in the store.</param>
/// <param name="IsRestReleased">Whether the rest in this store is held no longer.</param>
public sealed record ReservationFulfilled(Guid StoreId, Guid SaleId,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<TakenLine>? Taken = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool IsRestReleased = false);

/// <summary>What a line holds from now on.</summary>
/// <param name="Line">The place of the line, from 0; the number of lines or more for one that is new.</param>
/// <param name="Quantity">Greater than 0.</param>
public sealed record HeldLine(int Line, Guid StoreId, Guid ProductId, string Sku, decimal Quantity);

/// <summary>From now on other goods or quantities are held, or until another time.</summary>
/// <param name="Held">All lines that hold something from now on: a line that is not among them holds nothing any more.</param>
public sealed record ReservationChanged(string Reference, DateTimeOffset ExpiresAt, IReadOnlyList<HeldLine> Held);

/// <summary>The same is held until another time.</summary>
public sealed record ReservationExtended(DateTimeOffset ExpiresAt);

/// <summary>Somebody gave back what was still held.</summary>
public sealed record ReservationReleased;

/// <summary>Nobody came for what was still held.</summary>
public sealed record ReservationExpired;

/// <param name="Quantity">What was reserved; what is fulfilled and what is held, as long as the line is open.</param>
/// <param name="Status">What became of the line, or of the rest of it: a state of the reservation. Only an open one holds anything.</param>
/// <param name="Fulfilled">What sales took; null where none took a part.</param>
public sealed record ReservationLine(Guid StoreId, Guid ProductId, string Sku, decimal Quantity, string Status,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] decimal? Fulfilled = null)
{
    /// <summary>What is still held.</summary>
    [JsonIgnore]
    public decimal Held => Status == Reservation.Open ? Quantity - (Fulfilled ?? 0) : 0;

    /// <summary>What sales took, in part or whole.</summary>
    [JsonIgnore]
    public decimal Sold => Fulfilled ?? (Status == Reservation.Fulfilled ? Quantity : 0);
}

/// <summary>Goods in one or more stores that are held for somebody for a time.</summary>
/// <param name="Lines">A line keeps its place: one that holds nothing any more stays.</param>
/// <param name="Status">open | fulfilled | released | expired</param>
/// <param name="OpenedAt">Null for reservations from before it was kept.</param>
public sealed record Reservation(Guid Id, string Reference, IReadOnlyList<ReservationLine> Lines, DateTimeOffset ExpiresAt, string Status,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? OpenedAt = null) : IAggregate<Reservation>
{
    public const string Open = "open";
    public const string Fulfilled = "fulfilled";
    public const string Released = "released";
    public const string Expired = "expired";

    public static readonly string[] States = [Open, Fulfilled, Released, Expired];

    /// <summary>The states from which each command is allowed; fulfil is a sale's.</summary>
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

    /// <summary>All that is still held, in one store or in all.</summary>
    public IReadOnlyList<TakenLine> Rest(Guid? storeId = null) =>
        [.. Lines.Index().Where(l => l.Item.Held > 0 && (storeId is null || l.Item.StoreId == storeId)).Select(l => new TakenLine(l.Index, l.Item.Held))];

    /// <summary>What of it a sale takes: what is held in the store of the products that are sold, and not more than is sold of each.</summary>
    public IReadOnlyList<TakenLine> Take(Guid storeId, IEnumerable<(Guid ProductId, decimal Quantity)> sold)
    {
        var left = sold.GroupBy(s => s.ProductId, s => s.Quantity).ToDictionary(s => s.Key, s => s.Sum());
        var taken = new List<TakenLine>();
        foreach (var (i, held) in Rest(storeId))
        {
            var quantity = Math.Min(held, left.GetValueOrDefault(Lines[i].ProductId));
            if (quantity <= 0) continue;
            taken.Add(new TakenLine(i, quantity));
            left[Lines[i].ProductId] -= quantity;
        }
        return taken;
    }

    /// <summary>The steps that make what was held available.</summary>
    /// <param name="lockedStock">Opened by the command; among them those of all products that are released.</param>
    public IEnumerable<StockStep> Release(IReadOnlyList<LockedStock> lockedStock, IEnumerable<TakenLine> released) => released.Select(taken =>
    {
        var line = Lines[taken.Line];
        return new StockStep(lockedStock.First(locked => locked.ItemId == StockItem.IdOf(line.StoreId, line.ProductId)),
            _ => new StockReleased(line.StoreId, line.ProductId, taken.Quantity, Id));
    });

    public static Reservation Fold(Guid id, Reservation? reservation, object @event) => @event switch
    {
        ReservationOpened e => new Reservation(id, e.Reference,
            [.. e.Lines.Select(line => new ReservationLine(line.StoreId, line.ProductId, line.Sku, line.Quantity, Open))], e.ExpiresAt, Open, e.OpenedAt),
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
        return With(Lines.Select((line, i) =>
        {
            if (quantities.TryGetValue(i, out var quantity)) line = line with { Fulfilled = (line.Fulfilled ?? 0) + quantity };
            return line.Status != Open ? line
                : line.Held == 0 ? line with { Status = Fulfilled }
                : e.IsRestReleased && line.StoreId == e.StoreId ? line with { Status = Released } : line;
        }), Fulfilled);
    }

    private Reservation Change(ReservationChanged e)
    {
        var held = e.Held.ToDictionary(line => line.Line);
        var kept = Lines.Select((line, i) => line.Status != Open ? line
            : held.TryGetValue(i, out var now) ? line with { Quantity = (line.Fulfilled ?? 0) + now.Quantity }
            : line.Fulfilled is { } sold ? line with { Quantity = sold, Status = Fulfilled } : line with { Status = Released });
        var added = e.Held.Where(line => line.Line >= Lines.Count).OrderBy(line => line.Line)
            .Select(line => new ReservationLine(line.StoreId, line.ProductId, line.Sku, line.Quantity, Open));
        return this with { Reference = e.Reference, ExpiresAt = e.ExpiresAt, Lines = [.. kept, .. added] };
    }

    private Reservation Close(string status, Func<ReservationLine, bool> which) =>
        With(Lines.Select(line => line.Status == Open && which(line) ? line with { Status = status } : line), status);

    /// <param name="status">That of the reservation when nothing is held any more.</param>
    private Reservation With(IEnumerable<ReservationLine> lines, string status)
    {
        var changed = this with { Lines = [.. lines] };
        return changed.Held.Any() ? changed : changed with { Status = status };
    }
}
