using Larder.Cli.Commands;
using Larder.Fuse;
using Larder.Node;
using Larder.Node.Mounts;
using Larder.Oci.Mounting;

namespace Larder.Cli.Images;

/// <summary>
/// Holds the mounts of a node in processes like those of <c>larder mount</c>, which use the node's directory beside it and
/// live on when it dies.
/// </summary>
internal sealed class NodeMounts(Terminal terminal, NodeOptions options) : IMountHolder
{
    private readonly MountRegistry _registry = new(terminal);

    public IReadOnlyList<MountStatus> List() => _registry.List();

    public bool IsDead(MountStatus mount) => !Directory.Exists($"/proc/{mount.ProcessId}");

    public async Task<MountStatus> StartAsync(MountOrder order, CancellationToken cancellationToken)
    {
        var request = new MountRequest
        {
            Reference = order.Reference,
            MountPoint = FuseMounts.Resolve(order.Path),
            Passthrough = order.Passthrough,
            Record = order.Record,
            ReadDeadline = order.ReadDeadline,
            Settings = new ImageSettings
            {
                CacheDirectory = options.DataDirectory,
                SharesCache = true,
                CapacityBytes = options.DiskCapacityBytes,
                Remote = options.Upstream?.ToString(),
                Platform = order.Platform,
            },
        };
        try
        {
            var ready = await MountLauncher.StartAsync(terminal, request, options.UpstreamToken, shows: false, cancellationToken).ConfigureAwait(false);
            return ready.ReadStatus();
        }
        catch (Exception e) when (ExitCodes.Of(e) is not null and not ExitCodes.Interrupted)
        {
            throw new NodeException(NodeErrorKind.Mount, e.Message, e);
        }
    }

    public async Task EndAsync(string path, bool lazily, CancellationToken cancellationToken)
    {
        try
        {
            await UnmountCommand.EndAsync(_registry, path, lazily, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (ExitCodes.Of(e) is not null and not ExitCodes.Interrupted)
        {
            throw new NodeException(NodeErrorKind.Mount, e.Message, e);
        }
    }
}
