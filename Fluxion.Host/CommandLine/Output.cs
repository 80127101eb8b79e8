using System.Security.Cryptography;
using Fluxion.Ledger.Access;
using Spectre.Console;

namespace Fluxion.Host.CommandLine;

/// <summary>Reports progress: the amount done, the total, and optionally a line about it.</summary>
internal delegate void Report(long done, long total, string? line = null);

/// <summary>The output of commands, and their input of secrets.</summary>
internal static class Output
{
    /// <summary>A width that no line of the commands exceeds.</summary>
    private const int Unwrapped = 1000;

    public const string PasswordSource = "FLUXION_PASSWORD sets the password; without it, a random one is shown once";

    /// <summary>Wraps lines only on a terminal. In a file or pipe each line stays one line, as grep needs it.</summary>
    public static void WrapForPeopleAlone()
    {
        if (Console.IsOutputRedirected)
            AnsiConsole.Profile.Width = Unwrapped;
    }

    /// <summary>Prints the reason why a command failed.</summary>
    /// <returns>The exit code.</returns>
    public static int Refuse(string why)
    {
        Console.Error.WriteLine($"error: {why}");
        return 1;
    }

    /// <summary>
    /// The password from FLUXION_PASSWORD, or a random one when it is not set. It is never an argument, which other users see in the
    /// process list.
    /// </summary>
    /// <exception cref="SettingsException">FLUXION_PASSWORD is too short.</exception>
    public static (string Password, bool MadeUp) Password()
    {
        if (Environment.GetEnvironmentVariable("FLUXION_PASSWORD") is not { Length: > 0 } given)
            return (Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(10)), true);
        return given.Length is >= Passwords.MinLength and <= Passwords.MaxLength
            ? (given, false)
            : throw new SettingsException($"FLUXION_PASSWORD must have {Passwords.MinLength} to {Passwords.MaxLength} characters.");
    }

    public static void ShowOnce(string email, (string Password, bool MadeUp) password)
    {
        if (password.MadeUp)
            AnsiConsole.MarkupLineInterpolated($"Password of {email}, shown this once: [bold]{password.Password}[/]");
    }

    /// <summary>Runs long work with a progress bar on a terminal. A file or pipe gets the reported lines instead.</summary>
    public static Task<T> WithProgress<T>(string what, Func<Report, Task<T>> run) =>
        Console.IsOutputRedirected
            ? run(
                (_, _, line) =>
                {
                    if (line is not null)
                        Console.WriteLine(line);
                }
            )
            : AnsiConsole
                .Progress()
                .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
                .StartAsync(context =>
                {
                    var bar = context.AddTask(what);
                    return run(
                        (done, total, line) =>
                        {
                            (bar.MaxValue, bar.Value) = (Math.Max(total, 1), done);
                            if (line is not null)
                                bar.Description = line.EscapeMarkup();
                        }
                    );
                });
}
