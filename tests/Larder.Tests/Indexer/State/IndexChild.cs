using System.Diagnostics;
using System.Globalization;
using Larder.Indexer.State;

namespace Larder.Tests.Indexer.State;

/// <summary>A second process that works on a store until it is killed; see <see cref="Disk.DiskChild"/> for how it starts.</summary>
internal static class IndexChild
{
    public const string Variable = "LARDER_INDEX_CHILD";

    public static IndexStoreOptions Options { get; } = TestBlocks.Options with { Prefixes = [], MemtableBytes = 1 << 20, BlockCacheBytes = 1 << 20 };

    /// <summary>Starts a child that does what a seed says and prints a line after each step.</summary>
    public static Process Start(string directory, int seed)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet")
        {
            start.ArgumentList.Add(typeof(IndexChild).Assembly.Location);
        }

        start.Environment[Variable] = string.Create(CultureInfo.InvariantCulture, $"{seed}|{directory}");
        start.Environment["DOTNET_STARTUP_HOOKS"] = typeof(IndexChild).Assembly.Location;
        start.Environment["DOTNET_TieredPGO"] = "0";
        return Process.Start(start) ?? throw new InvalidOperationException("The child did not start.");
    }

    /// <summary>Blocks of a seed, as child and parent draw them.</summary>
    public static TestBlocks Blocks(int seed) => new(seed, keys: 3000);

    /// <summary>The next step of a seed.</summary>
    public static StateOperation Next(TestBlocks blocks, StateModel model) => StateOperation.Next(blocks, model, writes: 1000);

    /// <summary>Works until it is killed.</summary>
    public static void Run()
    {
        var parts = Environment.GetEnvironmentVariable(Variable)!.Split('|'); // Set by Start, together with the hook.
        var blocks = Blocks(int.Parse(parts[0], CultureInfo.InvariantCulture));
        var model = new StateModel([]);
        using var store = IndexStore.Open(parts[1], Options);
        for (var step = 1; step < 100_000; step++)
        {
            var operation = Next(blocks, model);
            operation.OnModel(model);
            operation.OnStore(store);
            Console.Out.WriteLine(step.ToString(CultureInfo.InvariantCulture));
            Console.Out.Flush();
        }

        Environment.Exit(0);
    }
}
