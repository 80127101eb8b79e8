using System.Text.Json.Serialization;

namespace Fluxion.Ledger.Alerts;

/// <summary>The types of alerts.</summary>
public static class AlertTypes
{
    public const string LowStock = "low_stock";
    public const string Overstock = "overstock";
    public const string DemandSpike = "demand_spike";
    public const string SlowMoving = "slow_moving";
    public const string ReservationShort = "reservation_short";
    public const string Forecast = "forecast_alert";

    public static readonly string[] All = [LowStock, Overstock, DemandSpike, SlowMoving, ReservationShort, Forecast];
}

/// <summary>The priorities of alerts, in ascending order.</summary>
public static class AlertPriorities
{
    public const string Low = "low";
    public const string Medium = "medium";
    public const string High = "high";
    public const string Critical = "critical";

    public static readonly string[] All = [Low, Medium, High, Critical];
}

/// <summary>A reservation that can no longer be fulfilled.</summary>
/// <param name="Quantity">The quantity of the product that it holds in the store.</param>
/// <param name="ShortBy">The part of that quantity that is missing.</param>
public sealed record ShortReservationData(Guid Id, string Reference, decimal Quantity, decimal ShortBy);

/// <summary>The numbers behind an alert, in the product's unit. Numbers that its type does not use are left out.</summary>
/// <param name="Level">The value compared with the threshold: for low stock the available quantity.</param>
/// <param name="Threshold">The limit: for low stock the reorder point.</param>
/// <param name="Events">The events that caused the alert.</param>
public sealed record AlertData(
    [property: Description(
        "Value compared with the threshold. Low stock: the available quantity. Overstock: the quantity on hand. "
            + "Slow moving: the days without an issue. Demand spike: the quantity issued in a day. "
            + "Short reservation: the reserved quantity that is missing"
    )]
        decimal Level,
    [property: Description(
        "Low stock: the reorder point. Overstock: the maximum stock of a store. "
            + "Slow moving: the number of days in the settings. "
            + "Demand spike: the daily quantity above which a day is a spike. Short reservation: 0"
    )]
        decimal Threshold,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] decimal? OnHand = null,
    [property:
        Description("Quantity that sent, confirmed and partial purchase orders have still to deliver"),
        JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)
    ]
        decimal? OnOrder = null,
    [property: Description("Quantity in transit to the store"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        decimal? InTransit = null,
    [property:
        Description("Average quantity per day over the rateDays of the settings: issued (except to suppliers) and sold, less returned"),
        JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)
    ]
        decimal? RatePerDay = null,
    [property: Description("Days until the stock runs out at ratePerDay"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        decimal? DaysLeft = null,
    [property:
        Description("Quantity to order, in whole packs; 0 when enough is coming or drafted"),
        JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)
    ]
        decimal? SuggestedQuantity = null,
    [property: Description("Demand spike: the modified z-score"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        decimal? Score = null,
    [property:
        Description("Demand spike: the median of the daily issues before it"),
        JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)
    ]
        decimal? Median = null,
    [property:
        Description("Ids of the events that caused the alert, as in the audit trail"),
        JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)
    ]
        IReadOnlyList<Guid>? Events = null,
    [property:
        Description("Short reservation: the reservations that stock no longer covers, the most recently opened first, at most 20"),
        JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)
    ]
        IReadOnlyList<ShortReservationData>? Reservations = null
);

/// <summary>The finding of a rule about a stock item.</summary>
public sealed record AlertContent(string Priority, string Title, string Description, AlertData Data);

/// <param name="GeneratedBy">The rule that raised the alert.</param>
public sealed record AlertRaised(
    string Type,
    string Priority,
    string Title,
    string Description,
    Guid? ProductId,
    Guid? StoreId,
    Guid? CategoryId,
    AlertData Data,
    string GeneratedBy
);

/// <summary>The cause persists, with another priority or other numbers.</summary>
public sealed record AlertUpdated(string Priority, string Title, string Description, AlertData Data);

/// <summary>The cause came back soon after the alert had resolved by itself.</summary>
public sealed record AlertReopened(string Priority, string Title, string Description, AlertData Data);

/// <summary>A user acknowledged the alert.</summary>
public sealed record AlertAcknowledged(Guid? By, DateTimeOffset At);

/// <param name="By">The user; null when the alert resolved by itself because its cause was gone.</param>
public sealed record AlertResolved(Guid? By, DateTimeOffset At);

/// <param name="By">The user; null when the ledger dismissed it because the product or store was deactivated.</param>
/// <param name="Reason">The reason of a dismissal without a user.</param>
public sealed record AlertDismissed(
    Guid? By,
    DateTimeOffset At,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Reason = null
);

/// <summary>The cause of an alert that a user had closed is gone. If the cause comes back, a new alert is raised.</summary>
public sealed record AlertCleared(DateTimeOffset At);

/// <summary>A condition that needs attention, until a user closes the alert or its cause is gone.</summary>
/// <param name="Status">active | acknowledged | resolved | dismissed; the first two are open.</param>
/// <param name="AcknowledgedAt">The time of the acknowledgement; null before. It is kept when the alert is reopened.</param>
/// <param name="IsCleared">True when the cause is gone. While the cause persists, an alert that a user closed is not raised again.</param>
public sealed record Alert(
    Guid Id,
    string Type,
    string Priority,
    string Title,
    string Description,
    Guid? ProductId,
    Guid? StoreId,
    Guid? CategoryId,
    AlertData Data,
    string GeneratedBy,
    string Status,
    Guid? AcknowledgedBy = null,
    DateTimeOffset? AcknowledgedAt = null,
    Guid? ResolvedBy = null,
    DateTimeOffset? ResolvedAt = null,
    Guid? DismissedBy = null,
    DateTimeOffset? DismissedAt = null,
    bool IsCleared = false
) : IAggregate<Alert>
{
    public const string Active = "active";
    public const string Acknowledged = "acknowledged";
    public const string Resolved = "resolved";
    public const string Dismissed = "dismissed";

    public static readonly string[] States = [Active, Acknowledged, Resolved, Dismissed];
    public static readonly string[] OpenStates = [Active, Acknowledged];

    /// <summary>The states from which each command is allowed.</summary>
    public static readonly IReadOnlyDictionary<string, string[]> Allowed = new Dictionary<string, string[]>
    {
        ["acknowledge"] = [Active],
        ["resolve"] = OpenStates,
        ["dismiss"] = OpenStates,
    };

    [JsonIgnore]
    public bool IsOpen => OpenStates.Contains(Status);

    public static Alert Fold(Guid id, Alert? alert, object @event) =>
        @event switch
        {
            AlertRaised e => new Alert(
                id,
                e.Type,
                e.Priority,
                e.Title,
                e.Description,
                e.ProductId,
                e.StoreId,
                e.CategoryId,
                e.Data,
                e.GeneratedBy,
                Active
            ),
            AlertUpdated e => alert! with { Priority = e.Priority, Title = e.Title, Description = e.Description, Data = e.Data },
            AlertReopened e => alert! with
            {
                Priority = e.Priority,
                Title = e.Title,
                Description = e.Description,
                Data = e.Data,
                Status = alert.AcknowledgedAt is null ? Active : Acknowledged,
                ResolvedBy = null,
                ResolvedAt = null,
                IsCleared = false,
            },
            AlertAcknowledged e => alert! with { Status = Acknowledged, AcknowledgedBy = e.By, AcknowledgedAt = e.At },
            AlertResolved e => alert! with { Status = Resolved, ResolvedBy = e.By, ResolvedAt = e.At, IsCleared = e.By is null },
            AlertDismissed e => alert! with { Status = Dismissed, DismissedBy = e.By, DismissedAt = e.At, IsCleared = e.By is null },
            AlertCleared => alert! with { IsCleared = true },
            _ => throw new UnknownEventException(typeof(Alert), @event),
        };
}
