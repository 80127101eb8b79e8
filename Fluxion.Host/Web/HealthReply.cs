using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Fluxion.Host.Web;

/// <summary>The health of the host as JSON: each check with its status and description.</summary>
public static class HealthReply
{
    public static Task Write(HttpContext http, HealthReport report) =>
        http.Response.WriteAsJsonAsync(
            new
            {
                Status = report.Status.ToString(),
                // without exceptions, because the endpoint is public
                Checks = report.Entries.Select(check => new
                {
                    Name = check.Key,
                    Status = check.Value.Status.ToString(),
                    check.Value.Description,
                }),
            }
        );
}
