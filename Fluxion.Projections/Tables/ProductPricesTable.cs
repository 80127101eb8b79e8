using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Http;
using Fluxion.Projections.Writing;

namespace Fluxion.Projections.Tables;

/// <summary>The table product_prices: the price history of each product, one row per change of cost price or selling price.</summary>
public sealed class ProductPricesTable : IReadModel
{
    private static readonly Table<Change> Table = new Table<Change>("product_prices")
        .Add("id", "uuid", c => c.Event.Id)
        .Add("product_id", "uuid", c => c.Event.StreamId)
        .Add("cost_price", "numeric", c => Prices(c.After)!.Value.Cost)
        .Add("selling_price", "numeric", c => Prices(c.After)!.Value.Selling)
        .Add("created_by", "uuid", c => c.UserId())
        .Add("created_at", "timestamptz", c => c.RecordedAt());

    public void Write(IReadOnlyList<Change> changes, IRowWriter rows) =>
        rows.Write(Table, [.. changes.Where(c => Prices(c.After) is { } prices && prices != Prices(c.Before))]);

    private static (decimal Cost, decimal Selling)? Prices(object? state) =>
        state is Product { Details: var details } ? (details.CostPrice, details.SellingPrice) : null;
}

/// <param name="UserId">The user who set the prices; null if the system did.</param>
/// <param name="CreatedAt">The time at which they were set.</param>
public sealed record PriceRow(Guid Id, decimal CostPrice, decimal SellingPrice, Guid? UserId, string? UserEmail, DateTimeOffset CreatedAt)
{
    public const string Select = """
        select r.id, r.cost_price, r.selling_price, r.created_by as user_id, u.email::text as user_email, r.created_at
        from product_prices r
        join products p on p.id = r.product_id
        left join users u on u.id = r.created_by
        where true
        """;
}

public static class ProductPricesQueries
{
    [WolverineGet("/api/{tenant}/products/{id}/prices", Name = "List prices"), Authorize(Roles.Viewer), Tags("Catalog")]
    [EndpointSummary("List the cost and selling prices of a product over time")]
    [EndpointDescription(
        "Latest first. The first row is valid since its createdAt. A change of other fields adds no row. "
            + "Refused with 404: an unknown product."
    )]
    [ProducesResponseType<Page<PriceRow>>(200)]
    public static Task<IResult> List([Example("LAC001")] string id, int? limit, string? after, HttpContext http, Databases databases) =>
        TenantQuery
            .For(http)
            .Where(PriceRow.Select)
            .Named("p.sku", "p.id", id)
            // A product has prices from its first event on, so an empty list means that there is no such product.
            .Page<PriceRow>(
                databases,
                limit,
                after,
                SortOrder.NewestFirst("r.created_at", "r.id"),
                row => [row.CreatedAt, row.Id],
                Refusal.NotFound("product", "id", id)
            );
}
