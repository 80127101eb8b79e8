using Fluxion.Host.Database;
using Fluxion.Host.Demo;
using Fluxion.Ledger.Access;
using Fluxion.Ledger.Tenancy;
using Fluxion.Tests.Host;
using Fluxion.Tests.Tenancy;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Fluxion.Tests.Access;

/// <summary>Analysts: logins that read a tenant's tables in SQL.</summary>
public sealed class AnalystTests(LedgerHost host) : IAsyncLifetime
{
    private const string Password = "contraseña, larga";
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly string _login = $"bi_{Guid.CreateVersion7().ToString("N")[^12..]}";
    private Tenant _demo = null!;
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private Analysts Analysts => new(host.Services.GetRequiredService<Databases>());

    public async ValueTask InitializeAsync() =>
        _demo = (await host.Services.GetRequiredService<TenantRegistry>().Find(DemoTenant.Slug, Ct))!;

    public async ValueTask DisposeAsync()
    {
        await using var superuser = await host.OpenSuperuser();
        await superuser.DropLogins(_login);
    }

    private static string ConnectionString(string login, DatabaseConnections database) =>
        new NpgsqlConnectionStringBuilder(database.Service) { Username = login, Password = Password }.ConnectionString;

    private Task<NpgsqlConnection> Connect(string password = Password) =>
        Sql.Open(new NpgsqlConnectionStringBuilder(host.Connections.Service) { Username = _login, Password = password }.ConnectionString);

    private static async Task<string> Refusal(Func<Task> act) => (await act.ShouldThrowAsync<PostgresException>()).SqlState;

    [Fact]
    public async Task a_granted_login_reads_its_tenant_and_nothing_else()
    {
        (await Analysts.Grant(_demo, _login, Password, Minute, 5, Ct)).ShouldBeTrue();
        await using var analyst = await Connect();
        (await analyst.Column<long>("select count(*) from products join inventory on inventory.product_id = products.id"))
            .Single()
            .ShouldBePositive();
        (
            await analyst.Rows("select time_bucket('1 day', created_at) d, sum(quantity) from inventory_movements group by d")
        ).ShouldNotBeEmpty();
        foreach (
            var (setting, value) in ((string, string)[])
                [("search_path", $"{_demo.Schema}, public"), ("default_transaction_read_only", "on"), ("statement_timeout", "1min")]
        )
            (await analyst.Column<string>($"show {setting}")).ShouldBe([value]);

        (await analyst.Failure("insert into stores (id, code, name, type) values (gen_random_uuid(), 'X', 'x', 'store')")).ShouldBe(
            PostgresErrorCodes.ReadOnlySqlTransaction
        );
        await analyst.Execute("set session characteristics as transaction read write");
        (await analyst.Failure("insert into stores (id, code, name, type) values (gen_random_uuid(), 'X', 'x', 'store')")).ShouldBe(
            Sql.Refused,
            "the grants hold, whatever a session sets"
        );
        (await analyst.Failure("select * from shared.tenants")).ShouldBe(Sql.Refused);
        (await analyst.Failure($"set role {Analysts.RoleOf(_demo)}")).ShouldBe(Sql.Refused);
    }

    [Fact]
    public async Task a_second_grant_changes_the_limits_and_not_the_password()
    {
        await Analysts.Grant(_demo, _login, Password, TimeSpan.FromSeconds(1), 1, Ct);
        await using (var analyst = await Connect())
        {
            (await analyst.Failure("select pg_sleep(30)")).ShouldBe(PostgresErrorCodes.QueryCanceled);
            (await Refusal(() => Connect())).ShouldBe(PostgresErrorCodes.TooManyConnections);
        }

        (await Analysts.Grant(_demo, _login, "not its password", Minute, 2, Ct)).ShouldBeFalse();
        await using var first = await Connect();
        await using var second = await Connect();
        (await second.Column<string>("show statement_timeout")).ShouldBe(["1min"]);
        (await Analysts.List([_demo], Ct)).ShouldContain(new Analyst(_login, $"{_demo.Schema}_analyst", "60s", 2, 2, IsOurs: true));
    }

    [Fact]
    public async Task revoking_a_login_drops_its_role_and_ends_its_sessions()
    {
        await Analysts.Grant(_demo, _login, Password, Minute, 5, Ct);
        await using var analyst = await Connect();
        await analyst.Execute("begin; select * from products");
        await Analysts.Revoke(_demo, _login, Ct);
        (await Refusal(() => analyst.Execute("select 1"))).ShouldBe(PostgresErrorCodes.AdminShutdown);
        (await Refusal(() => Connect())).ShouldBe(PostgresErrorCodes.InvalidPassword);
        await using var superuser = await host.OpenSuperuser();
        (await superuser.Rows($"select from pg_roles where rolname = '{_login}'")).ShouldBeEmpty();
        (await Should.ThrowAsync<AnalystException>(() => Analysts.Revoke(_demo, _login, Ct))).Message.ShouldContain("There is no analyst");
    }

    [Fact]
    public async Task a_new_password_ends_the_existing_sessions()
    {
        await Analysts.Grant(_demo, _login, Password, Minute, 5, Ct);
        await using var analyst = await Connect();
        await Analysts.Rotate(_demo, _login, "another password", Ct);
        (await Refusal(() => analyst.Execute("select 1"))).ShouldBe(PostgresErrorCodes.AdminShutdown);
        (await Refusal(() => Connect())).ShouldBe(PostgresErrorCodes.InvalidPassword);
        await using var again = await Connect("another password");
        await using var superuser = await host.OpenSuperuser();
        (
            await superuser.Rows(
                $"select from pg_auth_members where member = 'fluxion_owner'::regrole and roleid = '{_login}'::regrole and inherit_option"
            )
        ).ShouldBeEmpty("the owner has not kept the rights of an analyst");
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("Bi_Reader")]
    [InlineData("bi-reader")]
    [InlineData("1bi")]
    [InlineData("bi reader")]
    [InlineData("bi\"; drop role fluxion_app; --")]
    [InlineData("bi_reader\n")]
    [InlineData("a23456789012345678901234567890123456789012345678901234567890abcd")]
    [InlineData("postgres")]
    [InlineData("public")]
    [InlineData("pg_read_all_data")]
    [InlineData("fluxion_owner")]
    [InlineData("tenant_acme_analyst")]
    public void reserved_and_malformed_login_names_are_refused(string login) => Analysts.ValidationError(login).ShouldNotBeNull();

    [Theory]
    [InlineData("bi_reader")]
    [InlineData("user")] // a keyword, but a valid name once quoted
    [InlineData("a23456789012345678901234567890123456789012345678901234567890abc")]
    public void valid_login_names_are_accepted(string login) => Analysts.ValidationError(login).ShouldBeNull();

    [Fact]
    public async Task an_existing_role_cannot_be_granted_rotated_or_revoked_as_an_analyst()
    {
        var other = await TestTenant.Create(host);
        var theirs = other.Registered;
        await Analysts.Grant(theirs, _login, Password, Minute, 5, Ct);
        var byHand = $"hand_{_login}";
        await using var superuser = await host.OpenSuperuser();
        await superuser.Execute(
            $"""
            create role {byHand} login in role {Analysts.RoleOf(_demo)};
            grant connect on database {host.Database} to {byHand}
            """
        );
        try
        {
            // none of these is an analyst of the demo tenant: another tenant's analyst, system roles, group roles, and a role that a
            // superuser made
            foreach (
                var taken in (string[])
                    [_login, "fluxion_app", "fluxion_owner", "postgres", Analysts.RoleOf(theirs), Analysts.RoleOf(_demo), byHand]
            )
            {
                foreach (
                    var act in (Func<Task>[])
                        [
                            () => Analysts.Grant(_demo, taken, Password, Minute, 5, Ct),
                            () => Analysts.Rotate(_demo, taken, Password, Ct),
                            () => Analysts.Revoke(_demo, taken, Ct),
                        ]
                )
                    (await act.ShouldThrowAsync<AnalystException>()).Message.ShouldContain($"'{taken}'");
            }
            var logins = (await Analysts.List([_demo], Ct)).ToDictionary(a => a.Login, a => a.IsOurs);
            logins[byHand].ShouldBeFalse("it is shown nevertheless: it reads the tenant");
            logins.Keys.ShouldNotContain(_login);
            logins.Keys.ShouldNotContain("fluxion_owner");
        }
        finally
        {
            await superuser.DropLogins(byHand);
        }
        await using var analyst = await Connect();
        (await analyst.Failure($"select * from {_demo.Schema}.products")).ShouldBe(Sql.Refused);
    }

    [Fact]
    public async Task an_analyst_connects_only_to_the_database_of_the_tenant()
    {
        await using var database = await host.NewDatabase();
        await using var another = MigrationTests.NewHost(database.Connections);
        await another.Prepare(database.Connections, Ct); // this creates a demo tenant
        var theirs = (await another.Services.GetRequiredService<TenantRegistry>().Find(DemoTenant.Slug, Ct))!;
        var analystsThere = new Analysts(another.Services.GetRequiredService<Databases>());
        string There(string login) => ConnectionString(login, database.Connections);

        await Analysts.Grant(_demo, _login, Password, Minute, 5, Ct);
        (await Refusal(() => Sql.Open(There(_login)))).ShouldBe(Sql.Refused);
        (await analystsThere.List([theirs], Ct)).ShouldBeEmpty();
        Func<Task>[] acts =
        [
            () => analystsThere.Grant(theirs, _login, Password, Minute, 5, Ct),
            () => analystsThere.Rotate(theirs, _login, Password, Ct),
            () => analystsThere.Revoke(theirs, _login, Ct),
        ];
        foreach (var act in acts)
            (await act.ShouldThrowAsync<AnalystException>()).Message.ShouldContain("names are shared by the whole server");
        var other = $"other{_login}";
        await analystsThere.Grant(theirs, other, Password, Minute, 5, Ct);
        await using (var there = await Sql.Open(There(other)))
            (await there.Rows("select * from products")).ShouldNotBeEmpty();
        (await Refusal(() => Sql.Open(ConnectionString(other, host.Connections)))).ShouldBe(Sql.Refused);
        (await analystsThere.Revoke(theirs, other, Ct)).ShouldBeTrue();
        await using var here = await Connect();
        (await here.Rows("select * from products")).ShouldNotBeEmpty();
    }

    [Fact]
    public async Task analysts_of_the_previous_version_keep_access_and_can_be_revoked()
    {
        await using var database = await host.NewDatabase();
        await using var another = MigrationTests.NewHost(database.Connections);
        await another.Prepare(database.Connections, Ct);
        var theirs = (await another.Services.GetRequiredService<TenantRegistry>().Find(DemoTenant.Slug, Ct))!;
        var analystsThere = new Analysts(another.Services.GetRequiredService<Databases>());
        await analystsThere.Grant(theirs, _login, Password, Minute, 5, Ct);
        string There() => ConnectionString(_login, database.Connections);
        await using var superuser = await database.OpenSuperuser();
        // the schema of the previous version: every analyst had access through the one group role
        await superuser.Execute(
            $"""
            set role fluxion_owner;
            revoke connect on database {database.Name} from {_login};
            reset role;
            grant connect on database {database.Name} to fluxion_analyst
            """
        );
        await DatabaseInitialization.Run(database.Superuser("postgres").ConnectionString, database.Connections, setPasswords: true, Ct);

        (await superuser.Column<bool>("select has_database_privilege('fluxion_analyst', current_database(), 'connect')")).ShouldBe([false]);
        await using (var analyst = await Sql.Open(There()))
            (await analyst.Rows("select * from products")).ShouldNotBeEmpty();
        (await analystsThere.Revoke(theirs, _login, Ct)).ShouldBeTrue();
        (await Refusal(() => Sql.Open(There()))).ShouldBe(PostgresErrorCodes.InvalidPassword);
    }

    [Fact]
    public async Task one_of_several_concurrent_grants_of_one_name_creates_the_login()
    {
        var grants = await Task.WhenAll(
            Enumerable
                .Range(0, 4)
                .Select(async _ =>
                {
                    try
                    {
                        return await Analysts.Grant(_demo, _login, Password, Minute, 5, Ct) ? "made" : "changed";
                    }
                    // XX000: tuple concurrently updated
                    catch (Exception e) when (e is AnalystException or PostgresException { SqlState: "XX000" })
                    {
                        return "refused";
                    }
                })
        );
        grants.Count(g => g == "made").ShouldBe(1);
        await using var analyst = await Connect();
    }
}
