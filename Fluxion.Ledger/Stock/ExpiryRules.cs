namespace Fluxion.Ledger.Stock;

/// <summary>Validation of the expiry of a reservation.</summary>
public static class ExpiryRules
{
    /// <summary>Rule for the expiry of a reservation, which is optional.</summary>
    public static void Expiry<T>(this IRuleBuilder<T, DateTimeOffset?> rule, TimeProvider clock) =>
        rule.Must(at => at is null || (at > clock.GetUtcNow() && at <= clock.GetUtcNow() + ReserveStock.MaxDuration))
            .WithMessage($"must lie in the future, at most {ReserveStock.MaxDuration.TotalDays} days from now");
}
