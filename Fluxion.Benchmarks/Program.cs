using System.CommandLine;
using Fluxion.Benchmarks;
using Fluxion.Host.CommandLine;

// the host's settings are beside the program, whatever the working directory is
Directory.SetCurrentDirectory(AppContext.BaseDirectory);
return await Commands.Run(new RootCommand("Measurements of Fluxion Ledger") { ReplayBenchmarkCommand.Create() }, args);
