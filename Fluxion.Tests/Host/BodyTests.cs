using System.Net.Sockets;
using System.Text;

namespace Fluxion.Tests.Host;

/// <summary>Tests of bodies that the real web server reads from a socket. The in-process server of the other tests has no socket.</summary>
public sealed class BodyTests(LedgerHost host)
{
    [Fact]
    public async Task a_chunked_body_over_the_limit_answers_413_and_broken_chunks_400_with_or_without_a_token()
    {
        await using var database = await host.NewDatabase();
        await using var served = await HostProcess.Serve(database.Connections);
        var megabyte = new string(' ', 1024 * 1024);
        var chunk = $"100000\r\n{megabyte}\r\n";

        var tooLarge = await Send(served.Address, string.Concat(Enumerable.Repeat(chunk, 5)) + "0\r\n\r\n");
        tooLarge.ShouldStartWith("HTTP/1.1 413");
        tooLarge.ShouldContain("application/problem+json");
        var broken = await Send(served.Address, "zz\r\n{}\r\n0\r\n\r\n");
        broken.ShouldStartWith("HTTP/1.1 400");
        broken.ShouldContain("application/problem+json");
        // the chunks are read, and the fields are missing
        (await Send(served.Address, "2\r\n{}\r\n0\r\n\r\n")).ShouldStartWith("HTTP/1.1 400");
    }

    private static async Task<string> Send(Uri address, string chunks)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port);
        await using var stream = client.GetStream();
        var head =
            $"POST /api/token HTTP/1.1\r\nHost: {address.Authority}\r\nConnection: close\r\nContent-Type: "
            + "application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
        // the server answers and closes before it has read everything: the rest cannot be sent then
        var sending = stream.WriteAsync(Encoding.ASCII.GetBytes(head + chunks)).AsTask().ContinueWith(_ => { }, TaskScheduler.Default);
        var buffer = new byte[64 * 1024];
        var length = 0;
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        try
        {
            while (await stream.ReadAsync(buffer.AsMemory(length), timeout.Token) is var read and > 0)
                length += read;
        }
        catch (IOException) when (length > 0)
        {
            // the server answered and reset the connection before it read the rest
        }
        client.Close();
        await sending;
        return Encoding.ASCII.GetString(buffer, 0, length);
    }
}
