using System.Globalization;
using Larder.Bench.Arena;
using Larder.Bench.Disk;
using Larder.Bench.Fuse;
using Larder.Bench.Handlers;
using Larder.Bench.HitRatio;
using Larder.Bench.Indexer;
using Larder.Bench.Layers;
using Larder.Bench.Memory;
using Larder.Bench.Symbols;
using Larder.Bench.Redis;
using Larder.Bench.Wasm;

return args switch
{
    ["arena", .. var rest] => ArenaBench.Run(rest),
    ["fuse-measure", .. var rest] => FuseMeasure.Run(rest),
    ["hit-ratio", .. var rest] => HitRatioBench.Run(rest),
    ["memory", .. var rest] => MemoryBench.Run(rest),
    ["disk-start", .. var rest] => await DiskStartBench.RunAsync(rest),
    ["wasm-memory"] => WasmMemoryBench.Run(),
    ["wasm", .. var rest] => WasmBench.Run(rest),
    ["wasm-runner", var configuration] => WasmRunner.Run(configuration),
    ["wasm-latency", .. var rest] => LatencyBench.Run(rest),
    ["wasm-first", .. var rest] => FirstResult.Run(rest),
    ["handlers", .. var rest] => await HandlersBench.RunAsync(rest),
    ["handlers-runner", var configuration, var directory] => await CallRunner.RunAsync(configuration, directory),
    ["handlers-first", var directory] => await StartCosts.FirstAsync(directory),
    ["handlers-each", var directory, var bytes, var count] => await StartCosts.EachAsync(
        directory, int.Parse(bytes, CultureInfo.InvariantCulture), int.Parse(count, CultureInfo.InvariantCulture)),
    ["handlers-soak", .. var rest] => await HandlersSoak.RunAsync(rest),
    ["indexer", var directory, var nodeRunner, var rounds] => await IndexerBench.RunAsync(
        directory, nodeRunner, int.Parse(rounds, CultureInfo.InvariantCulture)),
    ["indexer-module", var directory, var nodeRunner, var rounds, var module, var height, .. var blocks] => await IndexerBench.RunModuleAsync(
        directory,
        nodeRunner,
        int.Parse(rounds, CultureInfo.InvariantCulture),
        module,
        uint.Parse(height, CultureInfo.InvariantCulture),
        blocks),
    ["indexer-runner", var kind, var module, var directory, var cacheBytes, var height] => BlockRunner.Run(
        kind, module, directory, long.Parse(cacheBytes, CultureInfo.InvariantCulture), uint.Parse(height, CultureInfo.InvariantCulture)),
    ["layers", .. var rest] => await LayersBench.RunAsync(rest),
    ["redis", .. var rest] when rest.Length > 0 => await RedisBench.RunAsync(rest),
    ["indexer-merkle", .. var rest] => MerkleBench.Run(rest),
    ["indexer-cache", .. var rest] => ReadCacheBench.Run(rest),
    ["symbols", .. var rest] => await SymbolsBench.RunAsync(rest),
    ["symbols-runner", var part, var store] => await SymbolsRunner.RunAsync(part, store),
    ["index-state", .. var rest] => await StateBench.RunAsync(rest),
    ["index-state-part", var part, var directory, var keys, var end] => StateBench.RunPart(
        part, directory, int.Parse(keys, CultureInfo.InvariantCulture), end),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: Larder.Bench arena [start|allocate|soak|hit] | hit-ratio [--help] | memory [--help] | disk-start [entries] [directory] | wasm-memory | wasm (see bench/wasm/run.sh) | symbols (see bench/symbols/run.sh) | handlers (see bench/handlers/run.sh) | handlers-soak [calls] [handlers] | indexer (see bench/indexer/run.sh) | layers (see bench/layers/run.sh) | redis (see bench/redis/run.sh) | fuse-measure (see bench/fuse/run.sh) | index-state [--keys N]");
    return 2;
}
