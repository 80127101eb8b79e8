using System.ComponentModel;
using FluentValidation;
using Fluxion.Ledger.Access;
using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Commands;
using Fluxion.Ledger.Time;
using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Tenancy;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Wolverine.Http;

namespace Fluxion.Ledger.Imports;

/// <summary>A movement of earlier books, by a file.</summary>
public sealed record PastMovement(string Store, string Sku, string ReferenceType, decimal Quantity, decimal? CostPerUnit, string? Reason,
    string? Reference, string? Notes, DateTimeOffset? OccurredAt) : IStockRow
{
    public static readonly string[] In = ["receipt", "purchase", "return"];
    public static readonly string[] Out = ["issue", "sale"];
    public static readonly string[] Either = ["adjustment", "transfer", "count"];

    public sealed class Validator : AbstractValidator<PastMovement>
    {
        public Validator(TimeProvider clock)
        {
            RuleFor(r => r.Store).Reference();
            RuleFor(r => r.Sku).Reference();
            RuleFor(r => r.ReferenceType).OneOf([.. In, .. Out, .. Either]);
            RuleFor(r => r.Quantity).NonZero().When(r => r.ReferenceType != "count");
            RuleFor(r => r.Quantity).GreaterThan(0).WithMessage(r => $"is above 0: a {r.ReferenceType} comes in").When(r => In.Contains(r.ReferenceType));
            RuleFor(r => r.Quantity).LessThan(0).WithMessage(r => $"is below 0: a {r.ReferenceType} goes out").When(r => Out.Contains(r.ReferenceType));
            RuleFor(r => r.CostPerUnit).UnitPrice();
            RuleFor(r => r.Reason!).OneOf(Reasons.OfIssues).When(r => r.ReferenceType == "issue");
            RuleFor(r => r.Reason!).OneOf(Reasons.OfAdjustments).When(r => r.ReferenceType == "adjustment");
            RuleFor(r => r.Reason).Must(reason => reason is null or Reasons.LateMovement).WithMessage($"is empty or {Reasons.LateMovement}").When(r => r.ReferenceType == "count");
            RuleFor(r => r.Reason).Null().WithMessage("belongs to an issue, an adjustment or a count").When(r => r.ReferenceType is not ("issue" or "adjustment" or "count"));
            RuleFor(r => r.Reference).Line(100);
            RuleFor(r => r.Notes).AtMost(1000);
            RuleFor(r => r.OccurredAt).Must(at => Occurrence.IsPossible(at, null, clock.GetUtcNow())).WithMessage(Occurrence.Message);
        }
    }
}

public static class ImportMovementsEndpoint
{
    public static readonly CsvColumns Columns = new(["store", "sku", "referenceType", "quantity"], ["costPerUnit", "reason", "reference", "notes", "occurredAt"],
        ["id", "movementType", "referenceId", "totalCost", "createdBy", "recordedAt"]);

    [WolverinePost("/api/{tenant}/imports/movements", Name = "Import movements"), Authorize(Roles.Manager), Tags("Imports"), MovesStockOrMoney, RequestSizeLimit(Import.MaxBytes)]
    [EndpointSummary("Book movements from a CSV file, as they are exported: the history of other books")]
    [EndpointDescription("Up to 50,000 rows in one transaction, all or none, booked by when they occurred. quantity is signed, as exported: below 0 what goes out. referenceType is receipt, issue or adjustment, as in their own commands, or purchase, sale, return, transfer or count for what has its document elsewhere. costPerUnit: what came in costs, or left at; the product's cost price or the moving average when empty. Refused: 400 with every wrong row by its line, 403 with those of stores that are not yours, 409 when after all rows there is less than nothing. dryRun and progress as for products.")]
    [ProducesResponseType<ImportReceipt>(200)]
    [CsvExample("store,sku,referenceType,quantity,costPerUnit,reason,reference,occurredAt\nCCS-01,LAC001,receipt,24,1.18,,GRN-12,2026-10-01T08:00:00-04:00\nCCS-01,LAC001,issue,-1,,damage,,2026-10-02T12:30:00-04:00\n")]
    public static Task<IResult> Post(
        [Description("point (when left out) or comma: what numbers have before their decimals")] string? decimals, bool? dryRun,
        [Description(Occurrence.SentAtDescription)] string? sentAt, [NotBody] LedgerSession ledger, HttpContext http, IValidator<PastMovement> validator,
        IStockDocuments documents) =>
        Import.Run(ledger, http, Columns, decimals, dryRun, async (import, ct) =>
        {
            var stores = await ledger.Find<Store>(import.File.Rows.Select(row => row.Text("store")).OfType<string>(), ct);
            var settings = await ledger.Read<TenantSettings>(ledger.Tenant.Id, ct);
            var read = import.Read(validator, row =>
            {
                var zone = Zone.Of(stores.GetValueOrDefault(row.Text("store") ?? ""), settings);
                var (quantity, cost, occurredAt) = (row.Needed("quantity"), row.Number("costPerUnit"), row.Time("occurredAt", zone));
                return quantity is null ? null : new PastMovement(row.Text("store") ?? "", row.Text("sku") ?? "", row.Text("referenceType") ?? "", quantity.Value, cost,
                    row.Text("reason"), row.Text("reference"), row.Text("notes"), occurredAt is { } at ? ledger.ByLedgersClock(at) : null);
            });
            // by when they occurred, and those of one moment as the file has them: an export has the latest first
            var movements = read.OrderBy(r => r.Read.OccurredAt ?? DateTimeOffset.MaxValue).ToList();
            var slots = await StockRows.Open(ledger, import.File, "quantity", movements,
                movements.Count == 0 ? null : movements[0].Read.OccurredAt, counting: false, ct);
            if (import.File.Problem is { } wrong) return wrong;
            var (outcome, refusal) = await StockDoor.Append(ledger, documents, [.. slots.Select(s => s.Slot)], Decide(slots, import.Id, ledger.Now), ct);
            return refusal is not null ? refusal : import.Done(slots.Count, 0, outcome);
        }, sentAt);

    /// <param name="now">A row that lies a little ahead of it happens now.</param>
    public static StockDecision Decide(IEnumerable<(PastMovement Row, StockSlot Slot)> rows, Guid importId, DateTimeOffset now) =>
        StockLaw.Decide(rows.Select(r => new StockStep(r.Slot, item =>
        {
            var (row, store, product) = (r.Row, r.Slot.Store.Id, r.Slot.Product.Id);
            var document = new StockDocument(importId, row.Reference, row.Notes, row.OccurredAt < now ? row.OccurredAt.Value : now);
            return row.ReferenceType switch
            {
                "receipt" => new StockReceived(store, product, row.Quantity, document) { UnitCost = row.CostPerUnit ?? r.Slot.Product.Details.CostPrice },
                "issue" => new StockIssued(store, product, -row.Quantity, row.Reason!, document) { UnitCost = row.CostPerUnit ?? r.Slot.CostOf(item) },
                "adjustment" => new StockAdjusted(store, product, row.Quantity, row.Reason!, document) { UnitCost = row.CostPerUnit ?? r.Slot.CostOf(item) },
                _ => new StockCarriedOver(store, product, row.ReferenceType, row.Quantity, row.Reason, document) { UnitCost = row.CostPerUnit ?? r.Slot.CostOf(item) },
            };
        })));
}
