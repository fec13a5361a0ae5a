using System.Globalization;
using Larder.Cache.Sizing;
using Larder.Handlers;
using Larder.Node.Http;

namespace Larder.Node.Sizing;

/// <summary>Makes the plan of a running node.</summary>
internal static class NodePlan
{
    /// <summary>Makes the plan.</summary>
    /// <param name="services">The node.</param>
    /// <param name="handlers">The runtime of handlers; null while there is none.</param>
    /// <param name="target">The wanted hit ratio; null for the default.</param>
    public static SizingPlan Make(NodeServices services, HandlerRuntime? handlers, double? target)
    {
        var options = services.Options;
        var inMemory = options.DiskCapacityBytes > 0 && IsInMemory(options.DataDirectory);
        var curves = services.Store.Cache.GetCurves().AsEnumerable();
        curves = options.Sizing && handlers?.GetCurves() is { } compiled ? curves.Append(compiled) : curves;
        var plan = SizingPlan.Make(
            [.. curves.Select(one => TierPlan.Make(one, target))], options, options.Handlers.Enabled ? options.Handlers.Runtime : null, inMemory);
        return plan with
        {
            IsWatching = options.Sizing,
            Pod = plan.Pod with { ActualLimitBytes = ContainerLimit() },
        };
    }

    // A directory on tmpfs, as a volume with 'medium: Memory' is.
    private static bool IsInMemory(string directory)
    {
        try
        {
            return new DriveInfo(directory).DriveFormat is "tmpfs" or "ramfs";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return false;
        }
    }

    // Inside a container its own control group is the root of what it sees.
    private static long? ContainerLimit()
    {
        const string LimitFile = "/sys/fs/cgroup/memory.max";
        try
        {
            return long.TryParse(File.ReadAllText(LimitFile), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var bytes) ? bytes : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
