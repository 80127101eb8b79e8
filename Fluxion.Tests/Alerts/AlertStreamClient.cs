using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Fluxion.Projections.Streaming;

namespace Fluxion.Tests.Alerts;

/// <summary>A client with an open stream of alerts.</summary>
internal sealed class AlertStreamClient(HttpResponseMessage response, StreamReader reader) : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    internal sealed record Event(long Id, string Name, JsonNode Alert)
    {
        public string Summary => $"{Name} {Alert["sku"]} {Alert["status"]}";
    }

    public HttpResponseMessage Response => response;

    /// <param name="token">A token for the stream; null uses the token of <paramref name="client"/>.</param>
    public static async Task<AlertStreamClient> Open(HttpClient client, string tenant, string? token = null, string? lastEventId = null)
    {
        var ct = TestContext.Current.CancellationToken;
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/{tenant}/alerts/stream");
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (lastEventId is not null)
            request.Headers.TryAddWithoutValidation(AlertStreamEndpoint.LastEventId, lastEventId);
        var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
        var reader = new StreamReader(await response.Content.ReadAsStreamAsync(ct));
        if (response.StatusCode == HttpStatusCode.OK)
            (await reader.ReadLineAsync(ct)).ShouldBe("retry: 3000");
        return new AlertStreamClient(response, reader);
    }

    public async Task<Event> Next()
    {
        using var timeout = new CancellationTokenSource(Timeout);
        var fields = new Dictionary<string, string>();
        while (await reader.ReadLineAsync(timeout.Token) is { } line)
        {
            if (line.Length > 0 && line[0] != ':')
                fields[line[..line.IndexOf(':', StringComparison.Ordinal)]] = line[(line.IndexOf(':', StringComparison.Ordinal) + 2)..];
            else if (fields.TryGetValue("data", out var data))
                return new Event(long.Parse(fields["id"], CultureInfo.InvariantCulture), fields["event"], JsonNode.Parse(data)!);
        }
        throw new EndOfStreamException();
    }

    /// <summary>The next comment, without its colon.</summary>
    public async Task<string> NextComment()
    {
        using var timeout = new CancellationTokenSource(Timeout);
        while (await reader.ReadLineAsync(timeout.Token) is { } line)
            if (line.StartsWith(':'))
                return line[1..].Trim();
        throw new EndOfStreamException();
    }

    public void Dispose()
    {
        reader.Dispose();
        response.Dispose();
    }
}
