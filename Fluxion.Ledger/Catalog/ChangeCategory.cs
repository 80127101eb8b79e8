namespace Fluxion.Ledger.Catalog;

/// <summary>Sets all fields of a category except its code.</summary>
[Example("""{"name":"Higiene y cuidado personal","parent":"HOGAR","description":"Jabones, cremas y papel"}""")]
public sealed record ChangeCategory : CategoryFields
{
    [Description(Refusal.VersionDescription)]
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
    [EndpointSummary("Change a category, or move it with all categories below it")]
    [EndpointDescription(
        "Replaces all fields: a field that is left out is emptied. Without parent, the category becomes a root. "
            + "Refused with 404: an unknown category or parent; "
            + "409: a version that is no longer current, or a new parent that is the category itself, lies below it, "
            + "is deactivated or lies too deep."
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
