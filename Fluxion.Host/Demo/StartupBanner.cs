using Fluxion.Host.Database;

namespace Fluxion.Host.Demo;

/// <summary>The banner for newcomers when the host serves: its address, the accounts, and three commands that work as pasted.</summary>
public static class StartupBanner
{
    public static void Print(WebApplication app, DatabaseConnections connections)
    {
        if (!app.Environment.IsDevelopment())
            return;
        var address = app.Urls.FirstOrDefault() ?? "http://localhost:5080";
        Console.WriteLine(
            $"""

            Fluxion Ledger {HostVersion.Text} serves on {address}   (reference: {address}/docs, Ctrl-C stops)

              Tenant    {DemoTenant.Slug}
              Accounts  {string.Join(", ", DemoTenant.Accounts)}
              Platform  {DemoTenant.PlatformAccount} (no tenant)
              Password  {DemoTenant.Password}
              Database  {Database(connections)}

            A token, a receipt of 10, and the stock after it:

            TOKEN=$(curl -s {address}/api/token -H 'Content-Type: application/json' \
              -d '{$$"""{"tenant":"{{DemoTenant.Slug}}","email":"{{DemoTenant.Email("user")}}","password":"{{DemoTenant.Password}}"}"""}' \
              | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
            curl -s {address}/api/{DemoTenant.Slug}/stock/receipts -H "Authorization: Bearer $TOKEN" \
              -H 'Content-Type: application/json' -H "Idempotency-Key: $(date +%s%N)" \
              -d '{"""{"store":"CCS-01","reference":"GRN-7","lines":[{"sku":"LAC001","quantity":10,"unitCost":2.50}]}"""}'
            curl -s "{address}/api/{DemoTenant.Slug}/inventory?sku=LAC001" -H "Authorization: Bearer $TOKEN"

            """
        );
    }

    private static string Database(DatabaseConnections connections)
    {
        var service = new Npgsql.NpgsqlConnectionStringBuilder(connections.Service);
        return $"{service.Database} on {service.Host}:{service.Port}{(connections.Embedded is null ? "" : ", embedded")}";
    }
}
