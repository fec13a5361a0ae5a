namespace Larder.Cache.Memory;

/// <summary>How far a process or its group has come towards a limit of memory.</summary>
/// <param name="UsedBytes">Bytes in use that the kernel cannot simply drop.</param>
/// <param name="LimitBytes">Bytes that may be in use; <see cref="long.MaxValue"/> without a limit.</param>
/// <param name="Source">Whose limit it is, for people.</param>
internal readonly record struct MemoryUsage(long UsedBytes, long LimitBytes, string Source)
{
    /// <summary>Used part of the limit, from 0; 0 without a limit.</summary>
    public double Ratio => LimitBytes is > 0 and < long.MaxValue ? (double)UsedBytes / LimitBytes : 0;
}
