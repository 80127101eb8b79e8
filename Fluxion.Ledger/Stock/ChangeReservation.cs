using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Time;

namespace Fluxion.Ledger.Stock;

/// <summary>Replaces the held lines of a reservation, and its reference and expiry if given. Quantities that sales took stay.</summary>
[Example("""{"lines":[{"store":"CCS-01","sku":"LAC001","quantity":2},{"store":"CCS-01","sku":"QUE001","quantity":0.5}]}""")]
public sealed record ChangeReservation(
    [property: Description("All goods to hold from now on, each product of a store once. Goods that are left out are released")]
        IReadOnlyList<ReserveStock.Line> Lines,
    [property: Description("Order or client that the goods are held for, as users know it. Default: unchanged")] string? Reference = null,
    [property: Description("Time of expiry, with offset from UTC: in the future, at most 90 days from now. Default: unchanged")]
        DateTimeOffset? ExpiresAt = null,
    [property: Description(Refusal.VersionDescription)] long? Version = null
) : IProductLines<ChangeReservation, ReserveStock.Line>
{
    public ChangeReservation With(IReadOnlyList<ReserveStock.Line> lines) => this with { Lines = lines };

    public sealed class Validator : AbstractValidator<ChangeReservation>
    {
        public Validator(TimeProvider clock)
        {
            this.Lines(c => c.Lines, ReserveStock.Line.Rules);
            RuleFor(c => c.Reference!).NotEmpty().WithMessage("must not be empty").When(c => c.Reference is not null);
            RuleFor(c => c.Reference).SingleLine(100);
            RuleFor(c => c.ExpiresAt).Expiry(clock);
        }
    }
}

public static class ChangeReservationEndpoint
{
    /// <summary>The change of each line is reserved or released.</summary>
    /// <param name="version">Version of the reservation.</param>
    /// <param name="lockedStock">One for each line of the command, then those of all held lines.</param>
    public static Decision Decide(ChangeReservation command, Reservation reservation, long version, IReadOnlyList<LockedStock> lockedStock)
    {
        if (StockRefusals.WrongState(reservation, "change") is { } wrongState)
            return wrongState;
        if (command.Version is not null && command.Version != version)
            return Refusal.ChangedMeanwhile($"The reservation '{reservation.Reference}'", version, command.Version.Value);
        var wanted = lockedStock.Take(command.Lines.Count).ToList();
        if (DuplicateItems(wanted) is { Count: > 0 } duplicates)
            return Refusal.Invalid(duplicates);

        var held = Held(reservation, [.. wanted.Zip(command.Lines, (locked, line) => (locked, line.Quantity))]);
        var steps = Steps(reservation, held, lockedStock);
        if (steps.FirstOrDefault(step => step is { Locked.Store.IsActive: false, IsMore: true }).Locked is { } closed)
            return StockRefusals.StoreDeactivated(closed.Store.Code);
        var changed = new ReservationChanged(
            command.Reference?.Trim() ?? reservation.Reference,
            command.ExpiresAt is { } at ? Timestamps.ToMicroseconds(at) : reservation.ExpiresAt,
            held
        );
        var isEqual = CatalogEntry.AreEqual(Reservation.Fold(reservation.Id, reservation, changed), reservation);
        return StockDecider
            .Decide(lockedStock, steps.Select(step => step.Step))
            .With(DocumentEvents.Of<Reservation>(reservation.Id, isEqual ? [] : [changed]));
    }

    /// <summary>
    /// Distributes the wanted quantities over the lines. A line keeps what it holds, up to the wanted quantity of its product.
    /// An increase goes on the first line of the product. A product that no line holds gets a new line.
    /// </summary>
    /// <param name="wanted">Each product of a store at most once.</param>
    public static IReadOnlyList<HeldLine> Held(Reservation reservation, IReadOnlyList<(LockedStock Locked, decimal Quantity)> wanted)
    {
        var held = new List<HeldLine>();
        var next = reservation.Lines.Count;
        foreach (var (locked, quantity) in wanted)
        {
            var lines = reservation
                .Rest(locked.Store.Id)
                .Where(rest => reservation.Lines[rest.Line].ProductId == locked.Product.Id)
                .ToList();
            var more = Math.Max(0, quantity - lines.Sum(line => line.Quantity));
            var left = quantity - more;
            if (lines.Count == 0)
                lines = [new TakenLine(next++, 0)];
            foreach (var (i, line) in lines.Index())
            {
                var kept = Math.Min(line.Quantity, left) + (i == 0 ? more : 0);
                left -= Math.Min(line.Quantity, left);
                if (kept > 0)
                    held.Add(new HeldLine(line.Line, locked.Store.Id, locked.Product.Id, locked.Product.Code, kept));
            }
        }
        return held;
    }

    /// <summary>Makes the steps that reserve or release the change of each line.</summary>
    private static IReadOnlyList<(StockStep Step, LockedStock Locked, bool IsMore)> Steps(
        Reservation reservation,
        IReadOnlyList<HeldLine> held,
        IReadOnlyList<LockedStock> lockedStock
    )
    {
        var now = held.ToDictionary(line => line.Line, line => line.Quantity);
        var before = reservation.Rest().ToDictionary(line => line.Line, line => line.Quantity);
        return
        [
            .. now
                .Keys.Union(before.Keys)
                .Order()
                .Select(line => (Line: line, Change: now.GetValueOrDefault(line) - before.GetValueOrDefault(line)))
                .Where(l => l.Change != 0)
                .Select(l =>
                {
                    var (storeId, productId) =
                        l.Line < reservation.Lines.Count
                            ? (reservation.Lines[l.Line].StoreId, reservation.Lines[l.Line].ProductId)
                            : held.Where(line => line.Line == l.Line).Select(line => (line.StoreId, line.ProductId)).First();
                    var locked = lockedStock.First(s => s.ItemId == StockItem.IdOf(storeId, productId));
                    StockEvent happened =
                        l.Change > 0
                            ? new StockReserved(storeId, productId, l.Change, reservation.Id)
                            : new StockReleased(storeId, productId, -l.Change, reservation.Id);
                    return (new StockStep(locked, _ => happened), locked, l.Change > 0);
                }),
        ];
    }

    /// <summary>Errors for lines whose product and store an earlier line already names.</summary>
    private static Dictionary<string, string[]> DuplicateItems(IReadOnlyList<LockedStock> lockedStock)
    {
        var seen = new HashSet<Guid>();
        return lockedStock
            .Index()
            .Where(locked => !seen.Add(locked.Item.ItemId))
            .ToDictionary(
                locked => $"lines[{locked.Index}].sku",
                locked => (string[])[$"appears more than once: {locked.Item.Product.Code} of the store {locked.Item.Store.Code}"]
            );
    }

    [
        WolverinePut("/api/{tenant}/stock/reservations/{id}", Name = "Change reservation"),
        Authorize(Roles.User),
        Tags("Stock"),
        MovesStockOrMoney
    ]
    [EndpointSummary("Change the goods that a reservation holds")]
    [EndpointDescription(
        "lines replace all goods that the reservation still holds. Quantities that sales took stay taken. "
            + "All lines or none. "
            + "Refused with 404: an unknown reservation, store or sku; "
            + "403: goods held or to be held in a store that is not yours; "
            + "409: a reservation that is fulfilled, released or expired, a version that is no longer current, "
            + "or additional goods in a store that is deactivated or has too little available (see shortages); "
            + "400: a product of a store on two lines, a fraction of a counted product, "
            + "or an expiry in the past or more than 90 days away."
    )]
    [ProducesResponseType<ReservationReceipt>(200)]
    public static Task<IResult> Put(string id, ChangeReservation command, LedgerSession ledger, HttpContext http) =>
        ledger.Run(
            http,
            command,
            async (command, ct) =>
            {
                await Deactivation.AcquireSharedLock(ledger, ct);
                var (reservation, problem) = await Reservations.Lock(ledger, id, ct);
                if (reservation is null)
                    return problem!;
                // held goods may be released even if store or product is deactivated
                (var lockedStock, _, problem) = await StockLedger.ResolveAndLock(
                    ledger,
                    [.. ReserveStock.Line.Requests(command.Lines, allowsInactive: true), .. HeldStock(reservation)],
                    ledger.ResolveOccurrence(null),
                    ct
                );
                if (problem is not null)
                    return problem;
                return await ledger.Append(
                    Decide(command, reservation, ledger.VersionOf(reservation.Id), lockedStock),
                    async stock =>
                    {
                        await Reservations.Reschedule(ledger, reservation);
                        return Reply.Ok(ReservationReceipt.From(ledger, reservation.Id, stock));
                    }
                );
            }
        );

    private static IEnumerable<StockRequest> HeldStock(Reservation reservation) =>
        reservation.Held.Select(line => new StockRequest(
            line.StoreId.ToString(),
            line.ProductId.ToString(),
            line.Held,
            RequiresActiveProduct: false,
            AllowsInactive: true
        ));
}
