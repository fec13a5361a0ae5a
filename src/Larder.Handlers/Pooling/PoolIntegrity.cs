namespace Larder.Handlers.Pooling;

/// <summary>What tests ask of a pool at rest.</summary>
internal static class PoolIntegrity
{
    public static void Require(bool holds, string rule)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"The pool is inconsistent; this does not hold: {rule}.");
        }
    }
}
