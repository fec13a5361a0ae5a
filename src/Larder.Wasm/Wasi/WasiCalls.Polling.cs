using System.Buffers.Binary;

namespace Larder.Wasm.Wasi;

internal sealed partial class WasiCalls
{
    private const uint MaximumSubscriptions = 4096;
    private const int SubscriptionBytes = 48;
    private const int EventBytes = 32;
    private const ulong LongestWait = 24UL * 3600 * 1_000_000_000;

    // How long an interruption of the store may go unnoticed while the guest sleeps.
    private static readonly TimeSpan WaitSlice = TimeSpan.FromMilliseconds(10);

    /// <summary>
    /// Waits until one of several things happens. Files and standard streams are always ready, as reading a stream of the
    /// host is the only way to learn whether it has something; so only clocks are ever waited for.
    /// </summary>
    public Errno Poll(GuestMemory memory, Store store, uint subscriptions, uint events, uint count, uint result)
    {
        if (count is 0 or > MaximumSubscriptions)
        {
            return Errno.Invalid;
        }

        _ = memory.Window(events, count, EventBytes);
        _ = memory.Window(result, sizeof(uint));

        // A copy, because the guest may have its events written over its subscriptions.
        var wanted = memory.Window(subscriptions, count, SubscriptionBytes).ToArray();
        var happened = new List<Event>();
        var clocks = new List<(ulong UserData, ulong Remaining)>();
        for (var at = 0; at < wanted.Length; at += SubscriptionBytes)
        {
            Look(wanted.AsSpan(at, SubscriptionBytes), happened, clocks);
        }

        var wait = happened.Count > 0 || clocks.Count == 0 ? 0 : clocks.Min(static clock => clock.Remaining);
        if (!Wait(wait, store))
        {
            return Errno.Interrupted;
        }

        foreach (var clock in clocks)
        {
            if (clock.Remaining <= wait)
            {
                happened.Add(new Event(clock.UserData, Errno.Success, EventType.Clock, 0));
            }
        }

        foreach (var one in happened)
        {
            one.Write(memory.Window(events, EventBytes));
            events += EventBytes;
        }

        memory.Write32(result, (uint)happened.Count);
        return Errno.Success;
    }

    private void Look(ReadOnlySpan<byte> subscription, List<Event> happened, List<(ulong UserData, ulong Remaining)> clocks)
    {
        var userData = BinaryPrimitives.ReadUInt64LittleEndian(subscription);
        var type = (EventType)subscription[8];
        var first = BinaryPrimitives.ReadUInt32LittleEndian(subscription[16..]);
        switch (type)
        {
            case EventType.Clock when first <= (uint)ClockId.Thread:
                var timeout = BinaryPrimitives.ReadUInt64LittleEndian(subscription[24..]);
                var isMoment = (subscription[40] & 1) != 0;
                var now = isMoment ? Now((ClockId)first) : 0;
                clocks.Add((userData, timeout > now ? timeout - now : 0));
                break;
            case EventType.Read or EventType.Write:
                var needed = Rights.Poll | (type == EventType.Read ? Rights.Read : Rights.Write);
                happened.Add(new Event(userData, Find(first, needed, out _), type, 1));
                break;
            default:
                happened.Add(new Event(userData, Errno.Invalid, type, 0));
                break;
        }
    }

    // False when the store was interrupted meanwhile.
    private bool Wait(ulong nanoseconds, Store store)
    {
        if (_clock is DeterministicClock clock)
        {
            clock.Advance(new TimeSpan((long)Math.Min(nanoseconds, long.MaxValue) / 100));
            return true;
        }

        while (nanoseconds > 0)
        {
            var part = Math.Min(nanoseconds, LongestWait);
            nanoseconds -= part;
            var passed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using var timer = _clock.CreateTimer(
                static state => ((TaskCompletionSource)state!).TrySetResult(),
                passed,
                new TimeSpan((long)((part + 99) / 100)),
                Timeout.InfiniteTimeSpan);
            while (!passed.Task.Wait(WaitSlice))
            {
                if (store.IsInterrupted)
                {
                    return false;
                }
            }
        }

        return true;
    }

    /// <summary>What can happen. The numbers are the specification's.</summary>
    private enum EventType : byte
    {
        Clock = 0,
        Read = 1,
        Write = 2,
    }

    private readonly record struct Event(ulong UserData, Errno Error, EventType Type, ulong Bytes)
    {
        public void Write(Span<byte> target)
        {
            target.Clear();
            BinaryPrimitives.WriteUInt64LittleEndian(target, UserData);
            BinaryPrimitives.WriteUInt16LittleEndian(target[8..], (ushort)Error);
            target[10] = (byte)Type;
            BinaryPrimitives.WriteUInt64LittleEndian(target[16..], Bytes);
        }
    }
}
