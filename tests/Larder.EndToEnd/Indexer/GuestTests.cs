using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using Larder.EndToEnd.Harness;
using Larder.Indexer.Guests;
using Larder.Indexer.State;

namespace Larder.EndToEnd.Indexer;

/// <summary>A guest of the AssemblyScript compiler over many blocks: what V8 sees of it is what the indexer sees.</summary>
public sealed class GuestTests
{
    private const int Blocks = 12;
    private const int Accounts = 40;

    private static readonly string Sources = Path.Combine(BuiltTool.Root, "tests", "Larder.EndToEnd", "Indexer");

    [Theory]
    [InlineData("-O3")]
    [InlineData("--debug")]
    [InlineData("-O3 --runtime stub")]
    [InlineData("-O2 --importMemory")]
    [InlineData("-O2 --initialMemory 20 --maximumMemory 2000")]
    public async Task A_guest_does_what_it_does_on_another_engine(string options)
    {
        using var directory = new TemporaryDirectory();
        var path = await CompileAsync(directory, options.Split(' '));
        byte[][] blocks = [.. Enumerable.Range(0, Blocks).Select(Block)];
        var expected = await InNodeAsync(path, blocks);

        // Fresh instances, one that is used again and again, and one on another thread.
        using var module = IndexerModule.Load(await File.ReadAllBytesAsync(path), new IndexerModuleOptions { MemoryDigest = true });
        Assert.Equal(["balance", "sent"], module.Views.Order());
        using var kept = module.CreateInstance();
        Assert.Equal(expected, Run(blocks, () => kept, false));
        Assert.Equal(expected, Run(blocks, module.CreateInstance, true));
        Assert.Equal(expected, await Task.Run(() => Run(blocks, () => kept, false)));
    }

    [Fact]
    public async Task A_guest_whose_heap_is_moved_writes_the_same()
    {
        using var directory = new TemporaryDirectory();
        var path = await CompileAsync(directory, ["--debug"]);
        var bytes = await File.ReadAllBytesAsync(path);
        byte[][] blocks = [.. Enumerable.Range(0, 4).Select(Block)];
        using var module = IndexerModule.Load(bytes, new IndexerModuleOptions());
        using var moved = IndexerModule.Load(bytes, new IndexerModuleOptions { Memory = new MemoryProfile { PreallocatedPages = 16_384 } });
        using var guest = module.CreateInstance();
        using var other = moved.CreateInstance();
        var state = new State();
        for (var height = 0U; height < blocks.Length; height++)
        {
            var plain = guest.RunBlock(height, blocks[height], state, TestContext.Current.CancellationToken);
            var behind = other.RunBlock(height, blocks[height], state, TestContext.Current.CancellationToken);
            state.Put(plain.Writes);

            Assert.Equal(plain.Run.FlushDigest, behind.Run.FlushDigest);

            // Not exactly so many more: this compiler's allocator doubles the memory when it grows it.
            Assert.True(behind.Run.MemoryPages >= plain.Run.MemoryPages + 16_384, $"{behind.Run.MemoryPages} pages");
        }

        // An optimised one has the base of its heap in its code.
        var stripped = await File.ReadAllBytesAsync(await CompileAsync(directory, ["-O3"]));
        var refusal = Assert.Throws<Larder.Indexer.IndexerException>(
            () => IndexerModule.Load(stripped, new IndexerModuleOptions { Memory = new MemoryProfile { PreallocatedPages = 16_384 } }));
        Assert.Contains("HeapBaseGlobal", refusal.Message, StringComparison.Ordinal);
    }

    // One line a block and a view, as guest-runner.mjs writes them.
    private static List<string> Run(byte[][] blocks, Func<GuestInstance> make, bool disposes)
    {
        var lines = new List<string>();
        var state = new State();
        for (var height = 0U; height < blocks.Length; height++)
        {
            var guest = make();
            var logs = new List<string>();
            guest.Log = logs.Add;
            var outcome = guest.RunBlock(height, blocks[height], state, TestContext.Current.CancellationToken);
            state.Put(outcome.Writes);
            var run = outcome.Run;
            lines.Add($"flush {run.FlushDigest} pages {run.MemoryPages} memory {run.MemoryDigest} logs {string.Join('|', logs)}");
            Dispose(guest);
        }

        foreach (var (name, account) in Views())
        {
            var request = new byte[4];
            BinaryPrimitives.WriteInt32LittleEndian(request, account);
            var guest = make();
            var result = guest.RunView(name, (uint)blocks.Length - 1, request, state, TestContext.Current.CancellationToken);
            lines.Add($"{name} {Convert.ToHexStringLower(result)}");
            Dispose(guest);
        }

        return lines;

        void Dispose(GuestInstance guest)
        {
            if (disposes)
            {
                guest.Dispose();
            }
        }
    }

    private static IEnumerable<(string Name, int Account)> Views()
    {
        for (var account = 0; account <= Accounts; account++)
        {
            yield return ("balance", account);
            yield return ("sent", account);
        }
    }

    private static byte[] Block(int height)
    {
        var random = new Random(height);
        var block = new byte[12 * random.Next(0, 400)];
        for (var at = 0; at < block.Length; at += 12)
        {
            BinaryPrimitives.WriteInt32LittleEndian(block.AsSpan(at), random.Next(Accounts));
            BinaryPrimitives.WriteInt32LittleEndian(block.AsSpan(at + 4), random.Next());
            block[at + 8] = (byte)(random.Next(10) == 0 ? 1 : random.Next(40) == 0 ? 2 : 0);
        }

        return block;
    }

    private static async Task<string> CompileAsync(TemporaryDirectory directory, string[] options)
    {
        var compiler = Path.Combine(
            BuiltTool.Root, "tests", "Larder.EndToEnd", "clients", "node_modules", "assemblyscript", "bin", "asc.js");
        Tools.Require("node", compiler);
        File.Copy(Path.Combine(Sources, "programs", "chain.ts"), directory["chain.ts"], overwrite: true);
        var module = directory["chain.wasm"];
        var start = new ProgramStart("node", [compiler, "chain.ts", "--outFile", module, .. options]) { Directory = directory.Root };
        (await ProgramRun.OfAsync(start)).Succeeded();
        return module;
    }

    private static async Task<List<string>> InNodeAsync(string module, byte[][] blocks)
    {
        var job = JsonSerializer.Serialize(new
        {
            blocks = blocks.Select(Convert.ToBase64String),
            views = Views().Select(view => new object[] { view.Name, view.Account }),
        });
        var start = new ProgramStart("node", Path.Combine(Sources, "guest-runner.mjs"), module) { Input = Encoding.UTF8.GetBytes(job) };
        return JsonSerializer.Deserialize<List<string>>((await ProgramRun.OfAsync(start)).Succeeded().Output)!; // The script writes a list.
    }

    private sealed class State : StateReader
    {
        private readonly Dictionary<string, byte[]> _values = new(StringComparer.Ordinal);

        public void Put(IReadOnlyList<StateWrite> writes)
        {
            foreach (var write in writes)
            {
                _values[Encoding.Latin1.GetString(write.Key.Span)] = write.Value.ToArray();
            }
        }

        public override ReadOnlySpan<byte> Get(ReadOnlySpan<byte> key) => _values.GetValueOrDefault(Encoding.Latin1.GetString(key));
    }
}
