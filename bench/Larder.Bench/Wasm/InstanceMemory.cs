using System.Globalization;
using Larder.Wasm;

namespace Larder.Bench.Wasm;

/// <summary>
/// What a thousand instances of QuickJS hold of the machine's memory that go on from one snapshot, each in a store of its
/// own, when each has answered a request and was put back.
/// </summary>
internal static class InstanceMemory
{
    private const int Count = 1000;
    private const string Request = """{"method":"POST","path":"/items/item-42/quote","body":{"quantities":[1,2,3,5,8]}}""";

    public static void Report(string directory)
    {
        var module = CompiledModule.Compile(File.ReadAllBytes(Path.Combine(directory, "quickjs.wasm")));
        using var origin = new Store();
        var first = new QuickJsGuest(origin, module);
        first.Evaluate(File.ReadAllText(Path.Combine(directory, "javascript", "handler.js")));
        var handler = first.Global("handle");
        using var snapshot = first.Instance.Snapshot();
        Console.WriteLine($"\n### KiB an instance, of {Count} from a snapshot of {snapshot.ByteLength / 1024} KiB, each put back after every request\n");
        Console.WriteLine("| requests | private | resident |");
        Console.WriteLine("|---|---|---|");
        foreach (var requests in new[] { 0, 1, 20 })
        {
            var stores = new List<Store>(Count);
            var before = Held();
            for (var index = 0; index < Count; index++)
            {
                stores.Add(new Store());
                var guest = new QuickJsGuest(stores[^1], snapshot);
                for (var request = 0; request < requests; request++)
                {
                    guest.Call(handler, Request);
                    guest.Instance.Restore(snapshot);
                }
            }

            var after = Held();
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {requests} | {(after.Private - before.Private) / Count} | {(after.Resident - before.Resident) / Count} |"));
            stores.ForEach(store => store.Dispose());
        }
    }

    // In KiB. Pages of the image itself are resident in every instance that read them, and there once.
    private static (long Private, long Resident) Held()
    {
        GC.Collect();
        var lines = File.ReadAllLines("/proc/self/smaps_rollup");
        return (Number(lines, "Anonymous:"), Number(lines, "Rss:"));
    }

    private static long Number(string[] lines, string name) => long.Parse(
        lines.First(line => line.StartsWith(name, StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture);
}
