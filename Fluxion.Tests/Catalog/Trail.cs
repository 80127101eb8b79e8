using System.Text.Json.Nodes;
using Fluxion.Tests.Host;

namespace Fluxion.Tests.Catalog;

/// <summary>The audit trail of one entity.</summary>
public static class Trail
{
    /// <summary>The types of the entity's events, oldest first.</summary>
    public static async Task<string[]> EventTypes(this Client manager, string entityId) =>
        [.. (await manager.Events(entityId)).Select(e => e["eventType"]!.GetValue<string>())];

    /// <summary>The entity's events, oldest first.</summary>
    public static async Task<JsonNode[]> Events(this Client manager, string entityId) =>
        [
            .. (await manager.Get($"events?entityId={entityId}&limit=1000")).ShouldBe(200).Json["items"]!
                .AsArray()
                .Select(e => e!)
                .OrderBy(e => e["metadata"]!["version"]!.GetValue<long>()),
        ];

    public static string Id(this Answer answer) => answer.Json["id"]!.GetValue<string>();

    public static string NewCode() => $"C-{Guid.CreateVersion7().ToString("N")[^12..].ToUpperInvariant()}";
}
