using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Fluxion.Ledger.Http;

public static class HttpJson
{
    /// <summary>The options with which this API reads and writes JSON.</summary>
    public static JsonSerializerOptions JsonOptions(this HttpContext http) =>
        http.RequestServices.GetRequiredService<IOptions<Microsoft.AspNetCore.Http.Json.JsonOptions>>().Value.SerializerOptions;
}
