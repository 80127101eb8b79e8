using System.Runtime.InteropServices;

namespace Fluxion.Tests.Host;

/// <summary>Signals to processes that a test started.</summary>
internal static class Signals
{
    public const int Quit = 3;
    public const int Kill = 9;
    public const int Terminate = 15;
    public const int Stop = 19;

    public static void Send(int process, int signal) => kill(process, signal).ShouldBe(0);

    [DllImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int kill(int process, int signal);
}
