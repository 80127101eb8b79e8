using System.ComponentModel;
using FluentValidation;
using Fluxion.Ledger.Access;
using Fluxion.Ledger.Commands;
using Fluxion.Ledger.Stock;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Wolverine.Http;

namespace Fluxion.Ledger.Imports;

/// <summary>What a store has of a product, by a file.</summary>
public sealed record StockOnHand(string Store, string Sku, decimal OnHand, decimal? CostPerUnit) : IStockRow
{
    decimal IStockRow.Quantity => OnHand;

    public sealed class Validator : AbstractValidator<StockOnHand>
    {
        public Validator()
        {
            RuleFor(r => r.Store).Reference();
            RuleFor(r => r.Sku).Reference();
            RuleFor(r => r.OnHand).Must(q => Math.Abs(q) <= Quantities.MaxQuantity && Quantities.HasDecimals(q, 3))
                .WithMessage($"lies between -{Quantities.MaxQuantity:0} and {Quantities.MaxQuantity:0}, with at most 3 decimals");
            RuleFor(r => r.CostPerUnit).UnitPrice();
        }
    }
}

public static class ImportStockEndpoint
{
    public static readonly CsvColumns Columns = new(["store", "sku", "onHand"], ["costPerUnit"],
        ["product", "unitType", "reserved", "available", "onOrder", "reorderPoint", "value", "lastMovementAt"]);

    [WolverinePost("/api/{tenant}/imports/stock", Name = "Import stock"), Authorize(Roles.Manager), Tags("Imports"), MovesStockOrMoney, RequestSizeLimit(Import.MaxBytes)]
    [EndpointSummary("Set stock to what a CSV file says, as the inventory is exported")]
    [EndpointDescription("Up to 50,000 rows in one transaction, all or none. Where nothing has moved yet the row is the opening balance, at costPerUnit or else the product's cost price; elsewhere it is a count as of now, which keeps the moving average, and no event where that is on hand already. Refused: 400 with every wrong row by its line, 403 with those of stores that are not yours. A count is taken also where more is reserved: see reservationsShort. dryRun and progress as for products.")]
    [ProducesResponseType<ImportReceipt>(200)]
    [CsvExample("store,sku,onHand,costPerUnit\nCCS-01,LAC001,48,1.20\nVLN-01,QUE001,7.250,6.10\n")]
    public static Task<IResult> Post(
        [Description("point (when left out) or comma: what numbers have before their decimals")] string? decimals, bool? dryRun,
        [NotBody] LedgerSession ledger, HttpContext http, IValidator<StockOnHand> validator, IStockDocuments documents) =>
        Import.Run(ledger, http, Columns, decimals, dryRun, async (import, ct) =>
        {
            var read = import.Read(validator, row =>
                new StockOnHand(row.Text("store") ?? "", row.Text("sku") ?? "", row.Needed("onHand") ?? 0, row.Number("costPerUnit")));
            var slots = await StockRows.Open(ledger, import.File, "onHand", read, null, counting: true, ct);
            foreach (var ((row, stock), (_, slot)) in read.Zip(slots))
                if (!IsNew(slot) && stock.OnHand < 0) row.Wrong("onHand", "is 0 or more: it is a count");
            if (import.File.Problem is { } wrong) return wrong;

            var document = new StockDocument(import.Id, null, null, ledger.Now);
            var changes = slots.Where(s => IsNew(s.Slot) || s.Row.OnHand != s.Slot.OnHandThen(s.Slot.Item)).ToList();
            var (outcome, refusal) = await StockDoor.Append(ledger, documents, [.. changes.Select(c => c.Slot)], Decide(changes, document), ct);
            return refusal is not null ? refusal : import.Done(changes.Count(c => IsNew(c.Slot)), changes.Count(c => !IsNew(c.Slot)), outcome);
        });

    public static StockDecision Decide(IEnumerable<(StockOnHand Row, StockSlot Slot)> rows, StockDocument document) =>
        StockLaw.Decide(rows.Select(r => new StockStep(r.Slot, item => IsNew(r.Slot)
            ? new StockAdjusted(r.Slot.Store.Id, r.Slot.Product.Id, r.Row.OnHand, Reasons.OpeningBalance, document) { UnitCost = r.Row.CostPerUnit ?? r.Slot.Product.Details.CostPrice }
            : new StockCounted(r.Slot.Store.Id, r.Slot.Product.Id, r.Row.OnHand, r.Slot.OnHandThen(item), document) { UnitCost = r.Slot.CostOf(item) })));

    private static bool IsNew(StockSlot slot) => slot.Item?.LastMovementAt is null;
}
