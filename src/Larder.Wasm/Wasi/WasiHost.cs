namespace Larder.Wasm.Wasi;

/// <summary>
/// WASI preview 1 for one program: what it was granted, what it has open, and the functions with which it uses that. A
/// host serves the instances of one store that share all of this, usually a single one; like the store, it is for one
/// thread at a time.
/// <para>
/// Nothing is granted by default. Guests reach files only below granted directories, by paths that are walked component
/// by component without ever leaving them; see docs/WASI.md.
/// </para>
/// </summary>
public sealed partial class WasiHost : IDisposable
{
    private const string StartName = "_start";
    private const string InitializeName = "_initialize";

    private readonly WasiCalls _calls;

    // The memory of the instance that called last.
    private Instance? _caller;
    private WasmMemory? _memory;
    private bool _isDisposed;

    /// <summary>Creates a host and opens the granted directories.</summary>
    /// <param name="options">What is granted; null for nothing.</param>
    /// <exception cref="ArgumentException">An argument, variable or name cannot be told to a guest, or a limit is too low.</exception>
    /// <exception cref="IOException">A directory cannot be opened.</exception>
    public WasiHost(WasiOptions? options = null)
    {
        options ??= new WasiOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaximumDescriptors, 3);
        ArgumentOutOfRangeException.ThrowIfNegative(options.MaximumFileBytes);
        _calls = new WasiCalls(options);
    }

    /// <summary>The name under which modules import the functions.</summary>
    public static string ModuleName => "wasi_snapshot_preview1";

    /// <summary>Adds every function of preview 1.</summary>
    /// <param name="imports">Where to.</param>
    /// <param name="store">The store of the instance that is to import them.</param>
    /// <returns><paramref name="imports"/>.</returns>
    public Imports AddTo(Imports imports, Store store)
    {
        ArgumentNullException.ThrowIfNull(imports);
        ArgumentNullException.ThrowIfNull(store);
        AddProcess(imports, store);
        AddDescriptors(imports, store);
        AddPaths(imports, store);
        AddSockets(imports, store);
        return imports;
    }

    /// <summary>Runs a command: calls <c>_start</c> and sees how it ends.</summary>
    /// <exception cref="ArgumentException">The instance exports no such function.</exception>
    public WasiResult Run(Instance instance)
    {
        ArgumentNullException.ThrowIfNull(instance);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return Call(EntryOf(instance, StartName)
            ?? throw new ArgumentException($"The instance exports no function '{StartName}' without parameters and results.", nameof(instance)));
    }

    /// <summary>
    /// Prepares a library: calls <c>_initialize</c>, which must come before every other export, where there is one.
    /// </summary>
    public WasiResult Initialize(Instance instance)
    {
        ArgumentNullException.ThrowIfNull(instance);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return EntryOf(instance, InitializeName) is { } entry ? Call(entry) : default;
    }

    /// <summary>Closes what the guest has open. Granted streams stay open.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        _calls.Dispose();
    }

    private static WasmFunction? EntryOf(Instance instance, string name) =>
        instance.Function(name) is { Type.Parameters.IsEmpty: true, Type.Results.IsEmpty: true } entry ? entry : null;

    private static WasiResult Call(WasmFunction entry)
    {
        try
        {
            return new WasiResult(0, entry.Call([], []));
        }
        catch (WasiExitException exit)
        {
            return new WasiResult(exit.ExitCode, null);
        }
    }
}
