using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using FluentValidation;
using Fluxion.Ledger.Access;
using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Http;
using Fluxion.Ledger.Session;
using Fluxion.Ledger.Validation;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Wolverine.Http;

namespace Fluxion.Ledger.Catalog;

/// <summary>The fields of a category, in its creation and in changes.</summary>
public abstract record CategoryFields
{
    [Required]
    public string Name { get; init; } = "";

    [Description("Code or id of the category above it; a root without one")]
    public string? Parent { get; init; }

    public string? Description { get; init; }

    [Description("Any JSON object of the tenant's own")]
    public IReadOnlyDictionary<string, JsonElement>? Settings { get; init; }

    /// <summary>
    /// Acquires the tree's advisory lock and returns the parent, and the path from it upwards; or the refusal of an unknown parent.
    /// </summary>
    public async Task<(Category? Parent, IReadOnlyList<Category> Path, Refusal? Problem)> Resolve(
        LedgerSession ledger,
        CancellationToken ct
    )
    {
        await ledger.AcquireLock(Category.Tree, ct);
        var parent = await ledger.Find<Category>(Parent, ct);
        return Parent is not null && parent is null
            ? (null, [], Refusal.NotFound("category", "parent", Parent))
            : (parent, await Category.Path(ledger, parent, ct), null);
    }

    public abstract class Validator<T> : AbstractValidator<T>
        where T : CategoryFields
    {
        protected Validator()
        {
            RuleFor(c => c.Name).Name();
            RuleFor(c => c.Description).MaxLength(2000);
            RuleFor(c => c.Settings).CustomFields();
        }
    }
}

/// <summary>Adds a category to the tree.</summary>
[Example("""{"code":"HELADOS","name":"Helados","parent":"LACTEOS"}""")]
public sealed record CreateCategory : CategoryFields
{
    [Required, TextFormat(Codes.Format), Description("Unique in the tenant, for example LACTEOS; kept in upper case")]
    public string Code { get; init; } = "";

    public sealed class Validator : Validator<CreateCategory>
    {
        public Validator() => RuleFor(c => c.Code).Code();
    }
}

/// <summary>Sets all fields of a category except its code.</summary>
[Example("""{"name":"Higiene y cuidado personal","parent":"HOGAR","description":"Jabones, cremas y papel"}""")]
public sealed record ChangeCategory : CategoryFields
{
    [Description("The version that was read; when it is given and no longer current, 409")]
    public long? Version { get; init; }

    public sealed class Validator : Validator<ChangeCategory>;
}

public static class CategoryEndpoints
{
    [WolverinePost("/api/{tenant}/categories", Name = "Create category"), Authorize(Roles.Manager), Tags("Catalog")]
    [EndpointSummary("Add a category")]
    [EndpointDescription(
        "At most 20 categories stand above one. Refused: 409 when the code is taken, the parent is deactivated or lies too deep, 404 when the parent does not exist."
    )]
    [ProducesResponseType<CatalogReceipt>(201)]
    public static Task<IResult> Post(CreateCategory command, LedgerSession ledger, HttpContext http) =>
        ledger.Run(
            http,
            command,
            async ct =>
            {
                var (parent, path, problem) = await command.Resolve(ledger, ct);
                problem ??= Category.Refuse(null, path);
                if (problem is not null)
                    return problem;
                return await CatalogEntry.Create<Category>(
                    ledger,
                    "category",
                    "categories",
                    command.Code,
                    code => new CategoryCreated(code, command.Name.Trim(), parent?.Id, command.Description, command.Settings),
                    ct
                );
            }
        );

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
                var (parent, path, problem) = await command.Resolve(ledger, ct);
                if (problem is not null)
                    return problem;
                var changed = new CategoryChanged(command.Name.Trim(), parent?.Id, command.Description, command.Settings);
                return await CatalogEntry.Change<Category>(
                    ledger,
                    "category",
                    id,
                    command.Version,
                    category => CatalogEntry.AreEqual(category, Category.Fold(category.Id, category, changed)) ? [] : [changed],
                    ct,
                    category => Task.FromResult(Category.Refuse(category, path))
                );
            }
        );

    [WolverinePost("/api/{tenant}/categories/{id}/deactivate", Name = "Deactivate category"), Authorize(Roles.Manager), Tags("Catalog")]
    [EndpointSummary("Retire a category: it takes no new products or categories")]
    [EndpointDescription(
        "What is in it stays, and the categories below it stay active. A category is never deleted. Once more changes nothing. Refused: 404 when the category does not exist."
    )]
    [ProducesResponseType<CatalogReceipt>(200)]
    public static Task<IResult> Deactivate([Example("FERRETERIA")] string id, [NotBody] LedgerSession ledger, HttpContext http) =>
        ledger.Run(
            http,
            id,
            ct =>
                CatalogEntry.Change<Category>(
                    ledger,
                    "category",
                    id,
                    null,
                    category => category.IsActive ? [new CategoryDeactivated()] : [],
                    ct
                )
        );

    [WolverinePost("/api/{tenant}/categories/{id}/activate", Name = "Activate category"), Authorize(Roles.Manager), Tags("Catalog")]
    [EndpointSummary("Take a deactivated category into use again")]
    [EndpointDescription("Once more changes nothing. Refused: 404 when the category does not exist.")]
    [ProducesResponseType<CatalogReceipt>(200)]
    public static Task<IResult> Activate([Example("FERRETERIA")] string id, [NotBody] LedgerSession ledger, HttpContext http) =>
        ledger.Run(
            http,
            id,
            ct =>
                CatalogEntry.Change<Category>(
                    ledger,
                    "category",
                    id,
                    null,
                    category => category.IsActive ? [] : [new CategoryActivated()],
                    ct
                )
        );
}
