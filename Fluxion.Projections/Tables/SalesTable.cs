using System.Text.Json.Serialization;
using Fluxion.Ledger.Http;
using Fluxion.Ledger.Sales;
using Fluxion.Ledger.Validation;
using Fluxion.Projections.Writing;
using Npgsql;

namespace Fluxion.Projections.Tables;

/// <summary>The table sales: one row per invoice.</summary>
public sealed class SalesTable : IReadModel
{
    private static readonly Table<(Sale State, Change Last)> Table = new Table<(Sale State, Change Last)>("sales", "id")
        .Add("id", "uuid", r => r.State.Id)
        .Add("store_id", "uuid", r => r.State.StoreId)
        .Add("invoice_number", "text", r => r.State.InvoiceNumber)
        .Add("client_id", "uuid", r => r.State.ClientId)
        .Add("client_name", "text", r => r.State.ClientName)
        .Add("client_tax_id", "text", r => r.State.ClientTaxId)
        .Add("subtotal", "numeric", r => r.State.Subtotal)
        .Add("tax_amount", "numeric", r => r.State.TaxAmount)
        .Add("total_amount", "numeric", r => r.State.TotalAmount)
        .Add("amount_paid", "numeric", r => r.State.Paid)
        .Add("amount_refunded", "numeric", r => r.State.AmountRefunded)
        .Add("returned_amount", "numeric", r => r.State.ReturnedAmount)
        .Add("prices_include_tax", "boolean", r => r.State.PricesIncludeTax)
        .Add("payment_method", "text", r => r.State.PaymentMethod)
        .Add("payment_status", "text", r => r.State.Status)
        .Add("notes", "text", r => r.State.Notes)
        .Add("pos_transaction_id", "text", r => r.State.PosTransactionId)
        .Add("version", "bigint", r => r.Last.Event.Version)
        .AddOnce("invoiced_method", "text", r => r.State.PaymentMethod) // the first payment may set payment_method
        .AddOnce("created_by", "uuid", r => r.Last.UserId())
        .AddOnce("created_at", "timestamptz", r => r.State.OccurredAt)
        .AddOnce("recorded_at", "timestamptz", r => r.Last.RecordedAt())
        .Add("updated_at", "timestamptz", r => r.Last.RecordedAt());

    public void Write(IReadOnlyList<Change> changes, IRowWriter rows) => rows.Write(Table, changes.Latest<Sale>());
}

/// <param name="PaymentStatus">pending, partial, paid, refund_due, returned, refunded or cancelled.</param>
/// <param name="Subtotal">The amount before tax.</param>
/// <param name="AmountPaid">The sum of all payments.</param>
/// <param name="AmountRefunded">The part of the payments that was refunded.</param>
/// <param name="ReturnedAmount">The credits for returned goods, tax included.</param>
/// <param name="OpenAmount">The amount still to be paid. Below 0: the amount to refund to the client.</param>
/// <param name="OccurredAt">The time of the sale; created_at in SQL.</param>
/// <param name="PricesIncludeTax">Whether unit prices and discounts of the lines include tax.</param>
public record SaleRow(
    Guid Id,
    string Store,
    string InvoiceNumber,
    string? ClientName,
    string? ClientTaxId,
    decimal Subtotal,
    decimal TaxAmount,
    decimal TotalAmount,
    decimal AmountPaid,
    decimal AmountRefunded,
    decimal ReturnedAmount,
    decimal OpenAmount,
    string? PaymentMethod,
    string PaymentStatus,
    string? PosTransactionId,
    string? Notes,
    Guid? CreatedBy,
    DateTimeOffset OccurredAt,
    DateTimeOffset RecordedAt,
    bool PricesIncludeTax
)
{
    internal const string Columns = """
        v.id, s.code as store, v.invoice_number, v.client_name, v.client_tax_id, v.subtotal, v.tax_amount, v.total_amount, v.amount_paid,
        v.amount_refunded, v.returned_amount,
        case when v.payment_status = 'cancelled' then 0
            else v.total_amount - v.returned_amount - v.amount_paid + v.amount_refunded end as open_amount,
        v.payment_method, v.payment_status, v.pos_transaction_id, v.notes, v.created_by, v.created_at as occurred_at, v.recorded_at,
        v.prices_include_tax
        """;

    internal const string From = """
        from sales v
        join stores s on s.id = v.store_id
        where ($1::uuid[] is null or v.store_id = any($1))
        """;

    public const string Select = $"select {Columns} {From}";
}

/// <param name="LineTotal">Quantity times price, less the discount. It includes tax if the prices of the sale do.</param>
/// <param name="NetAmount">The amount before tax. Over all lines it adds up to the sale's subtotal.</param>
/// <param name="TaxAmount">The tax. Over all lines it adds up to the sale's taxAmount.</param>
/// <param name="CostPerUnit">The cost of one unit at the time of the sale.</param>
public sealed record SaleItemRow(
    int LineNumber,
    string Sku,
    string Product,
    decimal Quantity,
    decimal UnitPrice,
    decimal Discount,
    decimal LineTotal,
    decimal TaxRate,
    decimal NetAmount,
    decimal TaxAmount,
    decimal CostPerUnit,
    decimal QuantityReturned
);

/// <summary>A payment or refund of an invoice.</summary>
/// <param name="Kind">payment or refund.</param>
/// <param name="Amount">The amount: above 0 for a payment, below 0 for a refund.</param>
public sealed record SalePayment(
    Guid Id,
    string Kind,
    string Method,
    decimal Amount,
    string? Reference,
    string? Reason,
    DateTimeOffset OccurredAt,
    DateTimeOffset RecordedAt,
    Guid? CreatedBy
);

/// <summary>Returned goods of an invoice, and the credit for them.</summary>
/// <param name="Kind">return, or cancellation of the complete invoice.</param>
/// <param name="Subtotal">The amount before tax.</param>
public sealed record SaleReturn(
    Guid Id,
    string Kind,
    string? Reason,
    DateTimeOffset OccurredAt,
    DateTimeOffset RecordedAt,
    Guid? CreatedBy,
    decimal Subtotal,
    decimal TaxAmount,
    decimal TotalAmount,
    IReadOnlyList<SaleReturn.Line> Lines
)
{
    /// <param name="NetAmount">The credit for the line before tax.</param>
    /// <param name="CostOfGoods">The cost at which the goods returned to stock.</param>
    public sealed record Line(int LineNumber, string Sku, decimal Quantity, decimal NetAmount, decimal TaxAmount, decimal CostOfGoods);
}

/// <summary>An invoice with its lines, its payments and refunds, and its returns, each in the order in which they occurred.</summary>
public sealed record SaleDetails : SaleRow
{
    private SaleDetails(SaleRow sale)
        : base(sale) { }

    [JsonPropertyOrder(1)]
    public required IReadOnlyList<SaleItemRow> Lines { get; init; }

    [JsonPropertyOrder(1)]
    public required IReadOnlyList<SalePayment> Payments { get; init; }

    [JsonPropertyOrder(1)]
    public required IReadOnlyList<SaleReturn> Returns { get; init; }

    public new const string Select = $"""
        select {Columns},
               (select json_agg(json_build_object('lineNumber', i.line_number, 'sku', p.sku, 'product', p.name, 'quantity', i.quantity,
                           'unitPrice', i.unit_price, 'discount', i.discount, 'lineTotal', i.line_total, 'taxRate', i.tax_rate,
                           'netAmount', i.net_amount, 'taxAmount', i.tax_amount, 'costPerUnit', i.cost_per_unit,
                           'quantityReturned', i.quantity_returned) order by i.line_number)
                from sale_items i join products p on p.id = i.product_id where i.sale_id = v.id) as lines,
               (select coalesce(json_agg(json_build_object('id', m.id, 'kind', m.kind, 'method', m.payment_method, 'amount', m.amount,
                       'reference', m.reference,
                           'reason', m.reason, 'occurredAt', m.created_at, 'recordedAt', m.recorded_at, 'createdBy', m.created_by)
                           order by m.created_at, m.recorded_at, m.id), '[]')
                from sale_payments m where m.sale_id = v.id) as payments,
               (select coalesce(json_agg(json_build_object('id', b.id, 'kind', b.kind, 'reason', b.reason, 'occurredAt', b.created_at,
                           'recordedAt', b.recorded_at, 'createdBy', b.created_by, 'subtotal', b.net, 'taxAmount', b.tax,
                           'totalAmount', b.net + b.tax,
                           'lines', b.lines) order by b.created_at, b.recorded_at, b.id), '[]')
                from (select r.id, r.kind, r.reason, r.created_at, r.recorded_at, r.created_by, sum(r.net_amount) as net,
                    sum(r.tax_amount) as tax,
                             json_agg(json_build_object('lineNumber', r.line_number, 'sku', p.sku, 'quantity', r.quantity,
                                 'netAmount', r.net_amount,
                                 'taxAmount', r.tax_amount, 'costOfGoods', r.cost_of_goods) order by r.line_number) as lines
                      from sale_returns r join products p on p.id = r.product_id where r.sale_id = v.id
                      group by r.id, r.kind, r.reason, r.created_at, r.recorded_at, r.created_by) b) as returns
        {From}
        """;

    public static SaleDetails Read(NpgsqlDataReader r) =>
        new(r.Row<SaleRow>())
        {
            Lines = r.Lines<SaleItemRow>("lines"),
            Payments = r.Lines<SalePayment>("payments"),
            Returns = r.Lines<SaleReturn>("returns"),
        };
}

public static class SalesQueries
{
    [WolverineGet("/api/{tenant}/sales", Name = "List sales"), Authorize(Roles.Viewer), Tags("Sales")]
    [EndpointSummary("List sales")]
    [EndpointDescription(
        "Latest first. Filters: store, invoice, status (pending, partial, paid, refund_due, returned, refunded or cancelled), from "
            + "and to (time of sale). to is exclusive. A date means the start of that day in the store's time zone."
    )]
    [ProducesResponseType<Page<SaleRow>>(200)]
    public static Task<IResult> List(
        string? store,
        string? invoice,
        string? status,
        string? from,
        string? to,
        int? limit,
        string? after,
        HttpContext http,
        Databases databases
    ) =>
        TenantQuery
            .For(http)
            .Where(SaleRow.Select, Caller.From(http).StoreFilter)
            .FilterReference("v.store_id", "stores", "code", store)
            .Filter("v.invoice_number = any({0})", invoice is null ? null : Codes.NumberSpellings(invoice))
            .FilterOneOf("v.payment_status = {0}", "status", status, SaleStatus.All)
            .From("v.created_at", from, LocalTime.OfStore)
            .Until("v.created_at", to, LocalTime.OfStore)
            .Page<SaleRow>(databases, limit, after, SortOrder.NewestFirst("v.created_at", "v.id"), row => [row.OccurredAt, row.Id]);

    [WolverineGet("/api/{tenant}/sales/{id}", Name = "Get sale"), Authorize(Roles.Viewer), Tags("Sales")]
    [EndpointSummary("Get a sale with its lines, payments, refunds and returns")]
    [ProducesResponseType<SaleDetails>(200)]
    public static Task<IResult> Get(string id, HttpContext http, Databases databases) =>
        TenantQuery
            .For(http)
            .Where(SaleDetails.Select, Caller.From(http).StoreFilter)
            .Identified("v.id", id)
            .One(databases, "sale", id, SaleDetails.Read);
}
