using System.Text.Json.Serialization;
using Fluxion.Ledger.Session;
using Fluxion.Ledger.Validation;

namespace Fluxion.Ledger.Sales;

/// <param name="Id">The row of sale_items.</param>
/// <param name="UnitPrice">As it was asked, to 4 decimals: before tax, or with it when the prices of the sale include tax.</param>
/// <param name="Discount">Money off the whole line, likewise.</param>
/// <param name="TaxRate">Percent.</param>
/// <param name="UnitCost">The cost that one unit left with: the moving average of that moment.</param>
public sealed record SaleLine(Guid Id, Guid ProductId, string Sku, decimal Quantity, decimal UnitPrice, decimal Discount, decimal TaxRate, decimal UnitCost)
{
    /// <summary>Quantity times price, rounded half away from zero to 2 decimals, less the discount; before or with tax, as the price is.</summary>
    [JsonIgnore]
    public decimal Amount => Quantities.Round(Quantity * UnitPrice, 2) - Discount;

    /// <summary>The part of the amount that <paramref name="quantity"/> of the line stands for; all of it for the whole line.</summary>
    public decimal AmountOf(decimal quantity) => Quantities.Round(Amount * quantity / Quantity, 2);
}

/// <param name="PaymentMethod">As the invoice names it; null when it names none.</param>
/// <param name="PricesIncludeTax">Whether prices and discounts of the lines include tax; false in events from before there were such.</param>
/// <param name="IsPosTransactionIdUnique">Whether no other sale of the store may have its PosTransactionId; false in events from before that was asked.</param>
public sealed record SaleRecorded(Guid StoreId, string InvoiceNumber, Guid? ClientId, string? ClientName, string? ClientTaxId,
    IReadOnlyList<SaleLine> Lines, decimal Subtotal, decimal TaxAmount, decimal TotalAmount, string? PaymentMethod, string? PosTransactionId,
    string? Notes, DateTimeOffset OccurredAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool PricesIncludeTax = false,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool IsPosTransactionIdUnique = false);

/// <param name="Method">One of <see cref="PaymentMethods.All"/>.</param>
public sealed record PaymentReceived(decimal Amount, string Method, string? Reference, DateTimeOffset OccurredAt);

/// <summary>Money that was paid was given back.</summary>
/// <param name="Amount">Greater than 0.</param>
/// <param name="Method">One of <see cref="PaymentMethods.All"/>: how it was given back.</param>
public sealed record PaymentRefunded(decimal Amount, string Method, string? Reference, string? Reason, DateTimeOffset OccurredAt);

/// <param name="Line">The place of the line in the sale, from 0.</param>
public sealed record ReturnedLine(int Line, decimal Quantity);

/// <summary>Some of the goods came back; what they were sold for is credited, by the same rounding as the invoice.</summary>
public sealed record GoodsReturned(IReadOnlyList<ReturnedLine> Lines, decimal Subtotal, decimal TaxAmount, decimal TotalAmount, string? Reason, DateTimeOffset OccurredAt);

/// <param name="Refund">
/// What was given back with it. <see cref="PaymentRefunded"/> events just before say how; where there are none, in ledgers from before there were
/// refunds, nobody has kept that.
/// </param>
public sealed record SaleCancelled(string Reason, decimal Refund, DateTimeOffset OccurredAt);

public static class PaymentMethods
{
    public static readonly string[] All = ["cash", "card", "transfer", "check", "credit"];
}

/// <summary>payment_status: the states of a sale.</summary>
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

    /// <summary>A sale is in the first state of these whose condition it meets.</summary>
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
/// <param name="PaymentMethod">As the invoice named it, else that of the first payment.</param>
/// <param name="Paid">The sum of its payments.</param>
/// <param name="Returned">How much of each line came back.</param>
/// <param name="ReturnedAmount">What was credited for that, tax included.</param>
/// <param name="Refunded">The sum of its refunds; see <see cref="AmountRefunded"/>.</param>
/// <param name="PricesIncludeTax">Whether prices and discounts of the lines include tax.</param>
/// <param name="UniquePosTransactionId">The PosTransactionId while no other sale of the store may have it; null when another may.</param>
public sealed record Sale(Guid Id, Guid StoreId, string InvoiceNumber, Guid? ClientId, string? ClientName, string? ClientTaxId,
    IReadOnlyList<SaleLine> Lines, decimal Subtotal, decimal TaxAmount, decimal TotalAmount, string? PaymentMethod, string? PosTransactionId, string? Notes,
    DateTimeOffset OccurredAt, decimal Paid, IReadOnlyList<decimal> Returned, decimal ReturnedAmount, bool IsCancelled,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] decimal Refunded = 0,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool PricesIncludeTax = false,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? UniquePosTransactionId = null) : IAggregate<Sale>
{
    /// <summary>The states from which each command is allowed.</summary>
    public static readonly IReadOnlyDictionary<string, string[]> Allowed = new Dictionary<string, string[]>
    {
        ["pay"] = [SaleStatus.Pending, SaleStatus.Partial],
        ["refund"] = [SaleStatus.Partial, SaleStatus.Paid, SaleStatus.RefundDue],
        ["cancel"] = [SaleStatus.Pending, SaleStatus.Partial, SaleStatus.Paid],
        ["return"] = [SaleStatus.Pending, SaleStatus.Partial, SaleStatus.Paid, SaleStatus.RefundDue, SaleStatus.Returned, SaleStatus.Refunded],
    };

    /// <summary>What was given back of what was paid: all of it when the sale is cancelled.</summary>
    [JsonIgnore]
    public decimal AmountRefunded => IsCancelled ? Paid : Refunded;

    /// <summary>What was paid and has not been given back.</summary>
    [JsonIgnore]
    public decimal AmountHeld => Paid - AmountRefunded;

    /// <summary>What is still to be paid; below 0 what the client is to get back. 0 when the sale is cancelled.</summary>
    [JsonIgnore]
    public decimal BalanceDue => IsCancelled ? 0 : TotalAmount - ReturnedAmount - AmountHeld;

    /// <summary>Whether goods came back and nothing of the invoice is left to be paid for.</summary>
    [JsonIgnore]
    public bool IsCredited => Returned.Any(returned => returned > 0) && ReturnedAmount == TotalAmount;

    [JsonIgnore]
    public string Status => SaleStatus.Table.First(state => state.IsMet(this)).Status;

    [JsonIgnore]
    public decimal CostOfGoodsSold => Lines.Sum(line => Quantities.Round(line.Quantity * line.UnitCost, 2));

    /// <summary>What each line comes to.</summary>
    public IReadOnlyList<LineAmount> Amounts() => LineAmount.Compute(Lines, PricesIncludeTax);

    /// <summary>What is credited of each line when <paramref name="after"/> of it has come back in all, where <paramref name="before"/> had.</summary>
    public IReadOnlyList<LineAmount> Credit(IReadOnlyList<decimal> before, IReadOnlyList<decimal> after) => LineAmount.Credit(Lines, PricesIncludeTax, before, after);

    public static Sale Fold(Guid id, Sale? sale, object @event) => @event switch
    {
        SaleRecorded e => new Sale(id, e.StoreId, e.InvoiceNumber, e.ClientId, e.ClientName, e.ClientTaxId, e.Lines, e.Subtotal, e.TaxAmount, e.TotalAmount,
            e.PaymentMethod, e.PosTransactionId, e.Notes, e.OccurredAt, 0, [.. e.Lines.Select(_ => 0m)], 0, false,
            PricesIncludeTax: e.PricesIncludeTax, UniquePosTransactionId: e.IsPosTransactionIdUnique ? e.PosTransactionId : null),
        PaymentReceived e => sale! with { Paid = sale.Paid + e.Amount, PaymentMethod = sale.PaymentMethod ?? e.Method },
        PaymentRefunded e => sale! with { Refunded = sale.Refunded + e.Amount },
        GoodsReturned e => sale! with
        {
            Returned = [.. sale.Returned.Select((returned, i) => returned + e.Lines.Where(line => line.Line == i).Sum(line => line.Quantity))],
            ReturnedAmount = sale.ReturnedAmount + e.TotalAmount,
        },
        SaleCancelled => sale! with { IsCancelled = true, UniquePosTransactionId = null }, // the transaction may be rung up anew
        _ => throw new UnknownEventException(typeof(Sale), @event),
    };
}
