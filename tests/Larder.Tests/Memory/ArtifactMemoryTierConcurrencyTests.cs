using System.Buffers.Binary;
using System.Collections.Concurrent;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Cache.Memory;
using Larder.Cache.Policy;

namespace Larder.Tests.Memory;

/// <summary>
/// Four threads on a tier that is much too small. Each key is written by one thread, with rising versions; every read,
/// by any thread, must be whole, of the right key, and no older than the last put or removal that had ended before it
/// began. Another thread watches the budget.
/// </summary>
public sealed class ArtifactMemoryTierConcurrencyTests
{
    private const int Threads = 4;
    private const int Keys = 64;
    private const long Capacity = 2 * 1024 * 1024;

    // What all threads may have in flight fits into the lowest capacity: what is booked when a tier shrinks stays booked.
    private const int LongestPayload = 240_000;

    [Theory]
    [InlineData(false, EvictionPolicyKind.Lru)]
    [InlineData(true, EvictionPolicyKind.Lru)]
    [InlineData(true, EvictionPolicyKind.Frequency)]
    public async Task Reads_are_never_torn_stale_or_foreign(bool arena, EvictionPolicyKind policy)
    {
        var seed = Environment.TickCount;
        using var tier = TierKit.Create(Capacity, arena, policy, shards: 2);
        var history = new History(tier, seed);

        await history.RunAsync(TimeSpan.FromSeconds(2));

        Assert.True(history.Failures.IsEmpty, $"seed {seed}: {string.Join(Environment.NewLine, history.Failures)}");
        Assert.True(history.Hits > 200, $"only {history.Hits} hits");
        TierKit.CheckBooks(tier);
        Assert.True(tier.GetStatistics().Kinds.Single().Evicted > 20);
    }

    private sealed class History(ArtifactMemoryTier tier, int seed)
    {
        // By key: the oldest version that may still be read, and the newest that may be read already.
        private readonly int[] _floor = new int[Keys];
        private readonly int[] _ceiling = new int[Keys];
        private long _hits;

        public ConcurrentQueue<string> Failures { get; } = [];

        public long Hits => Volatile.Read(ref _hits);

        public async Task RunAsync(TimeSpan time)
        {
            using var stop = new CancellationTokenSource();
            var work = Enumerable.Range(0, Threads)
                .Select(thread => Start(() => Work(thread, new Random(seed + thread), stop.Token)))
                .Append(Start(() => Watch(stop.Token)))
                .Append(Start(() => Squeeze(new Random(seed + 100), stop.Token)))
                .ToList();
            await Task.Delay(time);
            await stop.CancelAsync();
            await Task.WhenAll(work);
        }

        private Task Start(Action action) => Task.Factory.StartNew(
            () =>
            {
                try
                {
                    action();
                }
                catch (Exception exception)
                {
                    Failures.Enqueue(exception.ToString());
                }
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);

        private void Work(int thread, Random random, CancellationToken stop)
        {
            var kept = new Queue<(ArtifactLease Lease, Fingerprint Digest)>();
            while (!stop.IsCancellationRequested && Failures.Count < 10)
            {
                var number = random.Next(Keys);
                switch (random.Next(10))
                {
                    case < 6:
                        Read(number, random, kept);
                        break;
                    case < 9:
                        Write((number / Threads * Threads) + thread, random);
                        break;
                    default:
                        Remove((number / Threads * Threads) + thread);
                        break;
                }
            }

            while (kept.TryDequeue(out var last))
            {
                CheckWhole(last.Lease, last.Digest, "kept");
                last.Lease.Dispose();
            }
        }

        private void Read(int number, Random random, Queue<(ArtifactLease Lease, Fingerprint Digest)> kept)
        {
            var floor = Volatile.Read(ref _floor[number]);
            var lease = tier.Get(TierKit.Key(number));
            var ceiling = Volatile.Read(ref _ceiling[number]);
            if (!lease.IsHit)
            {
                return;
            }

            Interlocked.Increment(ref _hits);
            lease.Content.TryGetMemory(out var memory);
            var found = BinaryPrimitives.ReadInt32LittleEndian(memory.Span);
            var version = BinaryPrimitives.ReadInt32LittleEndian(memory.Span[4..]);
            if (found != number || version < floor || version > ceiling)
            {
                Failures.Enqueue($"key {number} gave key {found} version {version}, not in {floor}..{ceiling}");
            }

            CheckWhole(lease, lease.Metadata.Digest, "read");
            if (random.Next(4) != 0)
            {
                lease.Dispose();
                return;
            }

            // Kept across evictions, moves and replacements, and looked at again.
            kept.Enqueue((lease, lease.Metadata.Digest));
            if (kept.Count > 3)
            {
                var (old, digest) = kept.Dequeue();
                CheckWhole(old, digest, "kept");
                old.Dispose();
            }
        }

        private void CheckWhole(ArtifactLease lease, Fingerprint digest, string when)
        {
            lease.Content.TryGetMemory(out var memory);
            if (memory.Length != lease.Metadata.Length || Fingerprint.OfContent(memory.Span) != digest)
            {
                Failures.Enqueue($"{when}: the bytes do not have their digest");
            }
        }

        private void Write(int number, Random random)
        {
            var version = ++_ceiling[number];
            var length = 8 + (int)Math.Exp(random.NextDouble() * Math.Log(LongestPayload));
            var payload = TierKit.Payload(number, version, length);
            if (random.Next(2) == 0)
            {
                tier.Put(TierKit.Key(number), payload, ArtifactWriter.AsWritten);
            }
            else
            {
                WriteInPiecesAsync(number, payload, random.Next(2) == 0 ? length : -1).GetAwaiter().GetResult();
            }

            Volatile.Write(ref _floor[number], version);
        }

        private async Task WriteInPiecesAsync(int number, byte[] payload, long length)
        {
            await using var writer = tier.BeginWrite(TierKit.Key(number), length);
            foreach (var piece in payload.Chunk(50_000))
            {
                await writer.WriteAsync(piece, CancellationToken.None);
            }

            (await writer.CommitAsync(ArtifactWriter.AsWritten, CancellationToken.None)).Lease.Dispose();
        }

        private void Remove(int number)
        {
            tier.Remove(TierKit.Key(number), RemovalReason.Invalidated);
            Volatile.Write(ref _floor[number], _ceiling[number] + 1);
            _ceiling[number]++;
        }

        private void Watch(CancellationToken stop)
        {
            while (!stop.IsCancellationRequested)
            {
                var statistics = tier.GetStatistics();
                if (statistics.Bytes + statistics.ReservedBytes > statistics.CapacityBytes)
                {
                    Failures.Enqueue($"{statistics.Bytes} + {statistics.ReservedBytes} of {statistics.CapacityBytes} bytes");
                }
            }
        }

        private void Squeeze(Random random, CancellationToken stop)
        {
            while (!stop.WaitHandle.WaitOne(5))
            {
                tier.Trim(random.Next(500_000));
                tier.Resize(random.Next((int)Capacity / 2, (int)Capacity), 1000);
            }
        }
    }
}
