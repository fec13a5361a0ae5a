using System.Text;
using Larder.Wasm;

namespace Larder.Indexer.Guests;

// From a fresh instance to a result or an error.
public sealed partial class GuestInstance
{
    // What host functions and the engine need beside the guest.
    private const int HostStackBytes = 2 << 20;

    // The engine looks for room before it enters a function that is very long, and asks for more than the function takes.
    private const int SpareStackBytes = 16 << 20;

    private const int MostFrames = 24;

    private void Run(
        GuestRun run, GuestInput input, Action<Instance, WasmFunction> guest, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (input.Bytes.Length > _module.Options.Limits.InputBytes)
        {
            throw new IndexerException(
                IndexerErrorKind.LimitExceeded,
                $"{run.Subject} has {input.Bytes.Length} bytes; the limit is {_module.Options.Limits.InputBytes}.");
        }

        if (Interlocked.Exchange(ref _running, 1) != 0)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            throw new InvalidOperationException("The instance runs something already; it does one thing at a time.");
        }

        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            var log = new GuestLog(Log, _module.Options.Limits.LogBytes);
            _host.Begin(input, run.Flushed, log);
            _thread.Run(() => RunHere(run, guest, cancellationToken));
        }
        finally
        {
            _host.End();
            if (_stackWasUsedUp)
            {
                _stackWasUsedUp = false;
                _thread.Retire();
            }

            Volatile.Write(ref _running, 0);
            if (_disposed && Interlocked.Exchange(ref _running, 1) == 0)
            {
                Free();
            }
        }
    }

    private void RunHere(GuestRun run, Action<Instance, WasmFunction> guest, CancellationToken cancellationToken)
    {
        try
        {
            var function = _module.FindFunction(run.Export, isView: run.Flushed is null) ?? throw Missing(run);
            var store = _store ??= MakeStore(run.Fuel);
            using (cancellationToken.UnsafeRegister(static state => ((Store)state!).Interrupt(), store))
            {
                var instance = Start(run, store);
                guest(instance, (WasmFunction)instance.Export(function));
            }
        }
        catch (IndexerException) when (cancellationToken.IsCancellationRequested && _store?.IsInterrupted == true)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (WasmException exception)
        {
            // What a guest does wrong is a trap; this is what the machine cannot give.
            throw new IndexerException(
                exception.Kind == WasmErrorKind.Unavailable ? IndexerErrorKind.NoSpace : IndexerErrorKind.BadModule,
                $"{run.Subject} cannot be run: {exception.Message}.",
                exception);
        }
        finally
        {
            MakeFresh();
        }
    }

    // An instance whose start is over, in the state that every run begins with.
    private Instance Start(GuestRun run, Store store)
    {
        if (_instance is null)
        {
            var imports = HostAbi.Create(_module.Compiled.Module, store, _host);
            _image = _module.Image;
            if (_image is null)
            {
                return StartAnew(run, store, imports);
            }

            _instance = store.Instantiate(_image.Snapshot, imports);
        }

        // Nothing calls the host between an image and here, so only the fuel tells that the start did not run now.
        _instance.Fuel = run.Fuel - _image!.Fuel; // An instance that is kept has an image.
        return _instance.Fuel >= 0 ? _instance : throw Failed(run, "its start ran out of fuel");
    }

    private Instance StartAnew(GuestRun run, Store store, Imports imports)
    {
        try
        {
            var instance = store.Instantiate(_module.Compiled, imports);
            _instance = instance;
            _image = _module.NoteStart(instance, _host.WasCalled, run.Fuel - instance.Fuel);
            return instance;
        }
        catch (WasmException exception) when (exception.Trap is { } trap)
        {
            throw Failed(run, "its start trapped", trap);
        }
    }

    // Before the run is over for its caller, so that what it used is free.
    private void MakeFresh()
    {
        _store?.ClearInterrupt();
        if (_image is not null && _instance is not null)
        {
            try
            {
                _instance.Restore(_image.Snapshot);
                return;
            }
            catch (Exception exception) when (exception is WasmException or ObjectDisposedException)
            {
                // The next run makes another one, or tells why it cannot.
            }
        }

        DropStore();
    }

    private void DropStore()
    {
        _store?.Dispose();
        _store = null;
        _instance = null;
        _image = null;
        _host.Leave();
    }

    // A stack unit stands for eight bytes.
    private int StackBytes => (8 * _module.Options.Limits.CallDepth) + SpareStackBytes;

    private Store MakeStore(long fuel) => new(new StoreOptions
    {
        Fuel = fuel,
        MemoryPages = _module.Plan.MaximumPages,
        TableElements = (ulong)_module.Options.Limits.TableElements,
        StrictGrowth = true,
        CallDepth = _module.Options.Limits.CallDepth,
        StackBytes = StackBytes,
        Instances = 1,
    });

    private IndexerException Missing(GuestRun run) => run.Flushed is null
        ? new IndexerException(
            IndexerErrorKind.Configuration,
            $"There is no view \"{run.Export}\"; the module has {(_module.Views.Count == 0 ? "none" : string.Join(", ", _module.Views))}.")
        : new IndexerException(
            IndexerErrorKind.BadModule, $"The module exports no function \"{run.Export}\", so it cannot index blocks.");

    private void Check(GuestRun run, Trap? trap)
    {
        if (trap is not null)
        {
            throw Failed(run, "the guest trapped", trap);
        }

        if (_host.AbortReason is not null)
        {
            throw Failed(run, "the guest went on behind its abort and returned");
        }
    }

    private IndexerException Failed(GuestRun run, string what, Trap? trap = null)
    {
        _stackWasUsedUp |= trap?.Kind == TrapKind.StackOverflow;
        var text = new StringBuilder($"{run.Subject} failed: {what}");
        if (trap is not null)
        {
            text.Append(": ").Append(trap.Message);
        }

        if (_host.AbortReason is { } reason)
        {
            text.Append("; it had called abort with ").Append(reason);
        }

        text.Append('.');
        if (trap is not null)
        {
            var frames = trap.Innermost(MostFrames + 1);
            foreach (var frame in frames.Take(MostFrames))
            {
                text.Append("\n    at ").Append(frame.Name);
            }

            if (frames.Length > MostFrames)
            {
                text.Append("\n    and more");
            }
        }

        return new IndexerException(IndexerErrorKind.GuestFailed, text.ToString());
    }
}
