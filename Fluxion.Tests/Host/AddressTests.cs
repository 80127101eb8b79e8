using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using Fluxion.Host.Demo;

namespace Fluxion.Tests.Host;

/// <summary>A host with configured trusted proxies.</summary>
public sealed class ProxiedHost(LedgerHost ledger) : IAsyncLifetime
{
    public HostProcess Process { get; private set; } = null!;

    public async ValueTask InitializeAsync() =>
        Process = await HostProcess.Serve(
            new Dictionary<string, string?>(HostProcess.Development(ledger.Connections))
            {
                ["Fluxion__TrustedProxies"] = "127.0.0.1, 10.0.0.0/8, 192.0.2.7, fd00::/8",
            },
            "--urls",
            "http://127.0.0.1:0"
        );

    public ValueTask DisposeAsync() => Process.DisposeAsync();
}

/// <summary>Tests of the address on which a host serves, and of the client address that it records. The hosts are the tests' own.</summary>
public sealed class AddressTests(LedgerHost ledger, ProxiedHost proxied) : IClassFixture<ProxiedHost>
{
    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private Dictionary<string, string?> With(params (string Name, string Value)[] variables)
    {
        var environment = HostProcess.Development(ledger.Connections);
        foreach (var (name, value) in variables)
            environment[name] = value;
        return environment;
    }

    [Theory]
    [InlineData("ASPNETCORE_URLS", "http://127.0.0.1:{port}")]
    [InlineData("DOTNET_URLS", "http://127.0.0.1:{port}")]
    [InlineData("URLS", "http://127.0.0.1:{port}")]
    [InlineData("Urls", "http://127.0.0.1:{port}")]
    [InlineData("ASPNETCORE_URLS", "http://+:{port}")]
    [InlineData("ASPNETCORE_HTTP_PORTS", "{port}")]
    [InlineData("DOTNET_HTTP_PORTS", "{port}")]
    [InlineData("HTTP_PORTS", "{port}")]
    [InlineData("Kestrel__Endpoints__Web__Url", "http://127.0.0.1:{port}")]
    [InlineData("--urls", "http://127.0.0.1:{port}")]
    public async Task the_host_serves_on_the_address_of_each_standard_setting(string way, string value)
    {
        var port = FreePort();
        value = value.Replace("{port}", $"{port}", StringComparison.Ordinal);
        await using var host = way == "--urls" ? await HostProcess.Serve(With(), way, value) : await HostProcess.Serve(With((way, value)));
        host.Address.Port.ShouldBe(port);
    }

    [Fact]
    public async Task the_command_line_overrides_the_environment()
    {
        var (used, overridden) = (FreePort(), FreePort());
        await using var host = await HostProcess.Serve(
            With(("ASPNETCORE_URLS", $"http://127.0.0.1:{overridden}")),
            "--urls",
            $"http://127.0.0.1:{used}"
        );
        host.Address.Port.ShouldBe(used);
    }

    [Fact]
    public async Task the_host_serves_on_port_5080_by_default()
    {
        using var other = new TcpListener(IPAddress.Loopback, 5080);
        try
        {
            other.Start();
        }
        catch (SocketException)
        {
            // another process serves at that address already
        }
        var (exitCode, output) = await HostProcess.Run(HostProcess.Production(ledger.Connections));
        exitCode.ShouldBe(1, output);
        output
            .Trim()
            .ShouldBe(
                "error: Failed to bind to address http://127.0.0.1:5080: address already in use. End what serves there, "
                    + "or serve elsewhere: --urls http://localhost:5081"
            );
    }

    /// <summary>The client address in the audit trail of a command that was sent with these headers.</summary>
    private static async Task<string?> AuditedAddress(HostProcess host, params string[] forwardedFor)
    {
        using var http = host.NewClient();
        foreach (var value in forwardedFor)
            http.DefaultRequestHeaders.TryAddWithoutValidation("X-Forwarded-For", value);
        var client = await Client.SignIn(http, DemoTenant.Slug, DemoTenant.Email("admin"), DemoTenant.Password);
        var code = $"A-{Guid.CreateVersion7().ToString("N")[^12..].ToUpperInvariant()}";
        var id = (await client.Post("stores", new { code, name = code })).ShouldBe(201).Json["id"]!.GetValue<string>();
        return (await client.Get($"events?entityId={id}")).ShouldBe(200).Json["items"]![0]!["ipAddress"]?.GetValue<string>();
    }

    [Fact]
    public async Task forwarded_headers_are_ignored_without_trusted_proxies()
    {
        await using var host = await HostProcess.Serve(ledger.Connections);
        (await AuditedAddress(host, "203.0.113.9")).ShouldBe("127.0.0.1");
    }

    [Theory]
    [InlineData("203.0.113.9", "203.0.113.9")]
    [InlineData("203.0.113.9, 10.2.3.4", "203.0.113.9", "several hops, each a proxy that is named")]
    [InlineData("203.0.113.9, 10.2.3.4, 192.0.2.7", "203.0.113.9", "one of them by its address")]
    [InlineData("198.51.100.1, 203.0.113.9", "203.0.113.9", "the left part was sent by the client")]
    [InlineData("10.2.3.4, 203.0.113.9", "203.0.113.9", "also when it names a proxy")]
    [InlineData("127.0.0.1, 10.9.9.9, 203.0.113.9, 10.2.3.4", "203.0.113.9")]
    [InlineData("2001:db8::7", "2001:db8::7")]
    [InlineData("[2001:db8::7]:4711", "2001:db8::7", "with brackets and port")]
    [InlineData("2001:db8::7, fd00::1", "2001:db8::7")]
    [InlineData("::ffff:203.0.113.9", "203.0.113.9")]
    [InlineData("203.0.113.9:4711", "203.0.113.9", "with its port")]
    [InlineData("unknown", "127.0.0.1", "no address at all")]
    [InlineData("203.0.113.9, nonsense, 10.2.3.4", "10.2.3.4", "as far as it can be read")]
    public async Task forwarded_headers_are_trusted_only_from_trusted_proxies(string forwardedFor, string address, string? why = null)
    {
        (await AuditedAddress(proxied.Process, forwardedFor)).ShouldBe(address, why);
        (await AuditedAddress(proxied.Process, forwardedFor.Split(", "))).ShouldBe(address, "a header for each hop says the same");
    }

    [Fact]
    public async Task an_untrusted_proxy_cannot_set_the_client_address()
    {
        await using var host = await HostProcess.Serve(With(("Fluxion__TrustedProxies", "10.0.0.0/8")), "--urls", "http://127.0.0.1:0");
        (await AuditedAddress(host, "203.0.113.9")).ShouldBe("127.0.0.1");
    }

    [Fact]
    public async Task a_proxy_on_a_dual_stack_listener_is_recognized_by_its_ipv4_address()
    {
        await using var host = await HostProcess.Serve(
            With(("Fluxion__TrustedProxies", "127.0.0.1"), ("ASPNETCORE_HTTP_PORTS", $"{FreePort()}"))
        );
        (await AuditedAddress(host, "203.0.113.9")).ShouldBe("203.0.113.9");
    }

    [Fact]
    public async Task the_sign_in_limit_applies_to_each_client_behind_a_proxy_and_each_ipv6_network()
    {
        await using var host = await HostProcess.Serve(
            With(("Fluxion__TrustedProxies", "127.0.0.1"), ("Fluxion__SignInsPerMinute", "2")),
            "--urls",
            "http://127.0.0.1:0"
        );
        using var http = host.NewClient();
        async Task<int> SignIn(string address)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/token")
            {
                Headers = { { "X-Forwarded-For", address } },
                Content = JsonContent.Create(
                    new
                    {
                        tenant = DemoTenant.Slug,
                        email = DemoTenant.Email("user"),
                        password = DemoTenant.Password,
                    }
                ),
            };
            using var answer = await http.SendAsync(request);
            if (answer.StatusCode != HttpStatusCode.OK)
                answer.Headers.RetryAfter.ShouldNotBeNull();
            return (int)answer.StatusCode;
        }

        foreach (var client in (string[])["203.0.113.9", "203.0.113.10"])
        {
            (await SignIn(client)).ShouldBe(200);
            (await SignIn($"198.51.100.{client[^1]}, {client}")).ShouldBe(200);
            (await SignIn($"198.51.100.99, {client}")).ShouldBe(429, "what a client puts before its address changes nothing");
        }
        (await SignIn("2001:db8:0:1::1")).ShouldBe(200);
        (await SignIn("2001:db8:0:1::2")).ShouldBe(200);
        (await SignIn("2001:db8:0:1:ffff::3")).ShouldBe(429, "a client has 2^64 addresses");
        (await SignIn("2001:db8:0:2::1")).ShouldBe(200);
    }
}
