using System.Text.Json.Serialization;
using Fluxion.Ledger.Commands;

namespace Fluxion.Ledger.Stock;

public sealed record ReservedLine(Guid StoreId, Guid ProductId, string Sku, decimal Quantity);

/// <summary>Goods are held for somebody, until <paramref name="ExpiresAt"/> at the latest.</summary>
public sealed record ReservationOpened(string Reference, IReadOnlyList<ReservedLine> Lines, DateTimeOffset ExpiresAt);

/// <summary>What was held in one store is held no longer: a sale has come of it.</summary>
public sealed record ReservationFulfilled(Guid StoreId, Guid SaleId);

/// <summary>Somebody gave back what was still held.</summary>
public sealed record ReservationReleased;

/// <summary>Nobody came for what was still held.</summary>
public sealed record ReservationExpired;

/// <param name="Status">What became of the line: a state of the reservation. Only an open one holds anything.</param>
public sealed record ReservationLine(Guid StoreId, Guid ProductId, string Sku, decimal Quantity, string Status);

/// <summary>Goods in one or more stores that are held for somebody for a time.</summary>
/// <param name="Status">open | fulfilled | released | expired</param>
public sealed record Reservation(Guid Id, string Reference, IReadOnlyList<ReservationLine> Lines, DateTimeOffset ExpiresAt, string Status) : IAggregate<Reservation>
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
    };

    /// <summary>The lines that still hold something.</summary>
    [JsonIgnore]
    public IEnumerable<ReservationLine> Held => Lines.Where(line => line.Status == Open);

    /// <summary>The steps that make what it holds available again, in one store or in all.</summary>
    /// <param name="slots">Opened by the command; among them those of all products that it holds there.</param>
    public IEnumerable<StockStep> Release(IReadOnlyList<StockSlot> slots, Guid? storeId = null) =>
        Held.Where(line => storeId is null || line.StoreId == storeId).Select(line => new StockStep(
            slots.First(slot => slot.ItemId == StockItem.IdOf(line.StoreId, line.ProductId)),
            _ => new StockReleased(line.StoreId, line.ProductId, line.Quantity, Id)));

    public static Reservation Fold(Guid id, Reservation? reservation, object @event) => @event switch
    {
        ReservationOpened e => new Reservation(id, e.Reference,
            [.. e.Lines.Select(line => new ReservationLine(line.StoreId, line.ProductId, line.Sku, line.Quantity, Open))], e.ExpiresAt, Open),
        ReservationFulfilled e => reservation!.Close(Fulfilled, line => line.StoreId == e.StoreId),
        ReservationReleased => reservation!.Close(Released, _ => true),
        ReservationExpired => reservation!.Close(Expired, _ => true),
        _ => throw new UnknownEventException(typeof(Reservation), @event),
    };

    private Reservation Close(string status, Func<ReservationLine, bool> which)
    {
        var closed = this with { Lines = [.. Lines.Select(line => line.Status == Open && which(line) ? line with { Status = status } : line)] };
        return closed.Held.Any() ? closed : closed with { Status = status };
    }
}
