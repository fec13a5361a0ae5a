using Larder.Indexer.State;
using Larder.Wasm;

namespace Larder.Indexer.Guests;

/// <summary>
/// Runs blocks and views of a module, one at a time, each from the same fresh state: nothing of one run is there in the
/// next. Not thread safe; different instances are independent.
/// </summary>
public sealed partial class GuestInstance : IDisposable
{
    private readonly IndexerModule _module;
    private readonly GuestHost _host;
    private readonly GuestThread _thread;

    // The store, its instance and the image that it was restored to; null when the next run makes them anew.
    private Store? _store;
    private Instance? _instance;
    private StartImage? _image;
    private int _running;
    private bool _stackWasUsedUp;
    private volatile bool _disposed;

    internal GuestInstance(IndexerModule module)
    {
        _module = module;
        _host = new GuestHost(module.Options.Limits);
        _thread = new GuestThread(StackBytes + HostStackBytes);
    }

    /// <summary>
    /// Where texts that a guest logs go; null, the default, for nowhere. Called on the thread that runs the guest, in the
    /// middle of the run.
    /// </summary>
    public Action<string>? Log { get; set; }

    /// <summary>
    /// Whether runs are dry runs: what <c>__is_dry_run</c> answers. Default false, for blocks, previews and views alike: a
    /// preview is to come to what indexing would.
    /// </summary>
    public bool IsDryRun { get; set; }

    /// <summary>Runs a block.</summary>
    /// <param name="height">Its height.</param>
    /// <param name="block">Its bytes, handed to the guest behind the height.</param>
    /// <param name="state">The state before it; the caller disposes of it.</param>
    /// <param name="cancellationToken">Ends the run early.</param>
    /// <exception cref="IndexerException">
    /// The guest trapped, ran out of fuel or stack, aborted or did not flush (<see cref="IndexerErrorKind.GuestFailed"/>); the
    /// block is too long (<see cref="IndexerErrorKind.LimitExceeded"/>); the module has no export <c>_start</c>
    /// (<see cref="IndexerErrorKind.BadModule"/>); the machine has no memory for it (<see cref="IndexerErrorKind.NoSpace"/>).
    /// What the state reader throws passes through.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public BlockOutcome RunBlock(
        uint height, ReadOnlyMemory<byte> block, StateReader state, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(state);
        var limits = _module.Options.Limits;
        using var flushed = new FlushStage(limits);
        BlockOutcome? outcome = null;
        var run = new GuestRun(IndexerModule.BlockExport, $"Block {height}", limits.BlockFuel, flushed);
        Run(run, new GuestInput(height, block, state, IsDryRun), Guest, cancellationToken);
        return outcome!; // The guest has run to its end, or Run has thrown.

        void Guest(Instance instance, WasmFunction function)
        {
            Check(run, function.Invoke());
            if (flushed.Count == 0)
            {
                throw Failed(run, "it returned without calling __flush, which every block must, if only with an empty list");
            }

            var memory = instance.Memories[0];
            outcome = new BlockOutcome
            {
                Writes = flushed.Writes,
                Run = new BlockRun(
                    flushed.Digest(),
                    limits.BlockFuel - instance.Fuel,
                    (uint)memory.Pages,
                    _module.Options.MemoryDigest ? MemoryDigest.Of(memory) : default),
                LogLines = _host.LogLines,
            };
        }
    }

    /// <summary>Runs a view.</summary>
    /// <param name="view">Its name.</param>
    /// <param name="height">The height that it is told.</param>
    /// <param name="input">Its request, handed to the guest behind the height.</param>
    /// <param name="state">What it reads; the caller disposes of it.</param>
    /// <param name="cancellationToken">Ends the run early.</param>
    /// <returns>What it answers.</returns>
    /// <exception cref="IndexerException">
    /// The guest trapped, ran out of fuel or stack, aborted or answered what cannot be read
    /// (<see cref="IndexerErrorKind.GuestFailed"/>); there is no such view (<see cref="IndexerErrorKind.Configuration"/>); the
    /// request is too long (<see cref="IndexerErrorKind.LimitExceeded"/>); the machine has no memory for it
    /// (<see cref="IndexerErrorKind.NoSpace"/>). What the state reader throws passes through.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public byte[] RunView(
        string view, uint height, ReadOnlyMemory<byte> input, StateReader state, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(view);
        ArgumentNullException.ThrowIfNull(state);
        byte[]? result = null;
        var run = new GuestRun(view, $"View {view} at height {height}", _module.Options.Limits.ViewFuel, Flushed: null);
        Run(run, new GuestInput(height, input, state, IsDryRun), Guest, cancellationToken);
        return result!; // The guest has run to its end, or Run has thrown.

        void Guest(Instance instance, WasmFunction function)
        {
            Check(run, function.Invoke(out int pointer));
            try
            {
                result = _host.ReadResult(instance, pointer);
            }
            catch (GuestDataException exception)
            {
                throw Failed(run, exception.Message);
            }
        }
    }

    /// <summary>Frees the guest's memory. Where a run is going on that is done when it has ended.</summary>
    public void Dispose()
    {
        _disposed = true;
        if (Interlocked.Exchange(ref _running, 1) == 0)
        {
            Free();
        }
    }

    // Nothing runs, and nothing will any more: _running stays set.
    private void Free()
    {
        DropStore();
        _thread.Dispose();
    }
}
