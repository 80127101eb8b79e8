using System.Linq.Expressions;
using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Stock;

namespace Fluxion.Ledger.Purchasing;

/// <summary>Rules that drafting and changing a purchase order share.</summary>
public static class PurchaseOrderRules
{
    public static readonly DateOnly Earliest = new(2000, 1, 1);
    public static readonly DateOnly Latest = new(2100, 12, 31);

    public static void OrderLines<TCommand>(
        this AbstractValidator<TCommand> validator,
        Expression<Func<TCommand, IReadOnlyList<DraftPurchaseOrder.Line>>> lines
    )
    {
        validator.Lines(
            lines,
            line =>
            {
                line.Product();
                line.RuleFor(l => l.Quantity).Positive();
                line.RuleFor(l => l.UnitCost).UnitPrice();
            }
        );
    }

    public static IRuleBuilderOptions<T, DateOnly?> Day<T>(this IRuleBuilder<T, DateOnly?> rule) =>
        rule.Must(day => day is null || (day >= Earliest && day <= Latest))
            .WithMessage($"must be between {Earliest:yyyy-MM-dd} and {Latest:yyyy-MM-dd}");

    /// <summary>The lines with their products, or the refusal of the lines.</summary>
    /// <param name="products">Products by the references in <paramref name="lines"/>.</param>
    /// <param name="known">Ids of existing lines, by product: the line of a product keeps its id.</param>
    /// <param name="newIds">An id for each line, used when its product has none yet.</param>
    public static (IReadOnlyList<OrderedLine> Lines, Refusal? Problem) ResolveLines(
        IReadOnlyList<DraftPurchaseOrder.Line> lines,
        IReadOnlyDictionary<string, Product> products,
        IReadOnlyDictionary<Guid, Guid> known,
        IReadOnlyList<Guid> newIds
    )
    {
        var unknown = new Dictionary<string, string[]>();
        var wrong = new Dictionary<string, string[]>();
        var inactive = new List<string>();
        var ordered = new List<OrderedLine>();
        foreach (var (i, line) in lines.Index())
        {
            if (!products.TryGetValue(line.Sku, out var product))
            {
                unknown[$"lines[{i}].sku"] = [Refusal.NotFoundMessage("product", line.Sku)];
                continue;
            }
            if (product.QuantityError(line.Quantity) is { } error)
                wrong[$"lines[{i}].quantity"] = [error];
            if (!product.IsActive)
                inactive.Add(product.Code);
            var id = known.GetValueOrDefault(product.Id, newIds[i]);
            ordered.Add(
                new OrderedLine(
                    id,
                    product.Id,
                    product.Code,
                    line.Quantity,
                    line.UnitCost ?? product.Details.CostPrice,
                    product.Details.TaxRate
                )
            );
        }
        if (unknown.Count > 0)
            return ([], StockRefusals.ProductsNotFound(unknown));
        foreach (var (field, problem) in StockDocumentRules.DuplicateProducts(lines.Select(line => products[line.Sku])))
            wrong[field] = problem;
        if (ordered.Sum(line => Quantities.Round(line.Quantity * line.UnitCost, 2)) > PurchaseOrder.MaxTotal)
            wrong["lines"] = [$"must not come to more than {PurchaseOrder.MaxTotal:0}"];
        if (wrong.Count > 0)
            return ([], Refusal.Invalid(wrong));
        return inactive.Count > 0 ? ([], PurchaseOrderRefusals.ProductsDeactivated(inactive.Distinct())) : (ordered, null);
    }
}
