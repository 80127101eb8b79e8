using Fluxion.Host.CommandLine;

// Without a command the host serves; --help lists the commands.
return await (FrameworkCommands.Include(args) ? FrameworkCommands.Run(args) : Commands.Run(Commands.Root(), args));
