namespace Fluxion.Tests.Host;

/// <summary>The files of the repository that tests read.</summary>
public static class Repository
{
    public static readonly string Root = Find();

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Fluxion.sln")))
            folder = folder.Parent.ShouldNotBeNull();
        return folder.FullName;
    }
}
