using Larder.Wasm;
using Larder.Wasm.Wasi;

namespace Larder.Cli.Wasm;

/// <summary>Runs a guest on a thread with as much stack as it was given, and ends it when it is told to.</summary>
internal static class GuestThread
{
    // What the engine and the host functions need below the guest.
    private const int HostStackBytes = 1 << 20;

    // A guest that waits for input cannot be interrupted; the process ends without it then.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>Calls <paramref name="guest"/> with a new store, which is interrupted with the token.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static async Task<GuestOutcome> RunAsync(
        StoreOptions options, TimeSpan? timeout, Func<Store, GuestOutcome> guest, CancellationToken cancellationToken)
    {
        var ended = new TaskCompletionSource<GuestOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() => Run(options, timeout, guest, ended, cancellationToken), options.StackBytes + HostStackBytes)
        {
            IsBackground = true,
            Name = "guest",
        };
        thread.Start();
        try
        {
            return await ended.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await Task.WhenAny(ended.Task, Task.Delay(Patience, CancellationToken.None)).ConfigureAwait(false);
            throw;
        }
    }

    private static void Run(
        StoreOptions options,
        TimeSpan? timeout,
        Func<Store, GuestOutcome> guest,
        TaskCompletionSource<GuestOutcome> ended,
        CancellationToken cancellationToken)
    {
        try
        {
            using var store = new Store(options);
            using var interruption = cancellationToken.Register(static state => ((Store)state!).Interrupt(), store);
            using var deadline = timeout is { } time ? store.Deadline(time) : null;
            var outcome = guest(store);
            ended.TrySetResult(outcome with { HasTimedOut = deadline?.HasPassed == true });
        }
        catch (Exception exception)
        {
            ended.TrySetException(exception);
        }
    }
}

/// <summary>How a guest ended.</summary>
/// <param name="Result">Exit code or trap.</param>
/// <param name="Values">What the function that was invoked returned.</param>
internal sealed record GuestOutcome(WasiResult Result, WasmValue[] Values)
{
    public bool HasTimedOut { get; init; }
}
