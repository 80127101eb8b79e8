using System.Text.Json;
using Fluxion.Ledger.Catalog;
using Fluxion.Projections.Writing;

namespace Fluxion.Projections.Tables;

/// <summary>The table suppliers: the companies from which goods are bought.</summary>
public sealed class SuppliersTable : IReadModel
{
    private static readonly Table<(Supplier State, Change Last)> Table = new Table<(Supplier State, Change Last)>("suppliers", "id")
        .Add("id", "uuid", r => r.State.Id)
        .Add("code", "text", r => r.State.Code)
        .Add("business_name", "text", r => r.State.Details.BusinessName)
        .Add("trade_name", "text", r => r.State.Details.TradeName)
        .Add("tax_id", "text", r => r.State.Details.TaxId)
        .Add("contact_person", "text", r => r.State.Details.ContactPerson)
        .Add("phone", "text", r => r.State.Details.Phone)
        .AddText("email", "citext", r => r.State.Details.Email)
        .AddText("address", "jsonb", r => Json.Text(r.State.Details.Address))
        .Add("payment_terms", "text", r => r.State.Details.PaymentTerms)
        .Add("credit_limit", "numeric", r => r.State.Details.CreditLimit)
        .AddText("settings", "jsonb", r => Json.Text(r.State.Details.Settings))
        .Add("lead_time_days", "integer", r => r.State.Details.LeadTimeDays)
        .Add("is_active", "boolean", r => r.State.IsActive)
        .Add("version", "bigint", r => r.Last.Event.Version)
        .AddOnce("created_at", "timestamptz", r => r.Last.RecordedAt())
        .Add("updated_at", "timestamptz", r => r.Last.RecordedAt());

    public void Write(IReadOnlyList<Change> changes, IRowWriter rows) => rows.Write(Table, changes.Latest<Supplier>());
}

public sealed record SupplierRow(
    Guid Id,
    string Code,
    string BusinessName,
    string? TradeName,
    string? TaxId,
    string? ContactPerson,
    string? Phone,
    string? Email,
    Address Address,
    string? PaymentTerms,
    decimal? CreditLimit,
    int? LeadTimeDays,
    JsonElement Settings,
    bool IsActive,
    long Version
)
{
    public const string Select = """
        select s.id, s.code, s.business_name, s.trade_name, s.tax_id, s.contact_person, s.phone, s.email::text, s.address,
               s.payment_terms, s.credit_limit, s.lead_time_days, s.settings, s.is_active, s.version
        from suppliers s where true
        """;
}

public static class SuppliersQueries
{
    [WolverineGet("/api/{tenant}/suppliers", Name = "List suppliers"), Authorize(Roles.Viewer), Tags("Catalog")]
    [EndpointSummary("List suppliers")]
    [EndpointDescription("Sorted by code. Filter: search (a part of code, business name or trade name; case and accents are ignored).")]
    [ProducesResponseType<Page<SupplierRow>>(200)]
    public static Task<IResult> List(string? search, int? limit, string? after, HttpContext http, Databases databases) =>
        TenantQuery
            .For(http)
            .Where(SupplierRow.Select)
            .Search("s.code, s.business_name, s.trade_name", search)
            .Page<SupplierRow>(databases, limit, after, SortOrder.ByText("s.code"), row => [row.Code]);

    [WolverineGet("/api/{tenant}/suppliers/{id}", Name = "Get supplier"), Authorize(Roles.Viewer), Tags("Catalog")]
    [EndpointSummary("Get a supplier by code or id")]
    [ProducesResponseType<SupplierRow>(200)]
    public static Task<IResult> Get(string id, HttpContext http, Databases databases) =>
        TenantQuery.For(http).Where(SupplierRow.Select).Named("s.code", "s.id", id).One<SupplierRow>(databases, "supplier", id);
}
