using Larder.Cache.Disk;
using Larder.Cache.Fingerprints;

namespace Larder.Tests.Disk;

public sealed class DiskIndexTests(ITestOutputHelper output)
{
    [Fact]
    public void Random_changes_agree_with_a_dictionary()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var index = new DiskIndex();
        var model = new Dictionary<(ushort, Fingerprint), uint>();
        for (var step = 0; step < 60_000; step++)
        {
            var kind = (ushort)random.Next(3);
            var name = Name(random.Next(4000));
            var slot = index.Find(kind, name);
            Assert.Equal(model.ContainsKey((kind, name)), slot >= 0);
            switch (random.Next(6))
            {
                case < 3 when slot < 0:
                    var blocks = (uint)random.Next(1, 50);
                    index.Insert(new DiskSlot { Kind = kind, Fingerprint = name, Blocks = blocks });
                    model[(kind, name)] = blocks;
                    break;
                case 3 when slot >= 0:
                    index.Remove(slot);
                    model.Remove((kind, name));
                    break;
                case 4 when slot >= 0:
                    index.Touch(slot, 1);
                    break;
                case 5 when slot >= 0:
                    index.Update(slot, 1, 3, 0);
                    model[(kind, name)] = 3;
                    break;
                default:
                    var victim = index.NextVictim();
                    Assert.Equal(model.Count == 0, victim < 0);
                    break;
            }
        }

        index.CheckIntegrity();
        Assert.Equal(model.Count, index.Count);
        Assert.Equal(model.Values.Sum(static blocks => (blocks * 4096L) + DiskSlot.OverheadBytes), index.Bytes);
    }

    [Fact]
    public void A_scan_does_not_wash_used_entries_out()
    {
        var index = new DiskIndex();
        for (var i = 0; i < 100; i++)
        {
            index.Touch(index.Insert(new DiskSlot { Fingerprint = Name(i), Blocks = 1 }), 1);
        }

        for (var i = 100; i < 5000; i++)
        {
            if (index.Count >= 200)
            {
                var victim = index.NextVictim();
                index.Remember(victim);
                index.Remove(victim);
            }

            index.Insert(new DiskSlot { Fingerprint = Name(i), Blocks = 1 });
        }

        Assert.All(Enumerable.Range(0, 100), i => Assert.True(index.Find(0, Name(i)) >= 0, $"used entry {i} was evicted"));
        index.CheckIntegrity();
    }

    [Fact]
    public void What_comes_back_soon_after_its_eviction_enters_the_main_queue()
    {
        var index = new DiskIndex();
        var slot = index.Insert(new DiskSlot { Fingerprint = Name(1), Blocks = 1 });
        index.Remember(slot);
        index.Remove(slot);

        slot = index.Insert(new DiskSlot { Fingerprint = Name(1), Blocks = 1 });

        Assert.True(index[slot].Flags.HasFlag(DiskSlotFlags.Main));
    }

    [Fact]
    public void An_entry_takes_little_memory()
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var index = new DiskIndex();
        for (var i = 0; i < 200_000; i++)
        {
            index.Insert(new DiskSlot { Fingerprint = Name(i), Blocks = 1 });
        }

        // 200,000 entries are the worst moment short of growing: the bar is 150 bytes each.
        Assert.True(index.MemoryBytes / 200_000 <= 110, $"{index.MemoryBytes / 200_000.0} bytes an entry");
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before >= index.MemoryBytes);
    }

    private static Fingerprint Name(int number) => Fingerprint.OfContent(BitConverter.GetBytes(number));
}
