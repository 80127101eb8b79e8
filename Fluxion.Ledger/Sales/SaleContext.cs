using System.Linq.Expressions;
using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Tenancy;
using Fluxion.Ledger.Time;

namespace Fluxion.Ledger.Sales;

/// <summary>All that the decision on a new sale reads.</summary>
/// <param name="LineIds">The id of each line.</param>
/// <param name="Occurred">The time of the sale; its cause is the opening of the reservation.</param>
/// <param name="At">The same time by the ledger's clock.</param>
/// <param name="MaySetPrices">Whether the caller may give prices and discounts.</param>
/// <param name="Stock">One for each line, then those of all other products that the reservation releases.</param>
/// <param name="Reservation">The locked reservation that the sale fulfils.</param>
/// <param name="SaleOfPosTransaction">Another sale of the store, not cancelled, that has the command's posTransactionId.</param>
public sealed record SaleContext(
    Guid SaleId,
    IReadOnlyList<Guid> LineIds,
    Occurrence Occurred,
    DateTimeOffset At,
    bool MaySetPrices,
    TenantSettings? Settings,
    IReadOnlyList<LockedStock> Stock,
    Reservation? Reservation = null,
    ExistingDocument? SaleOfPosTransaction = null
)
{
    public Store Store => Stock[0].Store;

    /// <summary>Locks the reservation and the stock of a sale, or returns a refusal when one of them is missing or not allowed.</summary>
    public static async Task<(SaleContext? Context, Refusal? Problem)> Load(LedgerSession ledger, RecordSale command, CancellationToken ct)
    {
        var settings = ledger.ReadWithNextLock<TenantSettings>(ledger.Tenant.Id);
        var transaction = FindTransaction(ledger, command);
        var (reservation, held, problem) = await LockReservation(ledger, command, ct);
        if (problem is not null)
            return (null, problem);
        var occurred = ledger.ResolveOccurrence(command.OccurredAt, reservation?.OpenedAt);
        (var stock, var at, problem) = await StockLedger.ResolveAndLock(
            ledger,
            [.. StockRequest.ForLines(command.Store, command.Lines, requiresActiveProduct: false), .. held],
            occurred,
            ct
        );
        if (problem is not null)
            return (null, problem);
        return (
            new SaleContext(
                Guid.CreateVersion7(at),
                [.. command.Lines.Select(_ => Guid.CreateVersion7(ledger.Now))],
                occurred,
                at,
                ledger.Caller.Is(Roles.Manager),
                settings.Value,
                stock,
                reservation,
                transaction?.Value is { } other ? new ExistingDocument(other, UrlOf(ledger, other)) : null
            ),
            null
        );
    }

    public static string UrlOf(LedgerSession ledger, Guid sale) => $"/api/{ledger.Tenant.Slug}/sales/{sale}";

    /// <summary>A sale that meets the condition, as a refusal names it; null when there is none.</summary>
    public static async Task<ExistingDocument?> Existing(
        LedgerSession ledger,
        Expression<Func<Sale, bool>> condition,
        CancellationToken ct
    ) => await ledger.First(condition, ct) is { } sale ? new ExistingDocument(sale.Id, UrlOf(ledger, sale.Id)) : null;

    /// <summary>
    /// Queries the sale of the store with the command's posTransactionId that is not cancelled, whether or not that sale was recorded as
    /// unique. Null when the command has no posTransactionId.
    /// </summary>
    private static Pending<Guid?>? FindTransaction(LedgerSession ledger, RecordSale command) =>
        Codes.NumberOrNull(command.PosTransactionId) is null
            ? null
            : ledger.QueryWithNextLock<Guid?>(
                $"""
                select d.id from {ledger.Documents<Sale>()} d
                where d.data ->> 'posTransactionId' = any($1) and d.data ->> 'isCancelled' = 'false' and d.data ->> 'storeId' =
                    (select s.id::text from {ledger.Documents<Store>()} s where s.id = $2 or s.data ->> 'code' = any($3))
                limit 1
                """,
                [
                    Codes.NumberSpellings(command.PosTransactionId!),
                    Guid.TryParse(command.Store, out var id) ? id : Guid.Empty,
                    Codes.Spellings(command.Store),
                ],
                async (reader, ct) => await reader.ReadAsync(ct) ? reader.GetGuid(0) : null
            );

    /// <summary>
    /// Locks the reservation of the sale, or returns the refusal. With ReleaseRest it also returns a stock request for each line that the
    /// reservation holds in the store.
    /// </summary>
    private static async Task<(Reservation? Reservation, IReadOnlyList<StockRequest> Held, Refusal? Problem)> LockReservation(
        LedgerSession ledger,
        RecordSale command,
        CancellationToken ct
    )
    {
        // an unknown store is refused later, by StockLedger
        if (command.Reservation is not { } id || await ledger.Find<Store>(command.Store, ct) is not { } store)
            return (null, [], null);
        if (await ledger.Lock<Reservation>(id, ct) is not { } reservation)
            return (null, [], Refusal.NotFound("reservation", "reservation", id.ToString()));
        if (!reservation.Lines.Any(line => ledger.Caller.MayUse(line.StoreId)))
            return (null, [], StockRefusals.ReservationNotYours);
        if (StockRefusals.WrongState(reservation, "fulfil") is { } wrongState)
            return (null, [], wrongState);
        var held = reservation.Held.Where(line => line.StoreId == store.Id).ToList();
        if (held.Count == 0)
            return (null, [], SaleRefusals.NothingHeld(reservation, "nothing", command.Store));
        return (
            reservation,
            command.ReleaseRest
                ?
                [
                    .. held.Select(line => new StockRequest(
                        command.Store,
                        line.ProductId.ToString(),
                        line.Quantity,
                        RequiresActiveProduct: false
                    )),
                ]
                : [],
            null
        );
    }
}
