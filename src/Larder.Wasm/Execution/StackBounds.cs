using System.Runtime.InteropServices;

namespace Larder.Wasm.Execution;

/// <summary>The lowest address of the current thread's stack.</summary>
internal static unsafe partial class StackBounds
{
    // Where the bounds cannot be asked for, this much below the caller is taken to be there.
    private const nuint Assumed = 512 * 1024;

    /// <summary>What is said when there is too little of it for a depth of calls that is counted.</summary>
    public const string Exhausted =
        "the calling thread's stack is too short for the guest's depth of calls; call the guest on a thread with a larger one";

    [ThreadStatic]
    private static nuint _lowest;

    /// <summary>Lowest address of the stack that <paramref name="current"/> lies on.</summary>
    public static nuint Lowest(nuint current)
    {
        if (_lowest == 0)
        {
            _lowest = Find(current);
        }

        return _lowest;
    }

    private static nuint Find(nuint current)
    {
        if (OperatingSystem.IsLinux())
        {
            // Larger than any platform's pthread_attr_t.
            var attributes = stackalloc long[16];
            if (GetAttributes(Self(), attributes) == 0)
            {
                nint start;
                nuint size;
                var found = GetStack(attributes, &start, &size) == 0;
                _ = DestroyAttributes(attributes);
                if (found && start > 0 && (nuint)start < current)
                {
                    return (nuint)start;
                }
            }
        }

        return current - Assumed;
    }

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport("libc", EntryPoint = "pthread_self")]
    private static partial nint Self();

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport("libc", EntryPoint = "pthread_getattr_np")]
    private static partial int GetAttributes(nint thread, long* attributes);

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport("libc", EntryPoint = "pthread_attr_getstack")]
    private static partial int GetStack(long* attributes, nint* start, nuint* size);

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport("libc", EntryPoint = "pthread_attr_destroy")]
    private static partial int DestroyAttributes(long* attributes);
}
