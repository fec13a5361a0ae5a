using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Cache.Disk;
using Larder.Cache.Disk.Io;
using static Larder.Tests.Disk.DiskDirectory;

namespace Larder.Tests.Disk;

/// <summary>Random operations with faults at any file operation, against a dictionary.</summary>
public sealed class DiskModelTests(ITestOutputHelper output)
{
    private static readonly Errno[] Errors =
        [Errno.Io, Errno.NoSpace, Errno.Quota, Errno.TooManyOpen, Errno.NoMemory, Errno.NotSupported];

    // A fixed seed, so that every run checks these; and one that is new each time and printed.
    public static TheoryData<int, double> Seeds() => new()
    {
        { 1, 0 }, { 2, 0.02 }, { 3, 0.2 }, { Environment.TickCount & 0xFFFFFF, 0.02 },
        { (Environment.TickCount & 0xFFFFFF) + 1, 0.1 },
    };

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Every_answer_is_the_last_put_or_a_miss_that_has_a_reason(int seed, double faultRate)
    {
        output.WriteLine($"seed {seed}, fault rate {faultRate}");
        using var directory = new DiskDirectory();
        var model = new Model(directory, seed, faultRate);
        for (var step = 0; step < 1500; step++)
        {
            await model.StepAsync($"seed {seed} step {step}");
        }

        await model.FinishAsync();
        output.WriteLine($"{model.Hits} hits, {model.Misses} misses, {model.Faults} faults");
        Assert.True(model.Hits > 5, "Hardly anything was ever read.");
        Assert.Equal(faultRate > 0, model.Faults > 0);
    }

    private sealed class Model(DiskDirectory directory, int seed, double faultRate)
    {
        private const int Keys = 24;

        private readonly Random _random = new(seed);

        // Faults have their own numbers, so that background work does not change the operations of a seed.
        private readonly Random _faults = new(seed + 1);
        private readonly FaultyDiskIo _io = new();

        // What each key holds; and whether a fault or damage since then may have cost it.
        private readonly Dictionary<int, byte[]> _expected = [];
        private readonly HashSet<int> _uncertain = [];
        private DiskTier? _tier;

        public int Hits { get; private set; }

        public int Misses { get; private set; }

        public int Faults => _io.Faults;

        public async Task StepAsync(string where)
        {
            _tier ??= await OpenAsync();
            var number = _random.Next(Keys);
            var key = Key(number % 2 == 0 ? Framed : Raw, number);
            var faults = _io.Faults;
            var evicted = Evicted();
            switch (_random.Next(20))
            {
                case < 6:
                    await PutAsync(key, number, where);
                    break;
                case < 14:
                    await GetAsync(key, number, where, faults);
                    break;
                case 14:
                    await RemoveAsync(key, number);
                    break;
                case 15:
                    await FlushAsync();
                    break;
                case 16:
                    _tier.CloseIdleFiles();
                    break;
                case 17:
                    Damage(key, number);
                    break;
                case 18 when _random.Next(10) == 0:
                    await _tier.DisposeAsync();
                    _tier = null;
                    break;
                default:
                    await ScrubOrRescanAsync();
                    break;
            }

            if (_io.Faults != faults)
            {
                _uncertain.Add(number);
            }

            if (evicted >= 0 && Evicted() > evicted)
            {
                // A medium that says it is full costs any entry.
                _uncertain.UnionWith(_expected.Keys);
            }

            if (_tier is not null)
            {
                await _tier.Recovered;
                AssertBalanced(_tier);
            }
        }

        public async Task FinishAsync()
        {
            _io.Before = null;
            for (var number = 0; number < Keys; number++)
            {
                await GetAsync(Key(number % 2 == 0 ? Framed : Raw, number), number, "at the end", _io.Faults);
            }

            if (_tier is not null)
            {
                Assert.Equal(0, _tier.GetStatistics().ReservedBytes);
                AssertBalanced(_tier);
                await _tier.DisposeAsync();
            }
        }

        private long Evicted() => _tier?.GetStatistics().Kinds.Sum(static kind => kind.Evicted) ?? -1;

        // Opening may fail for a fault; it works without.
        private async Task<DiskTier> OpenAsync()
        {
            _io.Before = Fault;
            try
            {
                return await directory.OpenAsync(options => options with { Io = _io });
            }
            catch (CacheException)
            {
                _io.Before = null;
                var tier = await directory.OpenAsync(options => options with { Io = _io });
                _io.Before = Fault;
                return tier;
            }
        }

        private Errno Fault(DiskOperation operation, string path)
        {
            lock (_faults)
            {
                return _faults.NextDouble() < faultRate ? Errors[_faults.Next(Errors.Length)] : Errno.None;
            }
        }

        private async Task PutAsync(ArtifactKey key, int number, string where)
        {
            var payload = Bytes(_random.Next(), _random.Next(3) == 0 ? _random.Next(200_000) : _random.Next(2000));
            var outcome = await DiskDirectory.PutAsync(_tier!, key, payload, length: _random.Next(2) == 0 ? payload.Length : -1);
            if (outcome is PutOutcome.Stored)
            {
                _expected[number] = payload;
                _uncertain.Remove(number);
            }
            else
            {
                Assert.True(
                    faultRate > 0 && outcome is PutOutcome.NoSpace or PutOutcome.Unavailable, $"{where}: the put ended {outcome}");
            }
        }

        private async Task GetAsync(ArtifactKey key, int number, string where, int faults)
        {
            _tier ??= await OpenAsync();
            byte[]? read;
            try
            {
                read = await DiskDirectory.GetAsync(_tier, key);
            }
            catch (CacheException)
            {
                // The medium failed while the lease was read.
                read = null;
            }

            if (read is null)
            {
                Misses++;
                Assert.True(
                    !_expected.ContainsKey(number) || _uncertain.Contains(number) || _io.Faults != faults,
                    $"{where}: key {number} is lost without a reason");
                return;
            }

            Hits++;
            Assert.True(_expected.TryGetValue(number, out var expected), $"{where}: key {number} came back");
            Assert.True(expected!.AsSpan().SequenceEqual(read), $"{where}: key {number} has other bytes");
        }

        private async Task RemoveAsync(ArtifactKey key, int number)
        {
            try
            {
                await _tier!.RemoveAsync(key, RemovalReason.Removed, CancellationToken.None);
                if (await _tier.ContainsAsync(key, CancellationToken.None))
                {
                    // A fault made the file look absent.
                    _uncertain.Add(number);
                    return;
                }

                if (File.Exists(directory.PathOf(key)))
                {
                    _uncertain.Add(number);
                    return;
                }

                _expected.Remove(number);
            }
            catch (CacheException)
            {
                _uncertain.Add(number);
            }
        }

        private async Task FlushAsync()
        {
            var faults = _io.Faults;
            await _tier!.FlushAsync(CancellationToken.None);
            if (_io.Faults != faults)
            {
                // An entry whose sync failed is removed.
                _uncertain.UnionWith(_expected.Keys);
            }
        }

        private async Task ScrubOrRescanAsync()
        {
            if (_random.Next(10) != 0)
            {
                return;
            }

            var faults = _io.Faults;
            await (_random.Next(2) == 0
                ? _tier!.ScrubAsync(null, CancellationToken.None)
                : _tier!.RescanAsync(CancellationToken.None));
            Assert.True(faultRate > 0 || _io.Faults == faults);
        }

        // Somebody else's hand: a flipped byte, a cut, a removal.
        private void Damage(ArtifactKey key, int number)
        {
            var path = directory.PathOf(key) + (key.Kind == Raw && _random.Next(2) == 0 ? ".meta" : "");
            var bytes = File.Exists(path) ? File.ReadAllBytes(path) : [];
            if (bytes.Length == 0)
            {
                return;
            }

            _uncertain.Add(number);
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
            switch (_random.Next(3))
            {
                case 0:
                    var at = _random.Next(bytes.Length);
                    RandomAccess.Write(file, [(byte)(bytes[at] ^ (1 << _random.Next(8)))], at);
                    break;
                case 1:
                    RandomAccess.SetLength(file, _random.Next(bytes.Length));
                    break;
                default:
                    File.Delete(path);
                    break;
            }
        }
    }
}
