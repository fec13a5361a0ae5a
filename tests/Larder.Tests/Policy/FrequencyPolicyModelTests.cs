namespace Larder.Tests.Policy;

public sealed class FrequencyPolicyModelTests
{
    /// <summary>
    /// Random requests, puts, replacements, removals and resizes with limits in bytes, in entries and in both: after
    /// every step the structure is sound and both limits hold. The shard checks what the contract promises.
    /// </summary>
    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void Random_operations_keep_the_limits(bool inBytes, bool inEntries)
    {
        var seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper!.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var shard = new PolicyShard(inBytes ? 2000 : -1, inEntries ? 60 : -1);
        for (var step = 0; step < 8_000; step++)
        {
            Step(shard, random, inBytes, inEntries);
            shard.Policy.CheckIntegrity();
            Assert.True(shard.CapacityBytes < 0 || shard.Bytes <= shard.CapacityBytes);
            Assert.True(shard.CapacityEntries < 0 || shard.Count <= shard.CapacityEntries);
        }
    }

    private static void Step(PolicyShard shard, Random random, bool inBytes, bool inEntries)
    {
        var key = random.Next(200);
        switch (random.Next(100))
        {
            case < 90:
                var weight = random.Next(10) == 0 ? random.Next(1500) : random.Next(80);
                if (shard.CapacityEntries != 0 && (shard.CapacityBytes < 0 || weight <= shard.CapacityBytes))
                {
                    shard.Request(key, weight);
                }

                break;

            case < 94 when shard.Holds(key):
                shard.Remove(key);
                break;

            case < 98 when shard.Holds(key):
                shard.Replace(key, random.Next(10));
                shard.Resize(shard.CapacityBytes, shard.CapacityEntries);
                break;

            case 99:
                // A limit can come and go while entries live.
                shard.Resize(inBytes || random.Next(4) == 0 ? random.Next(4000) : -1, inEntries ? random.Next(100) : -1);
                if (!inEntries && shard.CapacityBytes < 0)
                {
                    shard.Resize(-1, 500);
                }

                break;

            default:
                break;
        }
    }
}
