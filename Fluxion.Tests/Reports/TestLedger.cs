using Fluxion.Tests.Host;
using Fluxion.Tests.Tenancy;
using Npgsql;

namespace Fluxion.Tests.Reports;

/// <summary>A tenant with the stores M1 and M2 whose history the test records, and its analyst, who reads it in SQL.</summary>
public sealed record TestLedger(LedgerHost Host, TestTenant Tenant)
{
    public static async Task<TestLedger> Create(LedgerHost host, params string[] skus)
    {
        var tenant = await TestTenant.Create(host);
        foreach (var code in (string[])["M1", "M2"])
            (await tenant.Admin.Post("stores", new { code, name = code })).ShouldBe(201);
        foreach (var sku in skus)
            (
                await tenant.Admin.Post(
                    "products",
                    new
                    {
                        sku,
                        name = sku,
                        unitType = "unit",
                        costPrice = 2m,
                        sellingPrice = 4m,
                        taxRate = 16m,
                        reorderPoint = 8m,
                    }
                )
            ).ShouldBe(201);
        return new TestLedger(host, tenant);
    }

    /// <summary>Sets the tenant's time zone, which defines its days.</summary>
    public async Task SetTimeZone(string timezone) =>
        (await Tenant.Admin.Put("settings", new { overReceiptPercent = 0, timezone })).ShouldBe(200);

    public Task<Answer> Receive(string sku, decimal quantity, decimal unitCost, string at, string store = "M1") =>
        Do(
            "stock/receipts",
            new
            {
                store,
                occurredAt = at,
                lines = new[]
                {
                    new
                    {
                        sku,
                        quantity,
                        unitCost,
                    },
                },
            }
        );

    public Task<Answer> Issue(string sku, decimal quantity, string at, string reason = "damage", string store = "M1") =>
        Do(
            "stock/issues",
            new
            {
                store,
                reason,
                occurredAt = at,
                lines = new[] { new { sku, quantity } },
            }
        );

    public Task<Answer> Sell(string sku, decimal quantity, string at, decimal discount = 0, string? method = "cash", string store = "M1") =>
        Do(
            "sales",
            new
            {
                store,
                invoiceNumber = $"F-{Guid.CreateVersion7():N}",
                paymentMethod = method,
                paymentStatus = method is null ? "pending" : "paid",
                occurredAt = at,
                lines = new[]
                {
                    new
                    {
                        sku,
                        quantity,
                        discount,
                    },
                },
            }
        );

    /// <summary>Sends a command that must be accepted.</summary>
    public async Task<Answer> Do(string command, object? body)
    {
        var answer = await Tenant.Admin.Post(command, body);
        answer.Status.ShouldBeLessThan(300, answer.Text);
        return answer;
    }

    /// <summary>
    /// Rows as the tenant's analyst reads them in a time zone: one line a row, its values separated by spaces, numbers without trailing
    /// zeros.
    /// </summary>
    public async Task<string[]> Query(string sql, string timeZone = "America/Caracas")
    {
        await using var connection = await Host.OpenSuperuser();
        await connection.Execute($"set role {Tenant.Analyst}; set search_path to {Tenant.Schema}, public; set timezone to '{timeZone}'");
        return await Query(connection, sql);
    }

    /// <inheritdoc cref="Query(string, string)"/>
    public static async Task<string[]> Query(NpgsqlConnection connection, string sql) =>
        [.. (await connection.Rows(sql)).Select(row => string.Join(' ', row.Select(Text)))];

    private static string Text(object? value) =>
        value switch
        {
            null => "-",
            decimal number => (number / 1.000000000000000000000000000000m).ToString(System.Globalization.CultureInfo.InvariantCulture),
            DateTime time => time.ToString("yyyy-MM-dd HH:mm", System.Globalization.CultureInfo.InvariantCulture), // Npgsql returns UTC
            _ => Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture)!,
        };
}
