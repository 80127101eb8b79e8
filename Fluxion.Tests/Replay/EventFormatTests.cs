using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using Fluxion.Ledger;
using Fluxion.Ledger.Stock;

namespace Fluxion.Tests.Replay;

/// <summary>
/// The audit trail contains each event as JSON. A replay writes it again from the deserialized event, so the format of an event of any
/// version must survive reading and writing.
/// </summary>
public sealed class EventFormatTests
{
    /// <summary>Optional fields that every version has written, also as null.</summary>
    private static readonly string[] AlwaysWritten =
    [
        "CategoryCreated.Settings",
        "StockReceived.PurchaseOrderId",
        "StockReturnedToSupplier.PurchaseOrderId",
        "UserRegistered.Permissions",
    ];

    private const string Arrival = """
        {"storeId":"01900000-0000-7000-8000-000000000001","productId":"01900000-0000-7000-8000-000000000002","quantity":5,"unitCost":2,
         "document":{"id":"01900000-0000-7000-8000-000000000003","reference":null,"notes":null,"occurredAt":"2026-11-20T10:00:00+00:00"}
        """;

    [Theory]
    [InlineData("}", 5)]
    [InlineData(""","writtenOff":0}""", 5)]
    [InlineData(""","writtenOff":2}""", 3)]
    public void an_arrival_of_any_version_is_written_as_it_was_read(string rest, decimal costed)
    {
        using var recorded = JsonDocument.Parse(Arrival + rest);
        var arrived = recorded.Deserialize<StockArrived>(LedgerModel.Json)!;
        arrived.CostedQuantity().ShouldBe(costed);
        using var written = JsonSerializer.SerializeToDocument(arrived, LedgerModel.Json);
        var fields = recorded.RootElement.EnumerateObject().Select(field => field.Name).ToList();
        written
            .RootElement.EnumerateObject()
            .Where(field => field.Value.ValueKind != JsonValueKind.Null)
            .Select(field => field.Name)
            .ShouldBe(fields, ignoreOrder: true);
    }

    [Fact]
    public void a_field_that_an_event_got_later_is_left_out_when_it_is_absent()
    {
        var written = LedgerModel
            .Folds.Keys.SelectMany(type => type.GetConstructors().SelectMany(c => c.GetParameters()).Select(p => (Type: type, Field: p)))
            .Where(f => f.Field.HasDefaultValue)
            .Select(f => (f.Type, f.Field, Property: f.Type.GetProperty(f.Field.Name!)!))
            .ToList();
        written.ShouldNotBeEmpty();
        written
            .Where(f =>
                f.Property.GetCustomAttribute<JsonIgnoreAttribute>()
                    is not { Condition: JsonIgnoreCondition.WhenWritingNull or JsonIgnoreCondition.WhenWritingDefault }
            )
            .Select(f => $"{f.Type.Name}.{f.Field.Name}")
            .ShouldBe(AlwaysWritten, ignoreOrder: true);
    }
}
