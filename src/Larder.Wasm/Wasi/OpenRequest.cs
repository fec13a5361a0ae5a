namespace Larder.Wasm.Wasi;

/// <summary>Where a path lies in the guest's memory.</summary>
internal readonly record struct GuestPath(uint Address, uint Length);

/// <summary>How a guest wants something opened.</summary>
internal readonly record struct OpenRequest(OpenFlags Open, Rights Rights, Rights Inheriting, DescriptorFlags Flags)
{
    /// <summary>What the directory must allow.</summary>
    public Rights NeededRights =>
        Rights.OpenPath
        | (Open.HasFlag(OpenFlags.Create) ? Rights.CreateFile : Rights.None)
        | (Open.HasFlag(OpenFlags.Truncate) ? Rights.PathSetSize : Rights.None);

    /// <summary>The host's flags. A directory is only ever opened for reading.</summary>
    public int HostFlags(bool directory)
    {
        var writes = !directory && (Rights & Rights.NeedsWriting) != 0;
        var reads = !writes || (Rights & Rights.Read) != 0;
        var flags = (writes ? reads ? HostFiles.ReadWrite : HostFiles.WriteOnly : HostFiles.ReadOnly)
            | HostFiles.NonBlocking | HostFiles.NoTerminal;
        flags |= directory ? HostFiles.Directory : 0;
        flags |= Open.HasFlag(OpenFlags.Create) ? HostFiles.Create : 0;
        flags |= Open.HasFlag(OpenFlags.Exclusive) ? HostFiles.Exclusive : 0;
        flags |= Open.HasFlag(OpenFlags.Truncate) ? HostFiles.Truncate : 0;
        flags |= Flags.HasFlag(DescriptorFlags.Append) ? HostFiles.Append : 0;
        flags |= Flags.HasFlag(DescriptorFlags.DataSync) ? HostFiles.DataSync : 0;
        flags |= (Flags & (DescriptorFlags.Sync | DescriptorFlags.ReadSync)) != 0 ? HostFiles.Sync : 0;
        return flags;
    }
}
