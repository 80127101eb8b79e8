using System.Globalization;
using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Http;
using Fluxion.Ledger.Time;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Fluxion.Projections.Audit;

public static class ExplainQuery
{
    private static readonly SortOrder AsItHappened = new(
        "e.created_at, e.item_version",
        "(e.created_at, e.item_version) > ({0}, {1})",
        texts =>
            texts is [var at, var place]
            && DateTimeOffset.TryParseExact(at, "O", CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var timestamp)
            && long.TryParse(place, NumberStyles.None, CultureInfo.InvariantCulture, out var version)
                ? [timestamp.ToUniversalTime(), version]
                : null
    );

    [
        WolverineGet("/api/{tenant}/audit/explain", Name = "Explain stock"),
        Authorize(Roles.Viewer),
        Tags("Audit"),
        HeavyWork(HeavyWork.Report)
    ]
    [EndpointSummary("List the movements that led to the quantity on hand of a product in a store, now or at a moment in the past")]
    [EndpointDescription(
        "Each movement has its document, user and running balance. store and sku are required. "
            + "The balance of the last movement is the quantity on hand of the list of inventory; at corresponds to asOf there. "
            + "As text/csv or application/x-ndjson the answer has all movements, and only them. "
            + "A date means the start of that day in the store's time zone. "
            + "Refused with 404: an unknown store or sku, a store that is not yours."
    )]
    [ProducesResponseType<Explanation>(200)]
    public static async Task<IResult> Get(
        [Example("CCS-01")] string? store,
        [Example("LAC001")] string? sku,
        string? at,
        int? limit,
        string? after,
        HttpContext http,
        Databases databases
    )
    {
        var wrong = new Dictionary<string, string[]>();
        if (string.IsNullOrWhiteSpace(store))
            wrong["store"] = ["must be the code or the id of a store"];
        if (string.IsNullOrWhiteSpace(sku))
            wrong["sku"] = ["must be the sku or the id of a product"];
        var moment = at is null ? null : Moment.Parse(at);
        if (at is not null && moment is null)
            wrong["at"] = [PointsInTime.FormInQuery];
        if (wrong.Count > 0)
            return new RefusedResult(Refusal.Invalid(wrong));

        var item = await ExplainedItem.Find(databases, http.Features.Get<Tenant>()!, store!, sku!, moment, http.RequestAborted);
        if (item.StoreId is not { } storeId || !Caller.From(http).MayUse(storeId))
            return new RefusedResult(Refusal.StoreNotFound(store!));
        if (item.ProductId is not { } productId)
            return new RefusedResult(Refusal.NotFound("product", "sku", sku!));
        var answer = await TenantQuery
            .For(http)
            .Where(p => ExplainedMovement.Select(p, storeId, productId, moment))
            .Page<ExplainedMovement>(databases, limit, after, AsItHappened, row => [row.OccurredAt, row.Place]);
        return answer is Ok<Page<ExplainedMovement>> { Value: { } page }
            ? TypedResults.Ok(
                new Explanation(
                    item.Store!,
                    item.Sku!,
                    item.Product!,
                    item.UnitType!,
                    moment?.ToString(),
                    item.OnHand,
                    item.UnitCost,
                    Math.Round(item.OnHand * item.UnitCost, 2, MidpointRounding.AwayFromZero),
                    item.Message(moment),
                    page.Items,
                    page.Next
                )
            )
            : answer;
    }
}
