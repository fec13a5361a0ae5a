namespace Larder.Handlers.Engine;

/// <summary>What one instance of the engine may use.</summary>
/// <param name="MemoryBytes">Bytes of its memory, the engine's own included.</param>
/// <param name="StackBytes">Bytes of the JavaScript stack.</param>
/// <param name="NativeStackBytes">Bytes of the thread's stack, as far as it has as much.</param>
internal readonly record struct QuickJsLimits(long MemoryBytes, int StackBytes, int NativeStackBytes = 1024 * 1024)
{
    /// <summary>The least memory in which the engine is of use.</summary>
    public const long LeastMemoryBytes = 4L * 1024 * 1024;

    /// <summary>What the module's stack has room for, with a reserve for native frames.</summary>
    public const int MostStackBytes = 512 * 1024;

    /// <summary>Enough for whatever compiles.</summary>
    public static QuickJsLimits Compiler { get; } = new(256L * 1024 * 1024, MostStackBytes);
}
