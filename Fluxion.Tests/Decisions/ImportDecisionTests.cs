using System.Text;
using System.Text.Json;
using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Imports;
using Fluxion.Ledger.Stock;
using static Fluxion.Tests.Decisions.Given;

namespace Fluxion.Tests.Decisions;

public sealed class ImportDecisionTests
{
    private static readonly Category Dairy = Folded<Category>(new CategoryCreated("LACTEOS", "Lácteos", null, null));
    private static readonly Guid NewId = Guid.CreateVersion7();

    /// <summary>Decides on a file of one row, in a ledger that has milk.</summary>
    private static Decision Import(string file, Product? exported = null, Category? category = null)
    {
        var csv = CsvFile.Read(Encoding.UTF8.GetBytes(file), ImportProductsEndpoint.Columns, decimalComma: false);
        var context = new ImportedProducts(
            new Dictionary<string, Product> { ["LAC001"] = Milk },
            exported is null ? [] : new Dictionary<Guid, Product> { [exported.Id] = exported },
            new Dictionary<string, Category> { ["LACTEOS"] = category ?? Dairy },
            new Dictionary<string, Supplier>(),
            JsonSerializerOptions.Web
        );
        var changes = ImportProductsEndpoint.Changes(csv.Rows, context, new CreateProduct.Validator());
        return ImportProductsEndpoint.Decide(csv, changes, [.. changes.Select(_ => NewId)]);
    }

    [Fact]
    public void a_row_with_a_new_sku_creates_a_product()
    {
        var accepted = Import("sku,name,unitType,category,costPrice,sellingPrice\nlac002,Yogur,unit,LACTEOS,1,2\n").ShouldBeAccepted();
        accepted.Documents.ShouldHaveSingleItem().Id.ShouldBe(NewId);
        var created = accepted.Event<ProductCreated>();
        (created.Sku, created.Details.Name, created.Details.CategoryId).ShouldBe(("LAC002", "Yogur", Dairy.Id));
    }

    [Fact]
    public void a_row_with_a_known_sku_changes_the_named_columns_only()
    {
        var accepted = Import("sku,sellingPrice,isActive\nLAC001,3.50,false\n").ShouldBeAccepted();
        accepted.Documents.ShouldHaveSingleItem().Id.ShouldBe(Milk.Id);
        accepted
            .Event<ProductChanged>()
            .Details.ShouldBe(Milk.Details.With([]) with { SellingPrice = 3.5m, Settings = new ProductSettings() });
        accepted.Event<ProductDeactivated>().ShouldNotBeNull();
    }

    [Fact]
    public void a_row_that_equals_its_product_changes_nothing() =>
        Import("sku,name,sellingPrice\nLAC001,LAC001,3\n").ShouldBeAccepted().Events().ShouldBeEmpty();

    [Fact]
    public void a_change_since_the_export_stays_unless_the_file_changes_the_same_field()
    {
        var exported = Milk with { Details = Milk.Details with { SellingPrice = 2 } };
        Import("sku,name,sellingPrice\nLAC001,LAC001,2\n", exported).ShouldBeAccepted().Events().ShouldBeEmpty();
        Import("sku,name,sellingPrice\nLAC001,LAC001,4\n", exported).ShouldBeRefused(RefusalKind.Invalid, field: "line 2: sellingPrice");
    }

    [Fact]
    public void one_wrong_row_refuses_the_whole_file() =>
        Import("sku,sellingPrice\nLAC001,3.50\nLAC001,4\n").ShouldBeRefused(RefusalKind.Invalid, field: "line 3: sku");

    [Fact]
    public void a_deactivated_category_takes_no_row() =>
        Import("sku,category\nLAC001,LACTEOS\n", category: Dairy with { IsActive = false }).ShouldBeRefused(RefusalKind.Invalid);

    [Fact]
    public void the_first_row_of_an_item_is_its_opening_balance_and_a_later_one_a_count()
    {
        var document = new StockDocument(Guid.CreateVersion7(), null, null, Now);
        StockEvent Decide(LockedStock locked) =>
            ImportStockEndpoint.Decide([(new("CCS-01", "LAC001", 48, 1.5m, null, null), locked)], document).Events.Single().Event;
        var opening = Decide(new LockedStock(Caracas, Milk, null)).ShouldBeOfType<StockAdjusted>();
        (opening.Quantity, opening.Reason, opening.UnitCost).ShouldBe((48, Reasons.OpeningBalance, 1.5m));
        var count = Decide(InStock(Caracas, Milk, 50)).ShouldBeOfType<StockCounted>();
        (count.Counted, count.Expected, count.UnitCost).ShouldBe((48, 50, 2));
    }

    [Fact]
    public void an_imported_movement_is_dated_at_its_occurrence_but_never_in_the_future()
    {
        var id = Guid.CreateVersion7();
        StockEvent Decide(DateTimeOffset at) =>
            ImportMovementsEndpoint
                .Decide(
                    [
                        (
                            new("CCS-01", "LAC001", "issue", -2, null, "damage", "N-1", null, at, at, null, null),
                            InStock(Caracas, Milk, 5),
                            id
                        ),
                    ],
                    Guid.CreateVersion7(),
                    Now
                )
                .Events.Single()
                .Event;
        var issued = Decide(Yesterday).ShouldBeOfType<StockIssued>();
        (issued.Quantity, issued.Reason, issued.MovementId, issued.Document.OccurredAt).ShouldBe((2, "damage", id, Yesterday));
        Decide(Now.AddSeconds(1)).ShouldBeOfType<StockIssued>().Document.OccurredAt.ShouldBe(Now);
    }
}
