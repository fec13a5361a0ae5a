using System.Diagnostics;
using System.Globalization;
using Larder.Cache.Redis;

namespace Larder.Bench.Redis;

/// <summary>
/// The Redis client and store against redis-benchmark on the same server, in interleaved rounds. Medians over rounds are
/// reported; the server is started by bench/redis/run.sh.
/// </summary>
internal static class RedisBench
{
    private const int InFlight = 16;
    private const int Small = 4 * 1024;
    private const int Large = 1024 * 1024;

    public static async Task<int> RunAsync(string[] arguments)
    {
        var port = int.Parse(arguments[0], CultureInfo.InvariantCulture);
        var rounds = arguments.Length > 1 ? int.Parse(arguments[1], CultureInfo.InvariantCulture) : 5;
        var options = new RedisRemoteStoreOptions { Address = new Uri($"redis://127.0.0.1:{port}"), ReplyTimeout = TimeSpan.FromSeconds(30) };
        await using var workload = new RedisWorkload(options);
        Console.WriteLine("| operation, 16 in flight | redis-benchmark op/s (CPU us/op) | client op/s (CPU us/op, bytes allocated/op) | ratio | store op/s (CPU us/op, bytes allocated/op) | ratio |");
        Console.WriteLine("|---|---|---|---|---|---|");
        await CompareAsync("GET 4 KiB", port, "get", Small, 60_000, rounds, workload, workload.GetAsync, workload.FetchAsync);
        await CompareAsync("SET 4 KiB", port, "set", Small, 60_000, rounds, workload, workload.SetAsync, workload.StoreAsync);
        await CompareAsync("GET 1 MiB", port, "get", Large, 1_000, rounds, workload, workload.GetAsync, workload.FetchAsync);
        await CompareAsync("SET 1 MiB", port, "set", Large, 1_000, rounds, workload, workload.SetAsync, workload.StoreAsync);
        Console.WriteLine();
        await StreamAsync(workload);
        return 0;
    }

    private static async Task CompareAsync(
        string name, int port, string test, int bytes, int count, int rounds, RedisWorkload workload, Func<int, int, Task> client, Func<int, int, Task> store)
    {
        var (peers, clients, stores) = (new List<Figures>(), new List<Figures>(), new List<Figures>());
        await MeasureAsync(client, bytes, count / 4);
        await MeasureAsync(store, bytes, count / 4);
        for (var round = 0; round < rounds; round++)
        {
            await RunPeerAsync(port, "set", bytes, 400);
            peers.Add(await RunPeerAsync(port, test, bytes, count));
            clients.Add(await MeasureAsync(client, bytes, count));
            await workload.ClearAsync();
            await store(bytes, 1);
            stores.Add(await MeasureAsync(store, bytes, count));
        }

        var (peer, own, through) = (Median(peers), Median(clients), Median(stores));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {name} | {peer.Rate:0} ({peer.Cpu:0.0}) | {own.Rate:0} ({own.Cpu:0.0}, {own.Allocated:0}) | **{own.Rate / peer.Rate:0.00}** "
            + $"| {through.Rate:0} ({through.Cpu:0.0}, {through.Allocated:0}) | **{through.Rate / peer.Rate:0.00}** |"));
    }

    /// <summary>How long small lookups take while large artifacts stream through the same store.</summary>
    private static async Task StreamAsync(RedisWorkload workload)
    {
        Console.WriteLine("| small GETs, one at a time | p50 (us) | p99 (us) | largest (us) | beside them |");
        Console.WriteLine("|---|---|---|---|---|");
        await workload.ClearAsync();
        await workload.PrepareStreamAsync(64 * 1024 * 1024);
        await ReportAsync("alone", workload, static () => "nothing", CancellationToken.None);
        using var done = new CancellationTokenSource();
        var clock = Stopwatch.StartNew();
        long streamed = 0;
        var streams = Enumerable.Range(0, 2).Select(_ => Task.Run(async () =>
        {
            while (!done.IsCancellationRequested)
            {
                Interlocked.Add(ref streamed, await workload.StreamAsync());
            }
        })).ToArray();
        await ReportAsync(
            "while two readers stream values of 64 MiB",
            workload,
            () => string.Create(CultureInfo.InvariantCulture, $"{Interlocked.Read(ref streamed) / clock.Elapsed.TotalSeconds / (1 << 20):0} MiB/s"),
            done.Token);
        await done.CancelAsync();
        await Task.WhenAll(streams);
    }

    private static async Task ReportAsync(string name, RedisWorkload workload, Func<string> beside, CancellationToken token)
    {
        var times = new double[4_000];
        for (var i = -200; i < times.Length && !token.IsCancellationRequested; i++)
        {
            var begun = Stopwatch.GetTimestamp();
            await workload.FetchOneAsync();
            if (i >= 0)
            {
                times[i] = Stopwatch.GetElapsedTime(begun).TotalMicroseconds;
            }
        }

        Array.Sort(times);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {name} | {times[times.Length / 2]:0} | {times[times.Length * 99 / 100]:0} | {times[^1]:0} | {beside()} |"));
    }

    private static async Task<Figures> MeasureAsync(Func<int, int, Task> work, int bytes, int count)
    {
        var each = count / InFlight;
        GC.Collect();
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
        var cpu = Environment.CpuUsage.TotalTime;
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, InFlight).Select(_ => Task.Run(() => work(bytes, each))));
        var seconds = clock.Elapsed.TotalSeconds;
        var total = each * InFlight;
        return new Figures(
            total / seconds,
            (Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / total,
            (double)(GC.GetTotalAllocatedBytes(precise: true) - allocated) / total);
    }

    private static async Task<Figures> RunPeerAsync(int port, string test, int bytes, int count)
    {
        var command = $"redis-benchmark -p {port} -c {InFlight} -n {count} -d {bytes} -t {test} --csv; times";
        using var process = Process.Start(new ProcessStartInfo("bash", ["-c", command]) { RedirectStandardOutput = true })!;
        var lines = (await process.StandardOutput.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        await process.WaitForExitAsync();
        var rate = double.TryParse(lines[^3].Split(',')[1].Trim('"'), CultureInfo.InvariantCulture, out var said) ? said : double.NaN;
        var cpu = lines[^1].Split(' ').Sum(static time => Seconds(time));
        return new Figures(rate, cpu * 1e6 / count, 0);
    }

    // "1m2.345s", as the shell prints it.
    private static double Seconds(string text)
    {
        var parts = text.Trim().TrimEnd('s').Split('m');
        return (double.Parse(parts[0], CultureInfo.InvariantCulture) * 60) + double.Parse(parts[1], CultureInfo.InvariantCulture);
    }

    private static Figures Median(List<Figures> figures) => new(
        Middle(figures.Select(static figure => figure.Rate)),
        Middle(figures.Select(static figure => figure.Cpu)),
        Middle(figures.Select(static figure => figure.Allocated)));

    private static double Middle(IEnumerable<double> values) => values.Order().ToArray() is var sorted ? sorted[sorted.Length / 2] : 0;

    private sealed record Figures(double Rate, double Cpu, double Allocated);
}
