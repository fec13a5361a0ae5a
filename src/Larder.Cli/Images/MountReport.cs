using Larder.Oci.Mounting;

namespace Larder.Cli.Images;

/// <summary>A line that the process of a mount tells whoever waits for it.</summary>
/// <param name="State"><c>working</c>, <c>ready</c> or <c>failed</c>.</param>
/// <param name="What">What is being done, or what failed.</param>
/// <param name="Done">Bytes done; 0 when there is nothing to count.</param>
/// <param name="Total">Bytes in all.</param>
/// <param name="ExitCode">For <c>failed</c>: what the command ends with.</param>
/// <param name="Status">For <c>ready</c>: the mount.</param>
internal sealed record MountReport(
    string State, string What, long Done = 0, long Total = 0, int ExitCode = 0, MountStatus? Status = null);
