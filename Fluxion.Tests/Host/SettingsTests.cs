using Npgsql;

namespace Fluxion.Tests.Host;

/// <summary>
/// A host with an invalid setting exits immediately with code 1. It prints one line with the setting, its value and what is allowed.
/// </summary>
public sealed class SettingsTests(LedgerHost ledger)
{
    private const string Secret = "Pa55-of-nobody";

    /// <summary>The output is one line without a stack trace, and never contains a password.</summary>
    private static async Task<string> Refused(IReadOnlyDictionary<string, string?> environment, params string[] arguments)
    {
        var (exitCode, output) = await HostProcess.Run(environment, arguments);
        exitCode.ShouldBe(1, output);
        output.Trim().ShouldNotContain("\n", Case.Sensitive, "one line");
        output.ShouldStartWith("error: ");
        output.ShouldNotContain("   at ");
        output.ShouldNotContain(Secret);
        return output.Trim();
    }

    private Dictionary<string, string?> With(string name, string? value) =>
        new(HostProcess.Production(ledger.Connections)) { [name] = value };

    [Theory]
    [InlineData("Fluxion__TokenMinutes", "abc", "must be a whole number from 1 to 10080")]
    [InlineData("Fluxion__TokenMinutes", "-5", "must be a whole number from 1 to 10080")]
    [InlineData("Fluxion__TokenMinutes", "0", "must be a whole number from 1 to 10080")]
    [InlineData("Fluxion__TokenMinutes", "1.5", "must be a whole number from 1 to 10080")]
    [InlineData("Fluxion__TokenMinutes", "99999999999", "must be a whole number from 1 to 10080")]
    [InlineData("Fluxion__SignInsPerMinute", "0", "must be a whole number from 1 to 1000000")]
    [InlineData("Fluxion__SignInsPerMinute", "many", "must be a whole number from 1 to 1000000")]
    [InlineData("Fluxion__TrustedProxies", "proxy.local", "'proxy.local' is neither")]
    [InlineData("Fluxion__TrustedProxies", "10.1", "'10.1' is neither")]
    [InlineData("Fluxion__TrustedProxies", "10.0.0.7, 10.0.0.1/8", "In '10.0.0.1/8' the bits after the prefix must be 0")]
    [InlineData("Fluxion__TrustedProxies", "10.0.0.0/33", "must be addresses and CIDR networks")]
    [InlineData("Fluxion__TrustedProxies", "0.0.0.0/0", "every address there is")]
    [InlineData("Fluxion__TrustedProxies", "::/0", "every address there is")]
    [InlineData("ASPNETCORE_FORWARDEDHEADERS_ENABLED", "true", "Fluxion__TrustedProxies")]
    [InlineData("ASPNETCORE_URLS", "nowhere", "must be addresses such as")]
    [InlineData("ASPNETCORE_URLS", "ftp://localhost:5080", "must be addresses such as")]
    [InlineData("ASPNETCORE_URLS", "http://localhost:99999", "must be addresses such as")]
    [InlineData("ASPNETCORE_HTTP_PORTS", "web", "must be ports from 1 to 65535")]
    [InlineData("ASPNETCORE_HTTP_PORTS", "80800", "must be ports from 1 to 65535")]
    [InlineData("Kestrel__Endpoints__Web__Url", "nowhere", "must be addresses such as")]
    [InlineData("Fluxion__TokenMinutes", "0x10", "must be a whole number from 1 to 10080")]
    [InlineData("Logging__LogLevel__Default", "Chatty", "must be one of: Trace, Debug")]
    [InlineData("Logging__Console__LogLevel__Fluxion", "5x", "must be one of: Trace, Debug")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "abc", "must be a URL")]
    [InlineData("OTEL_EXPORTER_OTLP_TIMEOUT", "foo", "must be a number of milliseconds")]
    public async Task an_invalid_setting_stops_the_start_with_its_value_and_the_allowed_ones(string name, string value, string allowed)
    {
        var message = await Refused(With(name, value));
        message.ShouldContain(name.Replace("ASPNETCORE_URLS", "Urls", StringComparison.Ordinal));
        message.ShouldContain(value);
        message.ShouldContain(allowed);
    }

    [Fact]
    public async Task an_unknown_setting_stops_the_start_with_the_known_ones() =>
        (await Refused(With("Fluxion__TokenMinute", "90"))).ShouldBe(
            "error: Fluxion__TokenMinute is not a setting: "
                + "there are Fluxion__SigningKey, Fluxion__TokenMinutes, Fluxion__SignInsPerMinute, Fluxion__TrustedProxies."
        );

    [Fact]
    public async Task all_invalid_settings_are_reported_at_once()
    {
        var message = await Refused(
            new Dictionary<string, string?>(With("Fluxion__TokenMinutes", "abc"))
            {
                ["Fluxion__SignInsPerMinute"] = "0",
                ["Fluxion__SigningKey"] = Secret,
            }
        );
        foreach (var name in (string[])["Fluxion__TokenMinutes", "Fluxion__SignInsPerMinute", "Fluxion__SigningKey"])
            message.ShouldContain(name);
    }

    [Theory]
    [InlineData("Fluxion", "nonsense", "is not a connection string")]
    [InlineData("Fluxion", $"Host=h;Database=d;Username=u;Port=x;Password={Secret}", "is not a connection string")]
    [InlineData("Fluxion", $"Host=h;Database=d;Username=u;Password=a;{Secret}=b", "is not a connection string")]
    [InlineData("Fluxion", $"Database=d;Username=u;Password={Secret}", "must name the Host")]
    [InlineData("Fluxion", $"Host=h;Username=u;Password={Secret}", "must name the Database")]
    [InlineData("Fluxion", $"Host=h;Database=d;Password={Secret}", "must name the Username")]
    [InlineData("Fluxion", $"Host=h;Database=d;Username=u;Password={Secret};Pooling=false", "Pooling=false")]
    [InlineData("Fluxion", $"Host=h;Database=d;Username=u;Password={Secret};Multiplexing=true", "Multiplexing=true")]
    [InlineData(
        "Fluxion",
        $"Host=h;Database=d;Username=u;Password={Secret};Maximum Pool Size=4",
        "Maximum Pool Size=4: it must be 24 or more"
    )]
    [InlineData(
        "FluxionOwner",
        $"Host=h;Database=d;Username=u;Password={Secret};Maximum Pool Size=4",
        "Maximum Pool Size=4: it must be 20 or more"
    )]
    [InlineData("FluxionOwner", $"Host=h;Database=d;Password={Secret}", "must name the Username")]
    public async Task an_unusable_connection_string_is_reported_without_its_content(string name, string value, string why)
    {
        var message = await Refused(With($"ConnectionStrings__{name}", value));
        message.ShouldStartWith($"error: ConnectionStrings__{name} ");
        message.ShouldContain(why);
    }

    [Theory]
    [InlineData("Development")]
    [InlineData("Production")]
    public async Task the_owners_connection_without_that_of_the_service_is_refused(string environment)
    {
        var owner = new Dictionary<string, string?>(HostProcess.Production(ledger.Connections))
        {
            ["ConnectionStrings__Fluxion"] = null,
            ["ASPNETCORE_ENVIRONMENT"] = environment,
        };
        (await Refused(owner)).ShouldContain("ConnectionStrings__Fluxion is not");
    }

    [Theory]
    [InlineData("FLUXION_DATABASE_PORT", "abc", "a port from 1 to 65535")]
    [InlineData("FLUXION_DATABASE_PORT", "70000", "a port from 1 to 65535")]
    [InlineData("FLUXION_DATABASE_KEEP", "perhaps", "true or false")]
    [InlineData("FLUXION_DEBIAN_MIRROR", "debian", "an address such as http")]
    public async Task an_invalid_variable_of_the_embedded_database_is_reported(string name, string value, string allowed) =>
        (await Refused(new Dictionary<string, string?> { ["ASPNETCORE_ENVIRONMENT"] = "Development", [name] = value })).ShouldBe(
            $"error: {name} is '{value}': it must be {allowed}"
                + (
                    name == "FLUXION_DEBIAN_MIRROR" ? "://deb.debian.org/debian."
                    : name == "FLUXION_DATABASE_PORT" ? ", or 0 for any that is free."
                    : "."
                )
        );

    [Theory]
    [InlineData]
    [InlineData("tenants", "list")]
    public async Task a_missing_or_old_schema_without_the_owners_connection_is_reported_with_the_remedy(params string[] command)
    {
        await using var database = await ledger.NewDatabase();
        var service = HostProcess.Production(database.Connections with { Owner = null });
        (await Refused(service, command)).ShouldBe(
            $"error: The database '{database.Name}' has no ledger, or one that is older than this version: "
                + "run 'database migrate' with ConnectionStrings__FluxionOwner set."
        );

        (await HostProcess.Run(HostProcess.Production(database.Connections), "database", "migrate")).ExitCode.ShouldBe(0);
        await using var superuser = await database.OpenSuperuser();
        foreach (
            var (schema, script) in ((string, string)[])
                [("shared", "shared/0041_scan_interval.sql"), ("template", "tenant/0051_replays.sql")]
        )
        {
            var name = script.Split('/')[1];
            await superuser.Execute($"delete from {schema}.schema_versions where scriptname = '{name}'");
            (await Refused(service, command)).ShouldContain($"is older than this version, which needs {script}: run 'database migrate'");
            await superuser.Execute($"insert into {schema}.schema_versions (scriptname, applied) values ('{name}', now())");
        }
        (await HostProcess.Run(service, "tenants", "list")).ExitCode.ShouldBe(0); // a newer schema would be accepted as well
    }

    [Theory]
    [InlineData("superuser", "is a superuser")]
    [InlineData("bypassrls", "bypasses row level security (BYPASSRLS)")]
    [InlineData("in role fluxion_owner", "owns the schemas, as fluxion_owner does")]
    public async Task a_service_role_that_bypasses_row_level_security_is_refused_outside_development(string attribute, string why)
    {
        await using var database = await ledger.NewDatabase();
        (await HostProcess.Run(HostProcess.Production(database.Connections), "database", "migrate")).ExitCode.ShouldBe(0);
        await using var superuser = await database.OpenSuperuser();
        var role = $"too_much_{Guid.CreateVersion7():N}";
        await superuser.Execute($"create role {role} login password '{Secret}' {attribute}; grant fluxion_app to {role}");
        try
        {
            var connections = database.Connections with
            {
                Service = new NpgsqlConnectionStringBuilder(database.Connections.Service)
                {
                    Username = role,
                    Password = Secret,
                }.ConnectionString,
            };
            (await Refused(HostProcess.Production(connections))).ShouldBe(
                $"error: ConnectionStrings__Fluxion connects as '{role}', which {why}: "
                    + "nothing would keep the tenants apart. It must be fluxion_app, or a role with no more rights."
            );
            await using var host = await HostProcess.Serve(connections); // in Development
            host.Output.ShouldContain($"connects as '{role}', which {why}: outside Development the host would not start");
        }
        finally
        {
            NpgsqlConnection.ClearAllPools();
            await superuser.Execute($"drop owned by {role}; drop role {role}");
        }
    }

    [Theory]
    [InlineData("retention.events", "never", "must be an interval from 1 day to 1000 years, for example")]
    [InlineData("retention.forecasts", "-1 year", "must be an interval from 1 day to 1000 years, for example")]
    [InlineData("retention.idempotency_keys", "1 minute", "must be an interval from 1 day to 1000 years, for example 30 days")]
    [InlineData("retention.event", "1 year", "is not a setting: there are retention.forecasts, ")]
    [InlineData("alerts.scan_interval", "1 minute", "must be an interval from 5 minutes to 7 days")]
    public async Task an_invalid_database_setting_cannot_be_stored_and_an_existing_one_is_reported_at_start(
        string key,
        string value,
        string allowed
    )
    {
        await using var database = await ledger.NewDatabase();
        (await HostProcess.Run(HostProcess.Production(database.Connections), "database", "migrate")).ExitCode.ShouldBe(0);
        await using var superuser = await database.OpenSuperuser();
        var set = $"""
            insert into shared.system_config (key, value)
            values ('{key}', '{value}') on conflict (key) do update set value = excluded.value
            """;
        (await superuser.Failure(set)).ShouldBe(PostgresErrorCodes.CheckViolation);

        await superuser.Execute(
            $"""
            alter table shared.system_config drop constraint system_config_setting_check, drop constraint system_config_scan_interval_check;
            {set}
            """
        );
        var message = await Refused(HostProcess.Production(database.Connections));
        message.ShouldStartWith($"error: {key} in shared.system_config is '{value}': it {allowed}");
    }

    [Theory]
    [InlineData("soon", false)]
    [InlineData("-2 years", false)]
    [InlineData("1 minute", false)]
    [InlineData("2 years", true)]
    [InlineData("", true)]
    public async Task the_idempotency_retention_of_a_tenant_is_checked_when_it_is_set(string value, bool isAllowed)
    {
        await using var superuser = await ledger.OpenSuperuser();
        var set = $"""
            update shared.tenants set settings = jsonb_build_object('retention', jsonb_build_object('idempotency_keys', '{value}'))
            where slug = 'fluxion-demo'
            """;
        (await superuser.Failure($"{set}; do $$ begin assert false; end $$")).ShouldBe(
            isAllowed ? PostgresErrorCodes.AssertFailure : PostgresErrorCodes.CheckViolation
        );
    }
}
