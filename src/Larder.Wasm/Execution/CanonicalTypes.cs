namespace Larder.Wasm.Execution;

/// <summary>A function type with the number that stands for it in indirect calls.</summary>
internal sealed class CanonicalType(FunctionType type, int id)
{
    public FunctionType Type { get; } = type;

    /// <summary>Never used for another type while the process lives.</summary>
    public int Id { get; } = id;
}

/// <summary>
/// The numbers of function types: equal types have one number in all modules of the process. A type that nothing uses
/// any more is forgotten; its number does not come back. Thread safe.
/// </summary>
internal static class CanonicalTypes
{
    private static readonly Lock Gate = new();

    // Guarded by Gate.
    private static readonly Dictionary<FunctionType, WeakReference<CanonicalType>> Known = [];
    private static int _next = 1;
    private static int _sweepAt = 1024;

    /// <summary>The type's number, for as long as the result is kept.</summary>
    public static CanonicalType Get(FunctionType type)
    {
        lock (Gate)
        {
            if (Known.TryGetValue(type, out var reference) && reference.TryGetTarget(out var known))
            {
                return known;
            }

            if (Known.Count >= _sweepAt)
            {
                Sweep();
            }

            if (_next == int.MaxValue)
            {
                throw new WasmException(WasmErrorKind.LimitExceeded, "this process has seen two billion function types");
            }

            var made = new CanonicalType(type, _next++);
            Known[type] = new WeakReference<CanonicalType>(made);
            return made;
        }
    }

    private static void Sweep()
    {
        foreach (var (type, reference) in Known)
        {
            if (!reference.TryGetTarget(out _))
            {
                Known.Remove(type);
            }
        }

        _sweepAt = Math.Max(1024, 2 * Known.Count);
    }
}
