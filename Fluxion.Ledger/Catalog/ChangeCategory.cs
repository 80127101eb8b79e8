using Fluxion.Ledger.Access;
using Fluxion.Ledger.Http;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Wolverine.Http;

namespace Fluxion.Ledger.Catalog;

/// <summary>Sets all fields of a category except its code.</summary>
[Example("""{"name":"Higiene y cuidado personal","parent":"HOGAR","description":"Jabones, cremas y papel"}""")]
public sealed record ChangeCategory : CategoryFields
{
    [Description("The version that was read; when it is given and no longer current, 409")]
    public long? Version { get; init; }

    public sealed class Validator : Validator<ChangeCategory>;
}

public static class ChangeCategoryEndpoint
{
    /// <param name="path">The wanted parent and all categories above it; empty for a root.</param>
    public static Decision Decide(ChangeCategory command, Category category, IReadOnlyList<Category> path)
    {
        if (Category.Refuse(category, path) is { } refusal)
            return refusal;
        var changed = new CategoryChanged(command.Name.Trim(), path.Count > 0 ? path[0].Id : null, command.Description, command.Settings);
        var isEqual = CatalogEntry.AreEqual(category, Category.Fold(category.Id, category, changed));
        return Decision.Accept(DocumentEvents.Of<Category>(category.Id, isEqual ? [] : [changed]));
    }

    [WolverinePut("/api/{tenant}/categories/{id}", Name = "Change category"), Authorize(Roles.Manager), Tags("Catalog")]
    [EndpointSummary("Set all fields of a category anew, or move it with all that is below it")]
    [EndpointDescription(
        "What is left out is emptied: without parent the category becomes a root. Refused: 404 when category or parent do not exist, 409 when version is no longer current, the new parent is the category itself or lies below it, is deactivated or lies too deep."
    )]
    [ProducesResponseType<CatalogReceipt>(200)]
    public static Task<IResult> Put([Example("HIGIENE")] string id, ChangeCategory command, LedgerSession ledger, HttpContext http) =>
        ledger.Run(
            http,
            command,
            async ct =>
            {
                var (path, problem) = await command.Resolve(ledger, ct);
                return problem is not null
                    ? problem
                    : await CatalogEntry.Change<Category>(
                        ledger,
                        "category",
                        id,
                        command.Version,
                        category => new(Decide(command, category, path)),
                        ct
                    );
            }
        );
}
