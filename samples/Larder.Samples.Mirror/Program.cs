using Larder.Fuse;
using Larder.Fuse.Takeover;
using Larder.Samples.Mirror;

// Shows a directory, read-only, in a second place. With --kept it can be killed at any moment without its users noticing.
MirrorOptions options;
try
{
    options = MirrorOptions.Parse(args);
}
catch (FormatException exception)
{
    await Console.Error.WriteLineAsync(exception.Message);

    return 2;
}

var logger = new ConsoleLogger();
try
{
    using var keeper = MountKeeperClient.FromEnvironment();
    if (options.IsKept && keeper is null)
    {
        return await MountKeeper.RunAsync(MountKeeperOptions.ThisProgram(args) with { Logger = logger });
    }

    var mountOptions = new FuseMountOptions
    {
        MountPoint = options.MountPoint,
        Source = "mirror",
        Passthrough = options.Passthrough,
        ReadDirectoryPlus = !options.NoPlus,
        NoOpen = options.NoOpen,
        Threads = options.Threads,
        RequestDeadline = options.Deadline,
        UnmountDeadline = options.UnmountDeadline,
        Keeper = keeper,
        Logger = logger,
    };
    var files = new MirrorFileSystem(new MirrorTree(options.Source), options);
    var kept = keeper?.Acquire(options.MountPoint);
    await using var mount = kept is null
        ? await FuseMount.MountAsync(files, mountOptions)
        : await FuseMount.ResumeAsync(files, kept, mountOptions);
    using var signals = mount.UnmountOnTermination();
    await Console.Out.WriteLineAsync($"serving {mount.MountPoint} by process {Environment.ProcessId}");
    await mount.Ended;
    await Console.Out.WriteLineAsync($"ended: {mount.GetStatistics()}");

    return 0;
}
catch (FuseException exception)
{
    await Console.Error.WriteLineAsync($"mirror: {exception.Message}");

    return 1;
}
