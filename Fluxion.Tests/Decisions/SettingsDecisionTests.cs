using Fluxion.Ledger.Tenancy;
using static Fluxion.Tests.Decisions.Given;

namespace Fluxion.Tests.Decisions;

public sealed class SettingsDecisionTests
{
    private static readonly TenantSettings Settings = Folded<TenantSettings>(
        new SettingsChanged(5, new AlertSettings(RateDays: 14), "America/Caracas", PricesIncludeTax: true, AllowsRepeatedReferences: true)
    );

    private static IReadOnlyList<object> Events(ChangeSettings command, TenantSettings? settings) =>
        ChangeSettingsEndpoint.Decide(command, Settings.Id, settings).ShouldBeAccepted().Events();

    [Fact]
    public void the_first_change_is_recorded_even_if_it_sets_the_defaults() =>
        Events(new ChangeSettings(0), null).ShouldBe([new SettingsChanged(0)]);

    [Fact]
    public void an_omitted_time_zone_and_omitted_switches_stay_and_omitted_alerts_get_their_defaults() =>
        Events(new ChangeSettings(7.5m), Settings)
            .ShouldBe([new SettingsChanged(7.5m, null, "America/Caracas", PricesIncludeTax: true, AllowsRepeatedReferences: true)]);

    [Fact]
    public void unique_references_are_the_opposite_of_repeated_ones() =>
        Events(new ChangeSettings(5, Settings.Alerts, UniqueReferences: true), Settings)
            .ShouldBe([new SettingsChanged(5, Settings.Alerts, "America/Caracas", PricesIncludeTax: true)]);

    [Fact]
    public void equal_settings_change_nothing() => Events(new ChangeSettings(5, new AlertSettings(RateDays: 14)), Settings).ShouldBeEmpty();

    [Fact]
    public void alerts_at_their_defaults_equal_omitted_ones() =>
        Events(new ChangeSettings(5, AlertSettings.Default), Settings with { Alerts = null }).ShouldBeEmpty();
}
