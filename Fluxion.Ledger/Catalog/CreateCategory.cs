using System.ComponentModel.DataAnnotations;

namespace Fluxion.Ledger.Catalog;

/// <summary>Adds a category to the tree.</summary>
[Example("""{"code":"HELADOS","name":"Helados","parent":"LACTEOS"}""")]
public sealed record CreateCategory : CategoryFields
{
    [Required, TextFormat(Codes.Format), Description("Code, unique in the tenant, for example LACTEOS; kept in upper case")]
    public string Code { get; init; } = "";

    public sealed class Validator : Validator<CreateCategory>
    {
        public Validator() => RuleFor(c => c.Code).Code();
    }
}

public static class CreateCategoryEndpoint
{
    /// <param name="code">The code in upper case.</param>
    /// <param name="path">The parent and all categories above it; empty for a root.</param>
    public static Decision Decide(CreateCategory command, Guid id, string code, IReadOnlyList<Category> path) =>
        Category.Refuse(null, path) is { } refusal
            ? refusal
            : Decision.Accept(
                DocumentEvents.Of<Category>(
                    id,
                    new CategoryCreated(
                        code,
                        command.Name.Trim(),
                        path.Count > 0 ? path[0].Id : null,
                        command.Description,
                        command.Settings
                    )
                )
            );

    [WolverinePost("/api/{tenant}/categories", Name = "Create category"), Authorize(Roles.Manager), Tags("Catalog")]
    [EndpointSummary("Add a category")]
    [EndpointDescription(
        "A category has at most 20 categories above it. "
            + "Refused with 404: an unknown parent; "
            + "409: a code that is taken, or a parent that is deactivated or lies too deep."
    )]
    [ProducesResponseType<CatalogReceipt>(201)]
    public static Task<IResult> Post(CreateCategory command, LedgerSession ledger, HttpContext http) =>
        ledger.Run(
            http,
            command,
            async ct =>
            {
                var (path, problem) = await command.Resolve(ledger, ct);
                return problem is not null
                    ? problem
                    : await CatalogEntry.Create<Category>(
                        ledger,
                        "category",
                        "categories",
                        command.Code,
                        (id, code) => new(Decide(command, id, code, path)),
                        ct
                    );
            }
        );
}
