namespace Larder.Handlers.Pooling;

/// <summary>
/// After a failed creation none is tried for a while, twice as long after each further failure. Times are timestamps. Not
/// thread safe.
/// </summary>
internal sealed class CreationBackoff(long first, long most)
{
    private long _pause;
    private long _until;

    /// <summary>The failure behind the pause; null when the last creation succeeded.</summary>
    public Exception? Failure { get; private set; }

    public bool Allows(long now) => Failure is null || now >= _until;

    public long Left(long now) => Failure is null ? 0 : Math.Max(0, _until - now);

    public void Failed(Exception failure, long now)
    {
        // Creations that ran side by side and fail together count as one.
        if (Allows(now))
        {
            _pause = Failure is null ? first : Math.Min(most, _pause * 2);
            _until = now + _pause;
        }

        Failure = failure;
    }

    public void Succeeded() => Failure = null;
}
