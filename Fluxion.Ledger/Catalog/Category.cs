using System.Text.Json;
using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Session;

namespace Fluxion.Ledger.Catalog;

/// <param name="Settings">The tenant's own settings of the category, any JSON object.</param>
public sealed record CategoryCreated(
    string Code, string Name, Guid? ParentId, string? Description, IReadOnlyDictionary<string, JsonElement>? Settings = null);

/// <summary>All fields anew; another <paramref name="ParentId"/> moves the category with all that is below it.</summary>
public sealed record CategoryChanged(string Name, Guid? ParentId, string? Description, IReadOnlyDictionary<string, JsonElement>? Settings);

public sealed record CategoryDeactivated;

public sealed record CategoryActivated;

public sealed record Category(Guid Id, string Code, string Name, Guid? ParentId, string? Description, bool IsActive,
    IReadOnlyDictionary<string, JsonElement>? Settings = null) : IAggregate<Category>, ICoded
{
    /// <summary>The most categories that may stand above one.</summary>
    public const int MaxDepth = 20;

    /// <summary>The turn of whoever changes the tree: of two moves at once the second sees the first, so that they make no cycle.</summary>
    public const string Tree = "categories";

    public static Category Fold(Guid id, Category? category, object @event) => @event switch
    {
        CategoryCreated e => new Category(id, e.Code, e.Name, e.ParentId, e.Description, true, e.Settings),
        CategoryChanged e => category! with { Name = e.Name, ParentId = e.ParentId, Description = e.Description, Settings = e.Settings },
        CategoryDeactivated => category! with { IsActive = false },
        CategoryActivated => category! with { IsActive = true },
        _ => throw new UnknownEventException(typeof(Category), @event),
    };

    /// <summary>The category and all above it, upwards; of a path that is longer than it may be, one more than <see cref="MaxDepth"/>.</summary>
    public static async Task<IReadOnlyList<Category>> Path(LedgerSession ledger, Category? category, CancellationToken ct)
    {
        var path = new List<Category>();
        for (var above = category; above is not null && path.Count <= MaxDepth; above = await ledger.Find<Category>(above.ParentId?.ToString(), ct))
            path.Add(above);
        return path;
    }

    /// <summary>The problem with a place in the tree, if there is one.</summary>
    /// <param name="category">As it is; null for a new one.</param>
    /// <param name="path">The parent that it is to have and all above that; empty for a root.</param>
    public static Refusal? Refuse(Category? category, IReadOnlyList<Category> path)
    {
        if (path.Count == 0 || path[0].Id == category?.ParentId) return null; // it stays where it is
        if (path.Any(above => above.Id == category?.Id))
            return Refusal.Conflict("Cycle", $"{path[0].Code} is {category!.Code} itself or lies below it. Choose a parent outside of it.");
        if (!path[0].IsActive)
            return Refusal.Conflict("Category deactivated", $"The category {path[0].Code} is deactivated and takes nothing new. Activate it first or choose another parent.");
        return path.Count > MaxDepth
            ? Refusal.Conflict("Too deep", $"At most {MaxDepth} categories stand above one. Choose a parent nearer to the root.")
            : null;
    }
}
