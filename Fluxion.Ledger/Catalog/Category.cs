using Fluxion.Ledger.Commands;

namespace Fluxion.Ledger.Catalog;

public sealed record CategoryCreated(string Code, string Name, Guid? ParentId, string? Description);

public sealed record Category(Guid Id, string Code, string Name, Guid? ParentId, string? Description, bool IsActive) : IAggregate<Category>, ICoded
{
    public static Category Fold(Guid id, Category? category, object @event) => @event switch
    {
        CategoryCreated e => new Category(id, e.Code, e.Name, e.ParentId, e.Description, true),
        _ => throw new UnknownEventException(typeof(Category), @event),
    };
}
