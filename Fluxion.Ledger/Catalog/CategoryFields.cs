using System.ComponentModel.DataAnnotations;
using System.Text.Json;

namespace Fluxion.Ledger.Catalog;

/// <summary>The fields of a category, in its creation and in changes.</summary>
public abstract record CategoryFields
{
    [Required]
    public string Name { get; init; } = "";

    [Description("Code or id of the category above it. Default: none, a root")]
    public string? Parent { get; init; }

    public string? Description { get; init; }

    [Description(CustomFieldRules.Description)]
    public IReadOnlyDictionary<string, JsonElement>? Settings { get; init; }

    /// <summary>
    /// Acquires the tree's advisory lock, and returns the parent and all categories above it; or the refusal of an unknown parent.
    /// </summary>
    public async Task<(IReadOnlyList<Category> Path, Refusal? Problem)> Resolve(LedgerSession ledger, CancellationToken ct)
    {
        await ledger.AcquireLock(Category.Tree, ct);
        var parent = await ledger.Find<Category>(Parent, ct);
        return Parent is not null && parent is null
            ? ([], Refusal.NotFound("category", "parent", Parent))
            : (await Category.Path(ledger, parent, ct), null);
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
