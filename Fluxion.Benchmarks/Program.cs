using Fluxion.Benchmarks;
using JasperFx.CommandLine;

// `help` lists the benchmarks; `replay --help` says what one takes.
string[] command = args is [var name, .., "--help" or "-h"] ? ["help", name] : args;
return await CommandExecutor.For(commands => commands.RegisterCommand<ReplayBenchmarkCommand>()).ExecuteAsync(command);
