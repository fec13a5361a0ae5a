using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using Larder.Cache;
using Larder.Cache.Disk;
using Larder.Symbols;
using Larder.Symbols.Caching;
using Larder.Symbols.Modules;
using Larder.Symbols.Search;

namespace Larder.Bench.Symbols;

/// <summary>One part of the symbol benchmark, in a process of its own.</summary>
internal static class SymbolsRunner
{
    public const int Names = 20_000;

    private static readonly string[] Patterns = ["StRe", "e", "read", "String.Ind", "JsonSerializer", "toString", "Dict", "zzzz"];

    public static async Task<int> RunAsync(string part, string store)
    {
        await (part switch
        {
            "cold" => ColdAsync(),
            "fill" => FillAsync(store),
            "warm" => WarmAsync(store),
            "lookup" => LookupAsync(store),
            "memory" => MemoryAsync(store),
            "roslyn" => RoslynPeer.RunAsync(store),
            _ => throw new ArgumentException($"There is no part '{part}'.", nameof(part)),
        }).ConfigureAwait(false);
        return 0;
    }

    /// <summary>Anonymous memory of this process that is resident, in bytes: what it shares with nobody.</summary>
    public static long PrivateBytes() => Status("RssAnon:");

    /// <summary>All resident memory of this process, in bytes.</summary>
    public static long ResidentBytes() => Status("VmRSS:");

    /// <summary>The names that both contestants look up.</summary>
    public static string[] ReadNames(string store) => File.ReadAllLines(Path.Combine(store, "names.txt"));

    private static long Status(string field)
    {
        var line = File.ReadLines("/proc/self/status").First(line => line.StartsWith(field, StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }

    // One core, nothing kept: read every file, make and open every table.
    private static async Task ColdAsync()
    {
        if (OperatingSystem.IsLinux())
        {
            Process.GetCurrentProcess().ProcessorAffinity = 1;
        }

        var files = ModuleFiles.OfFramework();
        for (var round = 1; round <= 2; round++)
        {
            await using var workspace = new SymbolWorkspace(new SymbolWorkspaceOptions { LoadParallelism = 1 });
            var before = Process.GetCurrentProcess().TotalProcessorTime;
            var report = await workspace.LoadAsync(files);
            var processor = Process.GetCurrentProcess().TotalProcessorTime - before;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"cold load {(round == 1 ? "of a fresh process" : "again           ")}  {report.Symbols:N0} symbols of {report.Modules.Count} modules, 1 core: {report.Elapsed.TotalMilliseconds:N0} ms = {report.Symbols / report.Elapsed.TotalSeconds:N0}/s; {report.Symbols / processor.TotalSeconds:N0}/s of processor time"));
        }
    }

    private static async Task FillAsync(string store)
    {
        await using var tiers = await OpenAsync(store);
        await using var workspace = new SymbolWorkspace(tiers: tiers);
        await workspace.LoadAsync(ModuleFiles.OfFramework());
        await tiers.FlushAsync();
        var random = new Random(1);
        var ids = workspace.Modules.SelectMany(module => workspace.KeysOf(module.Id)).Select(static key => key.Id).Where(static id => !id.StartsWith('A')).Distinct(StringComparer.Ordinal).ToArray();
        random.Shuffle(ids);
        await File.WriteAllLinesAsync(Path.Combine(store, "names.txt"), ids.Take(Names));
        var bytes = workspace.Modules.Sum(static module => module.TableBytes);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"tables on disk {bytes / 1048576.0:N1} MiB, {(double)bytes / workspace.Modules.Sum(static module => module.Symbols):N0} bytes a symbol"));
    }

    private static async Task WarmAsync(string store)
    {
        var started = Process.GetCurrentProcess().StartTime;
        var files = ModuleFiles.OfFramework();
        var began = Stopwatch.GetTimestamp();
        await using var tiers = await OpenAsync(store);
        await using var workspace = new SymbolWorkspace(tiers: tiers);
        var report = await workspace.LoadAsync(files);
        var loaded = Stopwatch.GetElapsedTime(began);
        var key = workspace.Resolve("M:System.String.Trim")[0];
        var symbol = await workspace.GetAsync(key);
        var exact = Stopwatch.GetElapsedTime(began);
        var found = workspace.Find(new SymbolQuery { Pattern = "StRe" });
        var search = Stopwatch.GetElapsedTime(began);
        var process = DateTime.Now - started;

        // Once more, as a program that runs already opens a workspace: nothing is compiled on the way.
        var again = Stopwatch.GetTimestamp();
        await using var second = new SymbolWorkspace(tiers: tiers);
        await second.LoadAsync(files);
        await second.GetAsync(second.Resolve("M:System.String.Trim")[0]);
        var reopened = Stopwatch.GetElapsedTime(again);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"warm start  {report.Modules.Count(static module => module.IsMapped)} tables mapped after {loaded.TotalMilliseconds:N1} ms, exact answer after {exact.TotalMilliseconds:N1} ms, first search after {search.TotalMilliseconds:N1} ms; {process.TotalMilliseconds:N0} ms since the process began; a second workspace in it answers after {reopened.TotalMilliseconds:N1} ms{(symbol is null || found.Total == 0 ? " WRONG" : "")}"));
    }

    private static async Task LookupAsync(string store)
    {
        await using var tiers = await OpenAsync(store);
        await using var workspace = new SymbolWorkspace(
            new SymbolWorkspaceOptions { Cache = new SymbolCacheOptions { SymbolEntries = 1 << 20, MemoryLimitBytes = 128L * 1024 * 1024 } }, tiers);
        await workspace.LoadAsync(ModuleFiles.OfFramework());
        var names = ReadNames(store);

        // By name alone, over all modules, and what is known of each.
        var first = Stopwatch.GetTimestamp();
        var keys = new List<SymbolKey>();
        foreach (var name in names)
        {
            var key = workspace.Resolve(name)[0];
            keys.Add(key);
            await workspace.GetAsync(key);
        }

        var firstTime = Stopwatch.GetElapsedTime(first);
        var passes = new List<double>();
        for (var pass = 0; pass < 5; pass++)
        {
            var again = Stopwatch.GetTimestamp();
            foreach (var name in names)
            {
                await workspace.GetAsync(workspace.Resolve(name)[0]);
            }

            passes.Add(Stopwatch.GetElapsedTime(again).TotalSeconds);
        }

        // By module and name, as a tool that knows both asks. Types without a constructor are not cached, and made anew each time.
        keys.RemoveAll(key => !workspace.Cache.Symbols.Contains(key));
        var misses = workspace.Cache.Symbols.GetStatistics().Misses;
        var times = new long[keys.Count * 5];
        for (var i = 0; i < times.Length; i++)
        {
            var key = keys[i * 7 % keys.Count];
            var began = Stopwatch.GetTimestamp();
            var found = workspace.GetAsync(key);
            times[i] = Stopwatch.GetTimestamp() - began;
            if (!found.IsCompletedSuccessfully)
            {
                throw new InvalidOperationException("A lookup was not answered by the cache.");
            }
        }

        if (workspace.Cache.Symbols.GetStatistics().Misses != misses)
        {
            throw new InvalidOperationException("Lookups missed.");
        }

        Array.Sort(times);
        double Nanoseconds(double part) => times[(int)(times.Length * part)] * 1e9 / Stopwatch.Frequency;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"larder lookup  by name {names.Length / firstTime.TotalSeconds:N0}/s at first, {names.Length / passes.Min():N0}/s again; {keys.Count:N0} cached by key p50 {Nanoseconds(0.5):N0} ns, p99 {Nanoseconds(0.99):N0} ns; private {PrivateBytes() / 1048576.0:N0} MiB, resident {ResidentBytes() / 1048576.0:N0} MiB"));
        foreach (var pattern in Patterns)
        {
            foreach (var hidden in (bool[])[false, true])
            {
                var search = Enumerable.Range(0, 15)
                    .Select(_ => workspace.Find(new SymbolQuery { Pattern = pattern, IncludesHidden = hidden })).ToArray();
                var ordered = search.Select(static one => one.Elapsed.TotalMilliseconds).Order().ToArray();
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"search {pattern,-15}{(hidden ? "all symbols   " : "public symbols")} {search[0].Total,8:N0} found, median {ordered[7]:N1} ms, best {ordered[0]:N1} ms"));
            }
        }
    }

    private static async Task MemoryAsync(string store)
    {
        const long Limit = 64L * 1024 * 1024;
        await using var tiers = await OpenAsync(store);
        await using var workspace = new SymbolWorkspace(
            new SymbolWorkspaceOptions
            {
                Cache = new SymbolCacheOptions { MemoryLimitBytes = Limit, SymbolEntries = 1 << 20, TypeEntries = 1 << 20, FunctionEntries = 1 << 20, ConstantEntries = 1 << 20 },
            },
            tiers);
        await workspace.LoadAsync(ModuleFiles.OfFramework());
        var before = PrivateBytes();
        long most = 0, held = 0;
        var touched = 0;
        foreach (var key in Identifiers(workspace))
        {
            if (await workspace.GetAsync(key) is { } symbol)
            {
                _ = symbol.Kind switch
                {
                    SymbolKind.Type => (object?)await workspace.GetTypeAsync(key),
                    SymbolKind.Function => await workspace.GetFunctionAsync(key),
                    SymbolKind.Constant => await workspace.GetConstantAsync(key),
                    _ => null,
                };
            }

            if (++touched % 2000 == 0)
            {
                most = Math.Max(most, PrivateBytes() - before);
                held = Math.Max(held, workspace.Cache.EstimateMemoryUsage());
            }
        }

        most = Math.Max(most, PrivateBytes() - before);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"memory  {touched:N0} symbols touched within a limit of {Limit / 1048576} MiB: private growth at most {most / 1048576.0:N1} MiB ({100.0 * most / Limit:N0} %), caches at most {held / 1048576.0:N1} MiB; private before {before / 1048576.0:N1} MiB, of {workspace.Modules.Sum(static module => module.TableBytes) / 1048576.0:N0} MiB of mapped tables"));
    }

    private static IEnumerable<SymbolKey> Identifiers(SymbolWorkspace workspace)
    {
        foreach (var module in workspace.Modules)
        {
            foreach (var key in workspace.KeysOf(module.Id, includesHidden: true))
            {
                yield return key;
            }
        }
    }

    private static ValueTask<TieredCache> OpenAsync(string store) => TieredCache.OpenAsync(new CacheOptions
    {
        Memory = null,
        MemoryPressure = null,
        Kinds = SymbolKinds.Complete(ImmutableSortedDictionary<string, KindOptions>.Empty),
        Disk = new DiskTierOptions { Directory = Path.Combine(store, "tiers"), CapacityBytes = 1L << 30 },
    });
}
