using Fluxion.Ledger.Access;
using Fluxion.Ledger.Alerts;
using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Decisions;
using static Fluxion.Tests.Decisions.Given;

namespace Fluxion.Tests.Decisions;

public sealed class CatalogDecisionTests
{
    private static readonly Category Dairy = Folded<Category>(new CategoryCreated("LACTEOS", "Lácteos", null, null));

    [Fact]
    public void a_new_category_has_the_last_of_its_path_as_parent() =>
        CreateCategoryEndpoint
            .Decide(new CreateCategory { Name = " Helados " }, Guid.CreateVersion7(), "HELADOS", [Dairy])
            .ShouldBeAccepted()
            .Event<CategoryCreated>()
            .ShouldBe(new CategoryCreated("HELADOS", "Helados", Dairy.Id, null));

    [Fact]
    public void a_category_is_not_moved_below_itself()
    {
        var below = Folded<Category>(new CategoryCreated("HELADOS", "Helados", Dairy.Id, null));
        ChangeCategoryEndpoint
            .Decide(new ChangeCategory { Name = "Lácteos" }, Dairy, [below, Dairy])
            .ShouldBeRefused(RefusalKind.Conflict, "Cycle");
    }

    [Fact]
    public void a_deactivated_category_takes_nothing_new()
    {
        var closed = Dairy with { IsActive = false };
        CreateCategoryEndpoint
            .Decide(new CreateCategory { Name = "Helados" }, Guid.CreateVersion7(), "HELADOS", [closed])
            .ShouldBeRefused(RefusalKind.Conflict, "Category deactivated");
        CreateProductEndpoint
            .Decide(new ProductReferences(closed, null, Milk.Details), Guid.CreateVersion7(), "LAC002", [])
            .ShouldBeRefused(RefusalKind.Conflict, "Category deactivated");
    }

    [Fact]
    public void a_change_to_the_same_has_no_events()
    {
        ChangeCategoryEndpoint.Decide(new ChangeCategory { Name = "Lácteos" }, Dairy, []).ShouldBeAccepted().Events().ShouldBeEmpty();
        ChangeStoreEndpoint.Decide(new ChangeStore { Name = "CCS-01" }, Caracas).ShouldBeAccepted().Events().ShouldBeEmpty();
        ChangeSupplierEndpoint.Decide(new ChangeSupplier { BusinessName = "Polar" }, Polar).ShouldBeAccepted().Events().ShouldBeEmpty();
        ChangeProduct(
                Milk,
                new ChangeProduct
                {
                    Name = "LAC001",
                    CostPrice = 2,
                    SellingPrice = 3,
                    TaxRate = 16,
                }
            )
            .ShouldBeAccepted()
            .Events()
            .ShouldBeEmpty();
    }

    private static Decision ChangeProduct(Product product, ChangeProduct command, params BarcodeConflict[] conflicts) =>
        ChangeProductEndpoint.Decide(command, product, command.With(null, null), conflicts);

    [Fact]
    public void a_barcode_of_another_active_product_is_refused()
    {
        var conflict = new BarcodeConflict("7591234567924", Cheese.Id, "QUE001");
        CreateProductEndpoint
            .Decide(new ProductReferences(null, null, Milk.Details), Guid.CreateVersion7(), "LAC002", [conflict])
            .ShouldBeRefused(RefusalKind.Conflict, "Barcode taken")
            .Conflicts.ShouldBe([conflict]);
        ChangeProduct(Milk, new ChangeProduct { Name = "Milk" }, conflict).ShouldBeRefused(RefusalKind.Conflict, "Barcode taken");
        ActivateProductEndpoint.Decide(Milk with { IsActive = false }, [conflict]).ShouldBeRefused(RefusalKind.Conflict, "Barcode taken");
    }

    [Fact]
    public void a_measured_product_does_not_become_a_counted_one() =>
        ChangeProduct(Cheese, new ChangeProduct { Name = "Cheese", UnitType = "unit" }).ShouldBeRefused(RefusalKind.Conflict, "Unit kept");

    [Fact]
    public void what_has_open_documents_is_not_deactivated()
    {
        OpenDocuments[] open = [new("purchase_order", 1, ["OC-1"])];
        DeactivateStoreEndpoint.Decide(Caracas, open).ShouldBeRefused(RefusalKind.Conflict, "Still open").Open.ShouldBe(open);
        DeactivateSupplierEndpoint.Decide(Polar, open).ShouldBeRefused(RefusalKind.Conflict, "Still open");
        DeactivateProductEndpoint.Decide(Milk, open).ShouldBeRefused(RefusalKind.Conflict, "Still open");
    }

    [Fact]
    public void deactivating_and_activating_once_more_changes_nothing()
    {
        DeactivateStoreEndpoint.Decide(Caracas, []).ShouldBeAccepted().Event<StoreDeactivated>().ShouldNotBeNull();
        DeactivateStoreEndpoint.Decide(Caracas with { IsActive = false }, []).ShouldBeAccepted().Events().ShouldBeEmpty();
        ActivateStoreEndpoint.Decide(Caracas with { IsActive = false }).ShouldBeAccepted().Event<StoreActivated>().ShouldNotBeNull();
        ActivateStoreEndpoint.Decide(Caracas).ShouldBeAccepted().Events().ShouldBeEmpty();
        DeactivateCategoryEndpoint.Decide(Dairy with { IsActive = false }).ShouldBeAccepted().Events().ShouldBeEmpty();
        ActivateProductEndpoint.Decide(Milk, []).ShouldBeAccepted().Events().ShouldBeEmpty();
    }

    [Fact]
    public void an_alert_takes_commands_of_users_of_its_store_in_the_right_states()
    {
        var alert = new Alert(
            Guid.CreateVersion7(),
            "low_stock",
            "high",
            "Low",
            "Low",
            Milk.Id,
            Caracas.Id,
            null,
            new AlertData(4, 5),
            "reaction",
            "active"
        );
        Caller Of(params Guid[] stores) => new(Guid.CreateVersion7(), Guid.Empty, "a@b.c", Roles.User, stores.ToHashSet(), null, null);
        Decision Acknowledge(Alert of, Caller caller) =>
            AlertCommands.Decide(of, "acknowledge", caller, (user, at) => new AlertAcknowledged(user, at), Now);
        var caller = Of(Caracas.Id);
        var happened = Acknowledge(alert, caller).ShouldBeAccepted().Event<AlertAcknowledged>();
        happened.ShouldBe(new AlertAcknowledged(caller.UserId, Now));
        Acknowledge(Alert.Fold(alert.Id, alert, happened), caller).ShouldBeRefused(RefusalKind.Conflict, "Wrong state");
        Acknowledge(alert, Of(Valencia.Id)).ShouldBeRefused(RefusalKind.Forbidden);
    }
}
