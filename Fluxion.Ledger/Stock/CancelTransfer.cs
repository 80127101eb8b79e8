using Fluxion.Ledger.Time;

namespace Fluxion.Ledger.Stock;

/// <summary>Goods still in transit go back: they were sent in error, or the van did not leave.</summary>
[Example("""{"reason":"The van broke down"}""")]
public sealed record CancelTransfer(
    [property: Description(Reasons.Description)] string? Reason = null,
    [property: Description("Time when the goods were back, with offset from UTC; not before they left. Default: now")]
        DateTimeOffset? OccurredAt = null,
    [property: Description(Occurrence.SentAtDescription)] DateTimeOffset? SentAt = null
) : IOccurrence
{
    public sealed class Validator : AbstractValidator<CancelTransfer>
    {
        public Validator(TimeProvider clock)
        {
            RuleFor(c => c.Reason).SingleLine(200);
            this.Occurrence(clock);
        }
    }
}

public static class CancelTransferEndpoint
{
    /// <summary>All goods in transit come in again at the cost that they left with.</summary>
    /// <param name="lockedStock">Stock of the sending store: one for each line that is still in transit.</param>
    /// <param name="now">The ledger's time.</param>
    public static Decision Decide(
        CancelTransfer command,
        Transfer transfer,
        IReadOnlyList<LockedStock> lockedStock,
        Occurrence occurred,
        DateTimeOffset now
    )
    {
        if (StockRefusals.WrongState(transfer, "cancel") is { } wrongState)
            return wrongState;
        if (occurred.IsTooEarly)
            return Refusal.BeforeCause("the goods left", transfer.OccurredAt);
        var document = new StockDocument(transfer.Id, transfer.Reference, command.Reason, occurred.At(now));
        return StockDecider
            .Decide(
                lockedStock,
                [.. transfer.LinesInTransit],
                (locked, line, _) =>
                    new StockArrived(locked.Store.Id, locked.Product.Id, line.InTransit, document) { UnitCost = line.UnitCost }
            )
            .With(DocumentEvents.Of<Transfer>(transfer.Id, new TransferCancelled(command.Reason, document.OccurredAt)));
    }

    [
        WolverinePost("/api/{tenant}/stock/transfers/{id}/cancel", Name = "Cancel transfer"),
        Authorize(Roles.User),
        Tags("Stock"),
        MovesStockOrMoney
    ]
    [EndpointSummary("Cancel a transfer and return its goods in transit to the sending store")]
    [EndpointDescription(
        "The goods in transit return at the cost that they left with. "
            + "Goods that have arrived stay in the receiving store. "
            + "Refused with 404: an unknown transfer; 403: a sending store that is not yours; "
            + "409: a transfer that is received or cancelled; 400: a time before the goods left."
    )]
    [ProducesResponseType<TransferReceipt>(200)]
    public static Task<IResult> Post(string id, CancelTransfer command, LedgerSession ledger, HttpContext http) =>
        ledger.Run(
            http,
            command,
            async ct =>
            {
                var (transfer, problem) = await Transfers.Lock(ledger, id, ct);
                if (transfer is null)
                    return problem!;
                if (!ledger.Caller.MayUse(transfer.FromStoreId))
                    return StockRefusals.SendingStoreNotYours;
                var occurred = ledger.ResolveOccurrence(command.OccurredAt, transfer.OccurredAt);
                (var lockedStock, var at, problem) = await StockLedger.ResolveAndLock(ledger, Requests(transfer), occurred, ct);
                if (problem is not null)
                    return problem;
                return ledger.Append(
                    Decide(command, transfer, lockedStock, occurred, ledger.Now),
                    stock => Reply.Ok(TransferReceipt.From(ledger.State<Transfer>(transfer.Id), stock, at))
                );
            }
        );

    private static IReadOnlyList<StockRequest> Requests(Transfer transfer) =>
        [
            .. transfer.LinesInTransit.Select(line => new StockRequest(
                transfer.FromStoreId.ToString(),
                line.ProductId.ToString(),
                line.InTransit,
                RequiresActiveProduct: false,
                AllowsInactive: true
            )),
        ];
}
