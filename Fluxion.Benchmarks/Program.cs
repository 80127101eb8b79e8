using System.CommandLine;
using Fluxion.Benchmarks;
using Fluxion.Host.CommandLine;

// the host's settings lie beside the program, wherever it is run
Directory.SetCurrentDirectory(AppContext.BaseDirectory);
return await Commands.Run(new RootCommand("Measurements of Fluxion Ledger") { ReplayBenchmarkCommand.Create() }, args);
