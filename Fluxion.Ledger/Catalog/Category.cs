using System.Text.Json;

namespace Fluxion.Ledger.Catalog;

/// <param name="Settings">The tenant's own settings of the category, any JSON object.</param>
public sealed record CategoryCreated(
    string Code,
    string Name,
    Guid? ParentId,
    string? Description,
    IReadOnlyDictionary<string, JsonElement>? Settings = null
);

/// <summary>Sets all fields. A new <paramref name="ParentId"/> moves the category with all categories below it.</summary>
public sealed record CategoryChanged(string Name, Guid? ParentId, string? Description, IReadOnlyDictionary<string, JsonElement>? Settings);

public sealed record CategoryDeactivated;

public sealed record CategoryActivated;

public sealed record Category(
    Guid Id,
    string Code,
    string Name,
    Guid? ParentId,
    string? Description,
    bool IsActive,
    IReadOnlyDictionary<string, JsonElement>? Settings = null
) : IAggregate<Category>, ICoded
{
    /// <summary>The maximum number of categories above one.</summary>
    public const int MaxDepth = 20;

    /// <summary>
    /// The name of the advisory lock for changes of the tree. It serializes moves, so that concurrent ones form no cycle.
    /// </summary>
    public const string Tree = "categories";

    public static Category Fold(Guid id, Category? category, object @event) =>
        @event switch
        {
            CategoryCreated e => new Category(id, e.Code, e.Name, e.ParentId, e.Description, true, e.Settings),
            CategoryChanged e => category! with
            {
                Name = e.Name,
                ParentId = e.ParentId,
                Description = e.Description,
                Settings = e.Settings,
            },
            CategoryDeactivated => category! with { IsActive = false },
            CategoryActivated => category! with { IsActive = true },
            _ => throw new UnknownEventException(typeof(Category), @event),
        };

    /// <summary>The category and all above it, upwards. A path that is too long is cut at <see cref="MaxDepth"/> + 1 categories.</summary>
    public static async Task<IReadOnlyList<Category>> Path(LedgerSession ledger, Category? category, CancellationToken ct)
    {
        var path = new List<Category>();
        for (
            var above = category;
            above is not null && path.Count <= MaxDepth;
            above = await ledger.Find<Category>(above.ParentId?.ToString(), ct)
        )
            path.Add(above);
        return path;
    }

    /// <summary>The refusal of a place in the tree, if any.</summary>
    /// <param name="category">The present category; null for a new one.</param>
    /// <param name="path">The wanted parent and all categories above it; empty for a root.</param>
    public static Refusal? Refuse(Category? category, IReadOnlyList<Category> path)
    {
        if (path.Count == 0 || path[0].Id == category?.ParentId)
            return null; // it stays where it is
        if (path.Any(above => above.Id == category?.Id))
            return Refusal.Conflict(
                "Cycle",
                $"The parent {path[0].Code} is the category {category!.Code} itself or lies below it. Choose another parent."
            );
        if (!path[0].IsActive)
            return Refusal.Conflict(
                "Category deactivated",
                $"The category {path[0].Code} is deactivated and takes nothing new. Activate it first or choose another parent."
            );
        return path.Count > MaxDepth
            ? Refusal.Conflict("Too deep", $"A category has at most {MaxDepth} categories above it. Choose a parent nearer to the root.")
            : null;
    }
}
