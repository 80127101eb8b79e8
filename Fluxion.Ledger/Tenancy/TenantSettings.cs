using System.ComponentModel;
using FluentValidation;
using Fluxion.Ledger.Access;
using Fluxion.Ledger.Commands;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Wolverine.Http;

namespace Fluxion.Ledger.Tenancy;

public sealed record SettingsChanged(decimal OverReceiptPercent);

/// <summary>A tenant's own rules; its stream has the tenant's id. Before the first change all are 0.</summary>
/// <param name="OverReceiptPercent">How much more than ordered may be received of each line of a purchase order.</param>
public sealed record TenantSettings(Guid Id, decimal OverReceiptPercent) : IAggregate<TenantSettings>
{
    public static TenantSettings Fold(Guid id, TenantSettings? settings, object @event) => @event switch
    {
        SettingsChanged e => new TenantSettings(id, e.OverReceiptPercent),
        _ => throw new UnknownEventException(typeof(TenantSettings), @event),
    };
}

/// <summary>All settings of the tenant are set anew.</summary>
[Example("""{"overReceiptPercent":0}""")]
public sealed record ChangeSettings(
    [property: Description("From 0 to 100, at most 2 decimals: how much more than ordered may be received of each line of a purchase order")] decimal OverReceiptPercent)
{
    public sealed class Validator : AbstractValidator<ChangeSettings>
    {
        public Validator() => RuleFor(c => c.OverReceiptPercent).Must(p => p is >= 0 and <= 100 && Quantities.HasDecimals(p, 2))
            .WithMessage("is a percentage from 0 to 100 with at most 2 decimals");
    }
}

public sealed record SettingsReply(decimal OverReceiptPercent);

public static class ChangeSettingsEndpoint
{
    [WolverinePut("/api/{tenant}/settings", Name = "Change settings"), Authorize(Roles.Admin), Tags("Settings")]
    [EndpointSummary("Set the tenant's own rules")]
    [EndpointDescription("They hold for every command from then on. Setting them to what they are changes nothing.")]
    [ProducesResponseType<SettingsReply>(200)]
    public static Task<IResult> Put(ChangeSettings command, LedgerSession ledger, HttpContext http) =>
        ledger.Run(http, command, async ct =>
        {
            var id = ledger.Tenant.Id;
            var settings = (await ledger.Lock<TenantSettings>([id], create: true, ct))[id];
            if (settings?.OverReceiptPercent != command.OverReceiptPercent)
                settings = ledger.Append<TenantSettings>(id, new SettingsChanged(command.OverReceiptPercent));
            return Reply.Ok(new SettingsReply(settings.OverReceiptPercent));
        });
}
