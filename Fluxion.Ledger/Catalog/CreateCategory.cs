using System.ComponentModel;
using FluentValidation;
using Fluxion.Ledger.Access;
using Fluxion.Ledger.Commands;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Wolverine.Http;

namespace Fluxion.Ledger.Catalog;

/// <summary>A category is added to the tree.</summary>
[Example("""{"code":"HELADOS","name":"Helados","parent":"LACTEOS"}""")]
public sealed record CreateCategory(
    [property: Description("Unique in the tenant, for example LACTEOS; kept in upper case")] string Code,
    string Name,
    [property: Description("Code or id of the category above it; a root without one")] string? Parent = null,
    string? Description = null)
{
    public sealed class Validator : AbstractValidator<CreateCategory>
    {
        public Validator()
        {
            RuleFor(c => c.Code).Code();
            RuleFor(c => c.Name).Name();
            RuleFor(c => c.Description).AtMost(2000);
        }
    }
}

public static class CreateCategoryEndpoint
{
    [WolverinePost("/api/{tenant}/categories", Name = "Create category"), Authorize(Roles.Manager), Tags("Catalog")]
    [EndpointSummary("Add a category")]
    [EndpointDescription("Refused: 409 when the code is taken, 404 when the parent does not exist.")]
    [ProducesResponseType<CatalogReceipt>(201)]
    public static Task<IResult> Post(CreateCategory command, LedgerSession ledger, HttpContext http) =>
        ledger.Run(http, command, keyRequired: false, async ct =>
        {
            var parent = await ledger.Find<Category>(command.Parent, ct);
            if (command.Parent is not null && parent is null) return Unknown.Of("category", "parent", command.Parent);
            return await CatalogEntry.Create<Category>(ledger, "category", "categories", command.Code,
                code => new CategoryCreated(code, command.Name.Trim(), parent?.Id, command.Description), ct);
        });
}
