using System.Security.Cryptography;
using Fluxion.Ledger.Access;
using Spectre.Console;

namespace Fluxion.Host.CommandLine;

/// <summary>Takes how much of how much is done, and a line about it where there is something to say.</summary>
internal delegate void Report(long done, long total, string? line = null);

/// <summary>How commands speak and take secrets.</summary>
internal static class Output
{
    /// <summary>Longer than any line of ours.</summary>
    private const int Unwrapped = 1000;

    public const string PasswordSource = "The password comes from FLUXION_PASSWORD; without it one is made up and shown once";

    /// <summary>Lines are wrapped for people alone: what goes to a file or another program stays one line, as grep wants it.</summary>
    public static void WrapForPeopleAlone()
    {
        if (Console.IsOutputRedirected) AnsiConsole.Profile.Width = Unwrapped;
    }

    /// <summary>Says why not.</summary>
    /// <returns>The exit code.</returns>
    public static int Refuse(string why)
    {
        Console.Error.WriteLine($"error: {why}");
        return 1;
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

    /// <summary>Long work with a bar on a terminal. A file or another program gets the reported lines instead.</summary>
    public static Task<T> WithProgress<T>(string what, Func<Report, Task<T>> run) => Console.IsOutputRedirected
        ? run((_, _, line) =>
        {
            if (line is not null) Console.WriteLine(line);
        })
        : AnsiConsole.Progress().Columns(
            new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn()).StartAsync(context =>
        {
            var bar = context.AddTask(what);
            return run((done, total, line) =>
            {
                (bar.MaxValue, bar.Value) = (Math.Max(total, 1), done);
                if (line is not null) bar.Description = line.EscapeMarkup();
            });
        });
}
