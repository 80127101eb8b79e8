using System.Security.Cryptography;
using Fluxion.Ledger.Access;
using Spectre.Console;

namespace Fluxion.Host.CommandLine;

/// <summary>How commands speak and take secrets.</summary>
internal static class Output
{
    /// <summary>Longer than any line of ours.</summary>
    private const int Unwrapped = 1000;

    /// <summary>Lines are wrapped for people alone: what goes to a file or another program stays one line, as grep wants it.</summary>
    public static void WrapForPeopleAlone()
    {
        if (Console.IsOutputRedirected) AnsiConsole.Profile.Width = Unwrapped;
    }

    /// <summary>Says why not; the exit code becomes 1.</summary>
    public static bool Refuse(string why)
    {
        Console.Error.WriteLine($"error: {why}");
        return false;
    }

    /// <summary>FLUXION_PASSWORD, never an argument that others see in the list of processes; made up when it is not set.</summary>
    /// <exception cref="SettingsException">FLUXION_PASSWORD is too short.</exception>
    public static (string Password, bool MadeUp) Password()
    {
        if (Environment.GetEnvironmentVariable("FLUXION_PASSWORD") is not { Length: > 0 } given)
            return (Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(10)), true);
        return given.Length is >= Passwords.MinLength and <= Passwords.MaxLength
            ? (given, false)
            : throw new SettingsException($"FLUXION_PASSWORD has {Passwords.MinLength} to {Passwords.MaxLength} characters.");
    }

    public static void ShowOnce(string email, (string Password, bool MadeUp) password)
    {
        if (password.MadeUp) AnsiConsole.MarkupLineInterpolated($"Password of {email}, shown this once: [bold]{password.Password}[/]");
    }

    /// <summary>How far something is, and how long it will still take.</summary>
    public static Progress Bar() =>
        AnsiConsole.Progress().Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn());

    /// <summary>A bar for people; for a file nothing but the result.</summary>
    /// <param name="run">Is given what to tell how much of how much is done.</param>
    public static Task<T> WithProgress<T>(string what, Func<Action<long, long>?, Task<T>> run) => Console.IsOutputRedirected
        ? run(null)
        : Bar().StartAsync(context =>
        {
            var bar = context.AddTask(what);
            return run((done, total) => (bar.MaxValue, bar.Value) = (Math.Max(total, 1), done));
        });
}
