using System.Globalization;

namespace Larder.Fuse.Serving;

/// <summary>
/// Whether who asked is being killed. An interrupt alone does not say so, and to answer every signal with EINTR would break
/// programs: a page fault cannot be interrupted and would become SIGBUS.
/// </summary>
internal static class CallerState
{
    private const ulong KillBit = 1UL << 8;

    internal static bool IsBeingKilled(uint thread)
    {
        if (thread == 0)
        {
            return false;
        }

        try
        {
            foreach (var line in File.ReadLines($"/proc/{thread.ToString(CultureInfo.InvariantCulture)}/status"))
            {
                if ((line.StartsWith("SigPnd:", StringComparison.Ordinal) || line.StartsWith("ShdPnd:", StringComparison.Ordinal))
                    && ulong.TryParse(line.AsSpan(7).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var pending)
                    && (pending & KillBit) != 0)
                {
                    return true;
                }
            }

            return false;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
