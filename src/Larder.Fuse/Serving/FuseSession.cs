using Larder.Fuse.Native;
using Larder.Fuse.Passthrough;
using Larder.Fuse.Takeover;
using Larder.Fuse.Wire;
using Microsoft.Extensions.Logging;

namespace Larder.Fuse.Serving;

/// <summary>
/// Serves one connection with several threads. It knows nothing of mount points: in tests the other side is a pair of sockets.
/// </summary>
internal sealed class FuseSession : IAsyncDisposable
{
    private const int NotifyResend = 7;

    private readonly FuseChannel[] _channels; // The connection's own descriptor first, then its clones.
    private readonly List<FuseWorker> _workers = [];
    private readonly TaskCompletionSource _agreed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Watchdog _watchdog;
    private readonly Lock _gate = new();
    private FuseConnection? _connection;
    private int _running;

    /// <summary>Prepares to serve; <see cref="Start"/> begins.</summary>
    /// <param name="files">What answers.</param>
    /// <param name="options">The options.</param>
    /// <param name="state">What is kept for a successor. Owned by the session from now on.</param>
    /// <param name="channels">The connection's descriptors, owned by the session from now on.</param>
    internal FuseSession(FuseFileSystem files, FuseMountOptions options, MountState state, FuseChannel[] channels)
    {
        Files = files;
        Options = options;
        State = state;
        Logger = options.Logger;
        Ttl = new CacheTimes(options);
        _channels = channels;
        Backings = new Backings(channels[0].Descriptor, state, options);
        _watchdog = new Watchdog(this);
    }

    internal FuseFileSystem Files { get; }

    internal FuseMountOptions Options { get; }

    internal MountState State { get; }

    internal ILogger Logger { get; }

    internal CacheTimes Ttl { get; }

    internal InFlightTable InFlight { get; } = new();

    internal Backings Backings { get; }

    internal ListingMode Listing { get; } = new();

    internal bool CanSkipOpen { get; private set; }

    internal bool CanSkipOpenDirectory { get; private set; }

    /// <summary>Done when the kernel's first word has been answered; fails when there is no common protocol.</summary>
    internal Task Negotiated => _agreed.Task;

    /// <summary>Done when the connection is gone and every thread has left it.</summary>
    internal Task Ended => _ended.Task;

    internal FuseConnection? Connection => Volatile.Read(ref _connection);

    internal int Threads => _workers.Count;

    internal IReadOnlyList<FuseWorker> Workers
    {
        get
        {
            lock (_gate)
            {
                return [.. _workers];
            }
        }
    }

    /// <summary>Begins with one thread, which is enough for the first word of the kernel.</summary>
    internal void Start()
    {
        if (State.IsNegotiated)
        {
            Use(State.ReadNegotiated());
            Resend();
            _agreed.TrySetResult();
        }

        AddWorker(_channels[0]);
        _watchdog.Start();
    }

    /// <summary>Serves with all threads.</summary>
    internal void StartAll()
    {
        for (var number = 1; number < _channels.Length; number++)
        {
            AddWorker(_channels[number]);
        }
    }

    internal InitOut? Agree(in InitIn offer)
    {
        if (Negotiation.Agree(offer, Options) is not { } agreement)
        {
            _agreed.TrySetException(new FuseException(
                FuseErrorKind.Protocol,
                $"The kernel speaks FUSE {offer.Major}.{offer.Minor}; at least {Negotiation.Major}.{Negotiation.OldestMinor} is needed.",
                FuseErrno.Protocol));

            return null;
        }

        // Kept before it is answered: a successor that is asked again answers the same.
        State.StoreNegotiated(agreement.Connection);
        Use(agreement.Connection);

        return agreement.Answer;
    }

    internal void Agreed() => _agreed.TrySetResult();

    /// <summary>The kernel tells that somebody who waits for an answer got a signal.</summary>
    internal void Interrupt(ulong unique)
    {
        if (InFlight.Find(unique) is { } reply && CallerState.IsBeingKilled(reply.Head.Caller.ThreadId))
        {
            reply.Abandon(FuseErrno.Interrupted);
        }
    }

    internal FuseStatistics GetStatistics()
    {
        var sums = new long[Counters.Length];
        foreach (var worker in Workers)
        {
            for (var index = 0; index < sums.Length; index++)
            {
                sums[index] += worker.Context.Counts[index];
            }
        }

        return new FuseStatistics
        {
            Requests = sums.AsSpan(0, Counters.Opcodes).ToArray().Sum() + sums[Counters.Unknown],
            Lookups = sums[(int)FuseOpcode.Lookup],
            Opens = sums[(int)FuseOpcode.Open],
            PassthroughOpens = sums[Counters.PassthroughOpens],
            Reads = sums[(int)FuseOpcode.Read],
            DirectoryReads = sums[(int)FuseOpcode.ReadDirectory] + sums[(int)FuseOpcode.ReadDirectoryPlus],
            ExtendedAttributeReads = sums[(int)FuseOpcode.GetExtendedAttribute] + sums[(int)FuseOpcode.ListExtendedAttributes],
            Deferred = sums[Counters.Deferred],
            InFlight = InFlight.Count,
            Failures = sums[Counters.Failures],
            Malformed = sums[Counters.Malformed],
            Backings = Backings.Registered,
        };
    }

    internal void WorkerEnded()
    {
        if (Interlocked.Decrement(ref _running) > 0)
        {
            return;
        }

        foreach (var reply in InFlight.All)
        {
            reply.Disconnect();
        }

        _agreed.TrySetException(new FuseException(
            FuseErrorKind.Kernel, "The connection ended before the kernel said its first word.", FuseErrno.NotConnected));
        _ended.TrySetResult();
    }

    public async ValueTask DisposeAsync()
    {
        await _watchdog.DisposeAsync().ConfigureAwait(false);
        if (!_ended.Task.IsCompleted)
        {
            // A thread is stuck in the file system, or the connection lives on: what they use stays.
            return;
        }

        foreach (var worker in Workers)
        {
            if (worker.Join(TimeSpan.FromSeconds(1)))
            {
                worker.Dispose();
            }
        }

        foreach (var channel in _channels)
        {
            channel.Dispose();
        }

        State.Dispose();
    }

    private void Use(FuseConnection connection)
    {
        Volatile.Write(ref _connection, connection);
        CanSkipOpen = connection.NoOpen;
        CanSkipOpenDirectory = Options.NoOpenDirectory && (connection.Features & (ulong)Feature.NoOpenDirectorySupport) != 0;
        Backings.Enable(connection.Passthrough);
        Files.Start(connection);
    }

    private void AddWorker(FuseChannel channel)
    {
        lock (_gate)
        {
            var worker = new FuseWorker(this, channel, _workers.Count);
            _workers.Add(worker);
            Interlocked.Increment(ref _running);
            worker.Start();
        }
    }

    /// <summary>Asks for the requests that a predecessor has read and not answered.</summary>
    private unsafe void Resend()
    {
        var notice = new OutHeader { Length = (uint)sizeof(OutHeader), Error = NotifyResend };
        if (!_channels[0].Write((byte*)&notice, sizeof(OutHeader)))
        {
            Log.ResendRefused(Logger, Options.MountPoint, Libc.LastError);
        }
    }
}
