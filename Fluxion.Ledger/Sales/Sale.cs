using System.Text.Json.Serialization;
using Fluxion.Ledger.Commands;

namespace Fluxion.Ledger.Sales;

/// <param name="Id">The row of sale_items.</param>
/// <param name="UnitPrice">Before tax, to 4 decimals.</param>
/// <param name="Discount">Money off the whole line, before tax.</param>
/// <param name="TaxRate">Percent.</param>
/// <param name="UnitCost">The cost that one unit left with: the moving average of that moment.</param>
public sealed record SaleLine(Guid Id, Guid ProductId, string Sku, decimal Quantity, decimal UnitPrice, decimal Discount, decimal TaxRate, decimal UnitCost)
{
    /// <summary>The amount before tax: quantity times price, rounded half away from zero to 2 decimals, less the discount.</summary>
    [JsonIgnore]
    public decimal Net => Quantities.Round(Quantity * UnitPrice, 2) - Discount;

    /// <summary>The part of the net amount that <paramref name="quantity"/> of the line stands for; all of it for the whole line.</summary>
    public decimal NetOf(decimal quantity) => Quantities.Round(Net * quantity / Quantity, 2);
}

public sealed record SaleRecorded(Guid StoreId, string InvoiceNumber, Guid? ClientId, string? ClientName, string? ClientTaxId,
    IReadOnlyList<SaleLine> Lines, decimal Subtotal, decimal TaxAmount, decimal TotalAmount, string? PaymentMethod, string? PosTransactionId,
    string? Notes, DateTimeOffset OccurredAt);

/// <param name="Method">One of <see cref="PaymentMethods.All"/>.</param>
public sealed record PaymentReceived(decimal Amount, string Method, string? Reference, DateTimeOffset OccurredAt);

/// <param name="Line">The place of the line in the sale, from 0.</param>
public sealed record ReturnedLine(int Line, decimal Quantity);

/// <summary>Some of the goods came back; what they were sold for is credited, by the same rounding as the invoice.</summary>
public sealed record GoodsReturned(IReadOnlyList<ReturnedLine> Lines, decimal Subtotal, decimal TaxAmount, decimal TotalAmount, string? Reason, DateTimeOffset OccurredAt);

/// <param name="Refund">What had been paid.</param>
public sealed record SaleCancelled(string Reason, decimal Refund, DateTimeOffset OccurredAt);

public static class PaymentMethods
{
    public static readonly string[] All = ["cash", "card", "transfer", "check", "credit"];
}

/// <summary>One invoice.</summary>
/// <param name="Paid">The sum of its payments.</param>
/// <param name="Returned">How much of each line came back.</param>
/// <param name="ReturnedAmount">What was credited for that, tax included.</param>
public sealed record Sale(Guid Id, Guid StoreId, string InvoiceNumber, Guid? ClientId, string? ClientName, string? ClientTaxId,
    IReadOnlyList<SaleLine> Lines, decimal Subtotal, decimal TaxAmount, decimal TotalAmount, string? PaymentMethod, string? PosTransactionId, string? Notes,
    DateTimeOffset OccurredAt, decimal Paid, IReadOnlyList<decimal> Returned, decimal ReturnedAmount, bool IsCancelled) : IAggregate<Sale>
{
    public const string Pending = "pending";
    public const string Partial = "partial";
    public const string PaidUp = "paid";
    public const string Cancelled = "cancelled";

    public static readonly string[] States = [Pending, Partial, PaidUp, Cancelled];

    /// <summary>The states from which each command is allowed.</summary>
    public static readonly IReadOnlyDictionary<string, string[]> Allowed = new Dictionary<string, string[]>
    {
        ["pay"] = [Pending, Partial],
        ["cancel"] = [Pending, Partial, PaidUp],
        ["return"] = [Pending, Partial, PaidUp],
    };

    /// <summary>What is still to be paid; below 0 when more was paid than what is left of the sale after returns.</summary>
    [JsonIgnore]
    public decimal Open => IsCancelled ? 0 : TotalAmount - ReturnedAmount - Paid;

    /// <summary>payment_status: the state of the sale.</summary>
    [JsonIgnore]
    public string Status => IsCancelled ? Cancelled : Open <= 0 ? PaidUp : Paid > 0 ? Partial : Pending;

    [JsonIgnore]
    public decimal CostOfGoodsSold => Lines.Sum(line => Quantities.Round(line.Quantity * line.UnitCost, 2));

    /// <summary>The tax on what is left of the sale once <paramref name="returned"/> has come back.</summary>
    public decimal TaxOfTheRest(IReadOnlyList<decimal> returned) =>
        Taxes.Of(Lines.Select((line, i) => (line.Net - line.NetOf(returned[i]), line.TaxRate)));

    public static Sale Fold(Guid id, Sale? sale, object @event) => @event switch
    {
        SaleRecorded e => new Sale(id, e.StoreId, e.InvoiceNumber, e.ClientId, e.ClientName, e.ClientTaxId, e.Lines, e.Subtotal, e.TaxAmount, e.TotalAmount,
            e.PaymentMethod, e.PosTransactionId, e.Notes, e.OccurredAt, 0, [.. e.Lines.Select(_ => 0m)], 0, false),
        PaymentReceived e => sale! with { Paid = sale.Paid + e.Amount, PaymentMethod = sale.PaymentMethod ?? e.Method },
        GoodsReturned e => sale! with
        {
            Returned = [.. sale.Returned.Select((returned, i) => returned + e.Lines.Where(line => line.Line == i).Sum(line => line.Quantity))],
            ReturnedAmount = sale.ReturnedAmount + e.TotalAmount,
        },
        SaleCancelled => sale! with { IsCancelled = true },
        _ => throw new UnknownEventException(typeof(Sale), @event),
    };
}
