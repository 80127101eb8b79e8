using System.ComponentModel;
using FluentValidation;
using Fluxion.Ledger.Access;
using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Http;
using Fluxion.Ledger.Session;
using Fluxion.Ledger.Time;
using Fluxion.Ledger.Validation;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Wolverine.Http;

namespace Fluxion.Ledger.Stock;

/// <summary>Goods still in transit go back: they were sent in error, or the van did not leave.</summary>
[Example("""{"reason":"The van broke down"}""")]
public sealed record CancelTransfer(
    [property: Description("Why, in your own words")] string? Reason = null,
    [property: Description("When the goods were back, with its offset from UTC and not before they left; now when left out")]
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
    public static StockDecision Decide(Transfer transfer, IReadOnlyList<LockedStock> lockedStock, StockDocument document) =>
        StockDecider.Decide(
            lockedStock,
            [.. transfer.Lines.Where(line => line.InTransit > 0)],
            (locked, line, _) => new StockArrived(locked.Store.Id, locked.Product.Id, line.InTransit, document) { UnitCost = line.UnitCost }
        );

    [
        WolverinePost("/api/{tenant}/stock/transfers/{id}/cancel", Name = "Cancel transfer"),
        Authorize(Roles.User),
        Tags("Stock"),
        MovesStockOrMoney
    ]
    [EndpointSummary("Take back what is still in transit: it is in the sending store again, at the cost that it left with")]
    [EndpointDescription(
        "What has arrived by then stays where it is, and nothing is in transit afterwards. Refused: 404 for a transfer that does not exist, 403 for a "
            + "sending store that is not yours, 409 when the transfer is received or cancelled already, 400 for a moment before the goods left."
    )]
    [ProducesResponseType<TransferReceipt>(200)]
    public static Task<IResult> Post(string id, CancelTransfer command, LedgerSession ledger, HttpContext http) =>
        ledger.Run(
            http,
            command,
            async ct =>
            {
                if (!Guid.TryParse(id, out var guid) || await ledger.Lock<Transfer>(guid, ct) is not { } transfer)
                    return Refusal.NotFound("transfer", "id", id);
                if (!ledger.Caller.MayUse(transfer.FromStoreId))
                    return Refusal.Forbidden("The transfer comes from a store that is not yours.");
                if (Refusal.WrongState("transfer", transfer.Status, "cancel", Transfer.Allowed) is { } wrong)
                    return wrong;
                var occurred = ledger.ResolveOccurrence(command.OccurredAt, transfer.OccurredAt);
                if (occurred.IsTooEarly)
                    return Refusal.BeforeCause("the goods left", transfer.OccurredAt);

                var (lockedStock, at, problem) = await StockLedger.ResolveAndLock(
                    ledger,
                    [
                        .. transfer
                            .Lines.Where(line => line.InTransit > 0)
                            .Select(line => new StockRequest(
                                transfer.FromStoreId.ToString(),
                                line.ProductId.ToString(),
                                line.InTransit,
                                IsInbound: false,
                                CompletesDocument: true
                            )),
                    ],
                    occurred,
                    ct
                );
                if (problem is not null)
                    return problem;
                var document = new StockDocument(transfer.Id, transfer.Reference, command.Reason, at);
                var (outcome, refusal) = StockLedger.Append(ledger, lockedStock, Decide(transfer, lockedStock, document));
                return refusal is not null
                    ? refusal
                    : Reply.Ok(
                        TransferReceipt.Of(ledger.Append<Transfer>(transfer.Id, new TransferCancelled(command.Reason, at)), outcome, at)
                    );
            }
        );
}
