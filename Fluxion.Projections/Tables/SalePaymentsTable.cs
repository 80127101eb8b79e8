using Fluxion.Ledger.Http;
using Fluxion.Ledger.Sales;
using Fluxion.Projections.Writing;

namespace Fluxion.Projections.Tables;

/// <summary>The table sale_payments: every payment of an invoice, and every refund as a negative amount.</summary>
public sealed class SalePaymentsTable : IReadModel
{
    public const string Payment = "payment";
    public const string Refund = "refund";

    /// <param name="Amount">The amount: above 0 for a payment, below 0 for a refund.</param>
    private sealed record Row(Change Change, decimal Amount, string? Method, string? Reference, string? Reason, DateTimeOffset OccurredAt)
    {
        /// <summary>The payment or refund of an event; null if it has none.</summary>
        public static Row? From(Change change) =>
            change.Event.Data switch
            {
                PaymentReceived e => new Row(change, e.Amount, e.Method, e.Reference, null, e.OccurredAt),
                PaymentRefunded e => new Row(change, -e.Amount, e.Method, e.Reference, e.Reason, e.OccurredAt),
                // An event from before refunds were recorded: the cancellation refunded the amount held. The method of the refund is
                // unknown, so the sale's payment method stands in.
                SaleCancelled e when change.Before is Sale { AmountHeld: > 0 } before => new Row(
                    change,
                    -before.AmountHeld,
                    before.PaymentMethod,
                    null,
                    e.Reason,
                    e.OccurredAt
                ),
                _ => null,
            };
    }

    private static readonly Table<Row> Table = new Table<Row>("sale_payments")
        .Add("id", "uuid", r => r.Change.Event.Id)
        .Add("sale_id", "uuid", r => r.Change.Event.StreamId)
        .Add("store_id", "uuid", r => ((Sale)r.Change.After).StoreId)
        .Add("kind", "text", r => r.Amount > 0 ? Payment : Refund)
        .Add("payment_method", "text", r => r.Method)
        .Add("amount", "numeric", r => r.Amount)
        .Add("reference", "text", r => r.Reference)
        .Add("reason", "text", r => r.Reason)
        .Add("created_by", "uuid", r => r.Change.UserId())
        .Add("created_at", "timestamptz", r => r.OccurredAt)
        .Add("recorded_at", "timestamptz", r => r.Change.RecordedAt());

    public void Write(IReadOnlyList<Change> changes, IRowWriter rows) => rows.Write(Table, [.. changes.Select(Row.From).OfType<Row>()]);
}

/// <param name="Kind">payment or refund.</param>
/// <param name="Amount">The amount: above 0 for a payment, below 0 for a refund.</param>
/// <param name="OccurredAt">The time of the payment or refund; created_at in SQL.</param>
public sealed record PaymentRow(
    Guid Id,
    string Store,
    Guid SaleId,
    string InvoiceNumber,
    string Kind,
    string Method,
    decimal Amount,
    string? Reference,
    string? Reason,
    Guid? CreatedBy,
    DateTimeOffset OccurredAt,
    DateTimeOffset RecordedAt
)
{
    public const string Select = """
        select m.id, s.code as store, m.sale_id, v.invoice_number, m.kind, m.payment_method as method, m.amount, m.reference, m.reason,
               m.created_by,
               m.created_at as occurred_at, m.recorded_at
        from sale_payments m
        join sales v on v.id = m.sale_id
        join stores s on s.id = m.store_id
        where ($1::uuid[] is null or m.store_id = any($1))
        """;
}

public static class SalePaymentsQueries
{
    [WolverineGet("/api/{tenant}/payments", Name = "List payments"), Authorize(Roles.Viewer), Tags("Sales")]
    [EndpointSummary("List the payments and refunds of all sales")]
    [EndpointDescription(
        "Latest first. Filters: store, method, kind (payment or refund), reference, from and to (time of the payment or refund). "
            + "to is exclusive. A date means the start of that day in the store's time zone. "
            + "The amount of a refund is below 0, so the amounts of a day add up to the money in the till. "
            + "A cancelled sale has one refund for each method of refund."
    )]
    [ProducesResponseType<Page<PaymentRow>>(200)]
    public static Task<IResult> List(
        string? store,
        string? method,
        string? kind,
        string? reference,
        string? from,
        string? to,
        int? limit,
        string? after,
        HttpContext http,
        Databases databases
    ) =>
        TenantQuery
            .For(http)
            .Where(PaymentRow.Select, Caller.From(http).StoreFilter)
            .FilterNamed("s.code", "s.id", store)
            .FilterOneOf("m.payment_method = {0}", "method", method, PaymentMethods.All)
            .FilterOneOf("m.kind = {0}", "kind", kind, [SalePaymentsTable.Payment, SalePaymentsTable.Refund])
            .Filter("m.reference = {0}", reference)
            .From("m.created_at", from, LocalTime.OfStore)
            .Until("m.created_at", to, LocalTime.OfStore)
            .Page<PaymentRow>(databases, limit, after, SortOrder.NewestFirst("m.created_at", "m.id"), row => [row.OccurredAt, row.Id]);
}
