using Larder.Cache.Artifacts;
using Larder.Cache.Memory;
using Larder.Cache.Policy;

namespace Larder.Tests.Memory;

/// <summary>
/// Random operations against a dictionary. The tier reports everything that leaves, so the model knows at every step
/// exactly which keys must be there and what they must hold.
/// </summary>
public sealed class ArtifactMemoryTierModelTests
{
    private const int Keys = 150;
    private const long Capacity = 2 * 1024 * 1024;

    [Theory]
    [InlineData(1, false, EvictionPolicyKind.Lru)]
    [InlineData(2, true, EvictionPolicyKind.Lru)]
    [InlineData(3, false, EvictionPolicyKind.Frequency)]
    [InlineData(4, true, EvictionPolicyKind.Frequency)]
    [InlineData(5, true, EvictionPolicyKind.Lru)]
    [InlineData(6, true, EvictionPolicyKind.Frequency)]
    public async Task Random_operations_agree_with_a_dictionary(int seed, bool arena, EvictionPolicyKind policy)
    {
        var random = new Random(seed);
        using var tier = TierKit.Create(Capacity, arena, policy, shards: 1 << random.Next(3));
        var model = new Model(tier, random);

        for (var step = 0; step < 4000; step++)
        {
            try
            {
                await model.StepAsync();
            }
            catch (Exception exception)
            {
                throw new InvalidOperationException($"seed {seed}, step {step}", exception);
            }
        }

        model.ReleaseLeases();
        model.CheckAll();
        TierKit.CheckBooks(tier);
        Assert.True(model.Evictions > 50, $"seed {seed}: hardly anything was evicted");
    }

    private sealed class Model
    {
        private static readonly string[] Owners = ["a", "b", "c"];

        private readonly ArtifactMemoryTier _tier;
        private readonly Random _random;
        private readonly Dictionary<ArtifactKey, (byte[] Payload, string? Owner)> _held = [];
        private readonly List<(ArtifactLease Lease, byte[] Payload)> _leases = [];
        private int _version;

        public Model(ArtifactMemoryTier tier, Random random)
        {
            _tier = tier;
            _random = random;
            tier.Removed = (key, _, _, reason) =>
            {
                if (reason != RemovalReason.NotAdmitted)
                {
                    Assert.True(_held.Remove(key), $"{key} left ({reason}) but was not held");
                    Evictions += reason is RemovalReason.ByteLimit or RemovalReason.EntryLimit ? 1 : 0;
                }
            };
        }

        public int Evictions { get; private set; }

        public async Task StepAsync()
        {
            var number = _random.Next(Keys);
            var key = TierKit.Key(number);
            switch (_random.Next(100))
            {
                case < 40:
                    Look(key);
                    break;
                case < 60:
                    Put(number, key);
                    break;
                case < 80:
                    await WriteAsync(number, key);
                    break;
                case < 85:
                    Assert.Equal(_held.ContainsKey(key), _tier.Remove(key, RemovalReason.Removed));
                    break;
                case < 86:
                    Invalidate();
                    break;
                case < 91:
                    _tier.Trim(_random.Next(200_000));
                    break;
                case < 93:
                    _tier.Resize(_random.Next((int)Capacity / 2, (int)Capacity), _random.Next(10, 100));
                    break;
                case < 95:
                    _tier.Withhold(_random.NextDouble() / 4);
                    break;
                case < 97:
                    ReleaseLeases();
                    TierKit.CheckBooks(_tier);
                    break;
                default:
                    CheckAll();
                    break;
            }
        }

        public void ReleaseLeases()
        {
            foreach (var (lease, payload) in _leases)
            {
                Assert.Equal(payload, TierKit.Read(lease));
                lease.Dispose();
            }

            _leases.Clear();
        }

        public void CheckAll()
        {
            for (var number = 0; number < Keys; number++)
            {
                var key = TierKit.Key(number);
                Assert.Equal(_held.ContainsKey(key), _tier.Contains(key));
                using var lease = _tier.Peek(key);
                if (lease.IsHit)
                {
                    Assert.Equal(_held[key].Payload, TierKit.Read(lease));
                }
            }
        }

        private void Look(ArtifactKey key)
        {
            var lease = _tier.Get(key);
            Assert.Equal(_held.ContainsKey(key), lease.IsHit);
            if (!lease.IsHit)
            {
                return;
            }

            Assert.Equal(_held[key].Payload, TierKit.Read(lease));
            Assert.Equal(_held[key].Owner, lease.Metadata.Owner);
            if (_leases.Count < 8 && _random.Next(3) == 0)
            {
                _leases.Add((lease, _held[key].Payload));
            }
            else
            {
                lease.Dispose();
            }
        }

        private void Put(int number, ArtifactKey key)
        {
            var payload = NextPayload(number);
            var owner = NextOwner();
            var outcome = _tier.Put(key, payload, ArtifactWriter.AsWritten with { Owner = owner });
            Settle(key, outcome, payload, owner);
        }

        private async Task WriteAsync(int number, ArtifactKey key)
        {
            var payload = NextPayload(number);
            var owner = NextOwner();
            await using var writer = _tier.BeginWrite(key, _random.Next(2) == 0 ? payload.Length : -1);
            foreach (var piece in payload.Chunk(_random.Next(1, 100_000)))
            {
                await writer.WriteAsync(piece, CancellationToken.None);
            }

            if (_random.Next(10) == 0)
            {
                return;
            }

            var (outcome, lease) = await writer.CommitAsync(
                ArtifactWriter.AsWritten with { Owner = owner }, CancellationToken.None);
            Assert.Equal(outcome == PutOutcome.Stored, lease.IsHit);
            if (lease.IsHit)
            {
                Assert.Equal(payload, TierKit.Read(lease));
            }

            lease.Dispose();
            Settle(key, outcome, payload, owner);
        }

        private void Settle(ArtifactKey key, PutOutcome outcome, byte[] payload, string? owner)
        {
            if (outcome == PutOutcome.Stored)
            {
                _held[key] = (payload, owner);
                return;
            }

            Assert.Contains(outcome, (PutOutcome[])[PutOutcome.NotAdmitted, PutOutcome.NoSpace, PutOutcome.TooLarge]);
            Assert.False(_tier.Contains(key));
            Assert.False(_held.ContainsKey(key));
        }

        private void Invalidate()
        {
            var owner = Owners[_random.Next(Owners.Length)];
            var expected = _held.Values.Count(held => held.Owner == owner);
            Assert.Equal(expected, _tier.InvalidateOwner(owner));
        }

        private byte[] NextPayload(int number)
        {
            var length = (int)Math.Exp(_random.NextDouble() * Math.Log(_random.Next(20) == 0 ? 3_000_000 : 600_000));
            return TierKit.Payload(number, ++_version, length);
        }

        private string? NextOwner() => _random.Next(4) is var chosen && chosen < Owners.Length ? Owners[chosen] : null;
    }
}
