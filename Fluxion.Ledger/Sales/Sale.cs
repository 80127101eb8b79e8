using System.Text.Json.Serialization;

namespace Fluxion.Ledger.Sales;

/// <param name="Id">Id of the row in sale_items.</param>
/// <param name="UnitPrice">Price charged, to 4 decimals: before tax, or with it when the prices of the sale include tax.</param>
/// <param name="Discount">Money off the entire line, before or with tax as the price is.</param>
/// <param name="TaxRate">Tax rate in percent.</param>
/// <param name="UnitCost">Cost of one unit when it left: the moving average of that moment.</param>
public sealed record SaleLine(
    Guid Id,
    Guid ProductId,
    string Sku,
    decimal Quantity,
    decimal UnitPrice,
    decimal Discount,
    decimal TaxRate,
    decimal UnitCost
)
{
    /// <summary>
    /// Quantity times price, rounded half away from zero to 2 decimals, less the discount. It includes tax when the price does.
    /// </summary>
    [JsonIgnore]
    public decimal Amount => Quantities.Round(Quantity * UnitPrice, 2) - Discount;

    /// <summary>The share of the amount for <paramref name="quantity"/> of the line; the full amount for its full quantity.</summary>
    public decimal AmountOf(decimal quantity) => Quantities.Round(Amount * quantity / Quantity, 2);
}

/// <param name="PaymentMethod">Payment method on the invoice; null when it names none.</param>
/// <param name="PricesIncludeTax">True when prices and discounts of the lines include tax; false in older events.</param>
/// <param name="IsPosTransactionIdUnique">
/// True when its PosTransactionId is unique among the sales of the store; false in events from before this rule existed.
/// </param>
public sealed record SaleRecorded(
    Guid StoreId,
    string InvoiceNumber,
    Guid? ClientId,
    string? ClientName,
    string? ClientTaxId,
    IReadOnlyList<SaleLine> Lines,
    decimal Subtotal,
    decimal TaxAmount,
    decimal TotalAmount,
    string? PaymentMethod,
    string? PosTransactionId,
    string? Notes,
    DateTimeOffset OccurredAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool PricesIncludeTax = false,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool IsPosTransactionIdUnique = false
);

/// <param name="Method">One of <see cref="PaymentMethods.All"/>.</param>
public sealed record PaymentReceived(decimal Amount, string Method, string? Reference, DateTimeOffset OccurredAt);

/// <summary>Money paid was given back to the client.</summary>
/// <param name="Amount">Greater than 0.</param>
/// <param name="Method">Method of the refund, one of <see cref="PaymentMethods.All"/>.</param>
public sealed record PaymentRefunded(decimal Amount, string Method, string? Reference, string? Reason, DateTimeOffset OccurredAt);

/// <param name="Line">Index of the line in the sale, from 0.</param>
public sealed record ReturnedLine(int Line, decimal Quantity);

/// <summary>Some of the goods came back. Their price is credited with the same rounding as on the invoice.</summary>
public sealed record GoodsReturned(
    IReadOnlyList<ReturnedLine> Lines,
    decimal Subtotal,
    decimal TaxAmount,
    decimal TotalAmount,
    string? Reason,
    DateTimeOffset OccurredAt
);

/// <param name="Refund">
/// Money given back with the cancellation. The <see cref="PaymentRefunded"/> events just before it have the methods. Ledgers from before
/// refunds existed have no such events: there the methods are unknown.
/// </param>
public sealed record SaleCancelled(string Reason, decimal Refund, DateTimeOffset OccurredAt);

public static class PaymentMethods
{
    public static readonly string[] All = ["cash", "card", "transfer", "check", "credit"];
}

/// <summary>The states of a sale: values of payment_status.</summary>
public static class SaleStatus
{
    public const string Pending = "pending";
    public const string Partial = "partial";
    public const string Paid = "paid";
    public const string RefundDue = "refund_due";
    public const string Returned = "returned";
    public const string Refunded = "refunded";
    public const string Cancelled = "cancelled";

    public static readonly string[] All = [Pending, Partial, Paid, RefundDue, Returned, Refunded, Cancelled];

    /// <summary>The status of a sale is the first in this table whose condition is met.</summary>
    public static readonly IReadOnlyList<(string Status, Func<Sale, bool> IsMet)> Table =
    [
        (Cancelled, sale => sale.IsCancelled),
        (RefundDue, sale => sale.BalanceDue < 0),
        (Refunded, sale => sale.IsCredited && sale.Paid > 0),
        (Returned, sale => sale.IsCredited),
        (Paid, sale => sale.BalanceDue == 0),
        (Partial, sale => sale.AmountHeld > 0),
        (Pending, _ => true),
    ];
}

/// <summary>One invoice.</summary>
/// <param name="PaymentMethod">Payment method on the invoice, else that of the first payment.</param>
/// <param name="Paid">The sum of its payments.</param>
/// <param name="Returned">Returned quantity of each line.</param>
/// <param name="ReturnedAmount">Credit for the returned goods, tax included.</param>
/// <param name="Refunded">The sum of its refunds; see <see cref="AmountRefunded"/>.</param>
/// <param name="PricesIncludeTax">True when prices and discounts of the lines include tax.</param>
/// <param name="UniquePosTransactionId">
/// The PosTransactionId while no other sale of the store may have it; null when another sale may.
/// </param>
public sealed record Sale(
    Guid Id,
    Guid StoreId,
    string InvoiceNumber,
    Guid? ClientId,
    string? ClientName,
    string? ClientTaxId,
    IReadOnlyList<SaleLine> Lines,
    decimal Subtotal,
    decimal TaxAmount,
    decimal TotalAmount,
    string? PaymentMethod,
    string? PosTransactionId,
    string? Notes,
    DateTimeOffset OccurredAt,
    decimal Paid,
    IReadOnlyList<decimal> Returned,
    decimal ReturnedAmount,
    bool IsCancelled,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] decimal Refunded = 0,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool PricesIncludeTax = false,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? UniquePosTransactionId = null
) : IAggregate<Sale>
{
    /// <summary>The states from which each command is allowed.</summary>
    public static readonly IReadOnlyDictionary<string, string[]> Allowed = new Dictionary<string, string[]>
    {
        ["pay"] = [SaleStatus.Pending, SaleStatus.Partial],
        ["refund"] = [SaleStatus.Partial, SaleStatus.Paid, SaleStatus.RefundDue],
        ["cancel"] = [SaleStatus.Pending, SaleStatus.Partial, SaleStatus.Paid],
        ["return"] =
        [
            SaleStatus.Pending,
            SaleStatus.Partial,
            SaleStatus.Paid,
            SaleStatus.RefundDue,
            SaleStatus.Returned,
            SaleStatus.Refunded,
        ],
    };

    /// <summary>Money given back; all payments when the sale is cancelled.</summary>
    [JsonIgnore]
    public decimal AmountRefunded => IsCancelled ? Paid : Refunded;

    /// <summary>Money paid and not given back.</summary>
    [JsonIgnore]
    public decimal AmountHeld => Paid - AmountRefunded;

    /// <summary>Amount still to be paid. Below 0 it is owed to the client. 0 when the sale is cancelled.</summary>
    [JsonIgnore]
    public decimal BalanceDue => IsCancelled ? 0 : TotalAmount - ReturnedAmount - AmountHeld;

    /// <summary>Whether goods came back and the credit equals the total of the invoice.</summary>
    [JsonIgnore]
    public bool IsCredited => Returned.Any(returned => returned > 0) && ReturnedAmount == TotalAmount;

    [JsonIgnore]
    public string Status => SaleStatus.Table.First(state => state.IsMet(this)).Status;

    [JsonIgnore]
    public decimal CostOfGoodsSold => Lines.Sum(line => Quantities.Round(line.Quantity * line.UnitCost, 2));

    /// <summary>All goods of the sale.</summary>
    [JsonIgnore]
    public IReadOnlyList<ReturnedLine> AllGoods => [.. Lines.Select((line, i) => new ReturnedLine(i, line.Quantity))];

    /// <summary>Returned quantity of each line once these goods have come back too.</summary>
    public IReadOnlyList<decimal> ReturnedAfter(IReadOnlyList<ReturnedLine> goods) =>
        [.. Returned.Select((returned, i) => returned + goods.Where(line => line.Line == i).Sum(line => line.Quantity))];

    /// <summary>The amount of each line.</summary>
    public IReadOnlyList<LineAmount> Amounts() => LineAmount.Compute(Lines, PricesIncludeTax);

    /// <summary>
    /// The credit of each line when its returned quantity grows from <paramref name="before"/> to <paramref name="after"/>.
    /// </summary>
    public IReadOnlyList<LineAmount> Credit(IReadOnlyList<decimal> before, IReadOnlyList<decimal> after) =>
        LineAmount.Credit(Lines, PricesIncludeTax, before, after);

    public static Sale Fold(Guid id, Sale? sale, object @event) =>
        @event switch
        {
            SaleRecorded e => new Sale(
                id,
                e.StoreId,
                e.InvoiceNumber,
                e.ClientId,
                e.ClientName,
                e.ClientTaxId,
                e.Lines,
                e.Subtotal,
                e.TaxAmount,
                e.TotalAmount,
                e.PaymentMethod,
                e.PosTransactionId,
                e.Notes,
                e.OccurredAt,
                0,
                [.. e.Lines.Select(_ => 0m)],
                0,
                false,
                PricesIncludeTax: e.PricesIncludeTax,
                UniquePosTransactionId: e.IsPosTransactionIdUnique ? e.PosTransactionId : null
            ),
            PaymentReceived e => sale! with { Paid = sale.Paid + e.Amount, PaymentMethod = sale.PaymentMethod ?? e.Method },
            PaymentRefunded e => sale! with { Refunded = sale.Refunded + e.Amount },
            GoodsReturned e => sale! with { Returned = sale.ReturnedAfter(e.Lines), ReturnedAmount = sale.ReturnedAmount + e.TotalAmount },
            SaleCancelled => sale! with { IsCancelled = true, UniquePosTransactionId = null }, // the POS transaction may be recorded again
            _ => throw new UnknownEventException(typeof(Sale), @event),
        };
}
