using System.Diagnostics;
using Larder.Handlers;
using Larder.Handlers.Contract;

namespace Larder.Tests.Handlers.Execution;

/// <summary>No handler takes more than it may, and none harms the next one in its instance.</summary>
public sealed class LimitTests(RuntimeFixture fixture)
{
    private static readonly ExecutionLimits Short = new() { Timeout = TimeSpan.FromMilliseconds(100) };

    [Theory]
    [InlineData("while (true) {}")]
    [InlineData("for (;;) await null")]
    [InlineData("/^(a+)+$/.test('a'.repeat(60) + '!')")]
    [InlineData("(function f() { Promise.resolve().then(f) })(); await new Promise(() => {})")]
    [InlineData("const a = Array.from({ length: 1e5 }, (_, i) => i); for (;;) a.sort(() => 1)")]
    [InlineData("for (;;) { try { while (true) {} } catch {} finally { continue } }")]
    [InlineData("return { toJSON() { for (;;) {} } }")]
    [InlineData("throw { get message() { for (;;) {} }, toJSON() { for (;;) {} } }")]
    [InlineData("for (;;) try { $log('x') } catch {}")]
    [InlineData("for (;;) 'x'.repeat(1e5).split('')")]
    [InlineData("let n = 3n; for (;;) n = n * n % (1n << 20000n)")]
    public async Task What_does_not_end_is_stopped(string source)
    {
        var started = Stopwatch.GetTimestamp();
        var result = await fixture.RunAsync(source, limits: Short);

        Assert.Equal(HandlerErrorCode.Timeout, result.Error?.Code);
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(30));
        Assert.Equal("2", await fixture.ReturnAsync("return 1 + 1"));
    }

    [Theory]
    [InlineData("(function f(n) { return f(n + 1) + 1 })(0)")]
    [InlineData("const a = []; a[Symbol.toPrimitive] = () => a + ''; `${a}`")]
    [InlineData("let s = '['.repeat(1e6); JSON.parse(s)")]
    [InlineData("new RegExp('('.repeat(1e5) + ')'.repeat(1e5))")]
    [InlineData("const p = new Proxy({}, { get: (_, k, r) => r[k] }); p.x")]
    [InlineData("class A { get x() { return this.x } }; new A().x")]
    [InlineData("let a = []; for (let i = 0; i < 1e5; i++) a = [a]; a.flat(Infinity)")]
    public async Task Deep_recursion_is_an_error(string source)
    {
        var result = await fixture.RunAsync(source, limits: new ExecutionLimits { Timeout = TimeSpan.FromSeconds(60) });

        Assert.True(
            result.Error?.Code is HandlerErrorCode.ResourceLimit or HandlerErrorCode.SerializationError or HandlerErrorCode.ExecutionError,
            result.Error?.ToString() ?? "no error");
        Assert.Equal("2", await fixture.ReturnAsync("return 1 + 1"));
    }

    [Fact]
    public async Task Deep_recursion_is_a_limit_that_can_be_caught()
    {
        Assert.Equal(HandlerErrorCode.ResourceLimit, (await fixture.RunAsync("(function f() { f(); })()")).Error?.Code);
        Assert.Equal("\"RangeError\"", await fixture.ReturnAsync("try { (function f() { f(); })() } catch (e) { return e.name }"));
    }

    [Theory]
    [InlineData("const a = []; for (;;) a.push(new Array(1000).fill(a.length))")]
    [InlineData("const a = []; for (;;) a.push('x'.repeat(100000) + a.length)")]
    [InlineData("const a = []; for (;;) a.push(new ArrayBuffer(1 << 20))")]
    [InlineData("const m = new Map(); for (let i = 0; ; i++) m.set(i, { i })")]
    [InlineData("let s = 'x'; for (;;) s += s")]
    [InlineData("new ArrayBuffer(1 << 30)")]
    [InlineData("const a = {}; for (let i = 0; ; i++) a['key' + i] = i")]
    [InlineData("let f = () => 0; for (;;) { const g = f; f = () => g }")]
    public async Task Allocation_storms_end_at_the_limit(string source)
    {
        await using var runtime = await fixture.StartAsync(
            new HandlerRuntimeOptions { MemoryLimitBytes = 8 * 1024 * 1024, MinInstances = 0, MaxInstances = 1 });

        var result = await runtime.ExecuteAsync(source, RuntimeFixture.Context(), new ExecutionLimits { Timeout = TimeSpan.FromSeconds(60) });

        Assert.True(
            result.Error?.Code is HandlerErrorCode.MemoryLimit or HandlerErrorCode.ResourceLimit
                || result.Error?.Message.StartsWith("RangeError", StringComparison.Ordinal) == true,
            result.Error?.ToString() ?? "no error");
        Assert.True(result.Metrics.MemoryPeakBytes <= 8 * 1024 * 1024);
        Assert.Equal("2", (await runtime.ExecuteAsync("return 1 + 1", RuntimeFixture.Context())).ReturnValue?.GetRawText());
    }

    [Fact]
    public async Task A_context_that_does_not_fit_is_a_memory_limit()
    {
        await using var runtime = await fixture.StartAsync(
            new HandlerRuntimeOptions { MemoryLimitBytes = 4 * 1024 * 1024, MinInstances = 0, MaxInstances = 1 });
        var context = RuntimeFixture.Context(arguments: $"{{\"text\":\"{new string('x', 6_000_000)}\"}}");

        Assert.Equal(HandlerErrorCode.MemoryLimit, (await runtime.ExecuteAsync("return $args.text.length", context)).Error?.Code);
        Assert.Equal("2", (await runtime.ExecuteAsync("return 1 + 1", RuntimeFixture.Context())).ReturnValue?.GetRawText());
        Assert.Equal(
            HandlerErrorCode.InvalidArgument,
            (await runtime.ExecuteAsync("1", RuntimeFixture.Context(arguments: $"\"{new string('x', 9_000_000)}\""))).Error?.Code);
    }

    [Theory]
    [InlineData("for (let i = 0; i < 11; i++) $log(i)", "host calls")]
    [InlineData("for (let i = 0; i < 4; i++) $state.a = i", "changes")]
    [InlineData("for (let i = 0; i < 4; i++) $emit('e')", "events")]
    [InlineData("for (let i = 0; i < 4; i++) $view.focus('v')", "view commands")]
    [InlineData("$state.a = 'x'.repeat(1000)", "output")]
    [InlineData("$emit('a', 'x'.repeat(400)); $state.b = 'x'.repeat(400); return 'x'.repeat(400)", "output")]
    [InlineData("return 'x'.repeat(1000)", "output")]
    [InlineData("await $ext.http.get('x'.repeat(1000))", "output")]
    public async Task Counts_and_sizes_have_limits(string source, string what)
    {
        var limits = new ExecutionLimits { HostCalls = 10, StateMutations = 3, Events = 3, ViewCommands = 3, OutputBytes = 1000 };

        var result = await fixture.RunAsync(source, limits: limits);

        Assert.Equal(HandlerErrorCode.ResourceLimit, result.Error?.Code);
        Assert.Contains(what, result.Error!.Message, StringComparison.Ordinal);
        Assert.True(result.StateMutations.Length <= 3 && result.Events.Length <= 3 && result.ViewCommands.Length <= 3);
    }

    [Fact]
    public async Task A_long_log_is_cut_and_the_run_goes_on()
    {
        var result = await fixture.RunAsync(
            "$log('é'.repeat(30)); $log('é'.repeat(30)); $log('more'); return 1", limits: new ExecutionLimits { LogBytes = 100 });

        Assert.Equal("1", result.ReturnValue?.GetRawText());
        Assert.Equal([30, 19], result.Log.Select(line => line.Message.Length));
    }

    [Fact]
    public async Task Fuel_stops_a_run_and_is_the_same_every_time()
    {
        const string Source = "let n = 0; for (let i = 0; i < 2000; i++) n += [i].map(x => x * 2)[0]; $state.n = n; return n";
        var used = (await fixture.RunAsync(Source)).Metrics.InstructionCount;
        for (var round = 0; round < 5; round++)
        {
            Assert.Equal(used, (await fixture.RunAsync(Source)).Metrics.InstructionCount);
        }

        var enough = await fixture.RunAsync(Source, limits: new ExecutionLimits { Fuel = used + 1 });
        var little = await fixture.RunAsync(Source, limits: new ExecutionLimits { Fuel = used / 2 });

        Assert.Equal("3998000", enough.ReturnValue?.GetRawText());
        Assert.Equal(HandlerErrorCode.Timeout, little.Error?.Code);
        Assert.Contains("fuel", little.Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_handler_nests_as_deeply_wherever_it_is_called()
    {
        const string Source = "globalThis.n = 0; try { (function f() { n++; f() })() } catch (e) { return [n, e.name] }";
        var depth = await fixture.ReturnAsync(Source);
        var runtime = await fixture.GetAsync();
        string? onSmallStack = null;
        var thread = new Thread(
            () => onSmallStack = runtime.ExecuteAsync(Source, RuntimeFixture.Context()).AsTask().GetAwaiter().GetResult().ReturnValue?.GetRawText(),
            512 * 1024);
        thread.Start();
        thread.Join();

        Assert.EndsWith(",\"RangeError\"]", depth, StringComparison.Ordinal);
        Assert.True(int.Parse(depth[1..depth.IndexOf(',', StringComparison.Ordinal)], System.Globalization.CultureInfo.InvariantCulture) > 500, depth);
        Assert.Equal(depth, onSmallStack);
    }

    [Fact]
    public async Task The_longest_time_is_no_limit() =>
        Assert.Null((await fixture.RunAsync("return 1", limits: new ExecutionLimits { Timeout = TimeSpan.MaxValue })).Error);

    [Fact]
    public async Task A_caller_stops_its_run()
    {
        var runtime = await fixture.GetAsync();
        using var stop = new CancellationTokenSource();
        var run = Task.Run(() => runtime.ExecuteAsync("for (;;) {}", RuntimeFixture.Context(), null, stop.Token).AsTask());
        await Task.Delay(50);
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.Equal("2", await fixture.ReturnAsync("return 1 + 1"));
    }

    [Fact]
    public async Task A_call_that_finds_no_instance_is_refused()
    {
        await using var runtime = await fixture.StartAsync(new HandlerRuntimeOptions
        {
            MinInstances = 0, MaxInstances = 1, MaxQueued = 1, AcquireTimeout = TimeSpan.FromMilliseconds(100),
        });
        using var stop = new CancellationTokenSource();
        var busy = Task.Run(() => runtime.ExecuteAsync("for (;;) {}", RuntimeFixture.Context(), new() { Timeout = TimeSpan.FromSeconds(60) }, stop.Token).AsTask());
        while (runtime.Statistics().ActiveInstances == 0)
        {
            await Task.Delay(10);
        }

        var result = await runtime.ExecuteAsync("return 1", RuntimeFixture.Context());

        Assert.Equal(HandlerErrorCode.ResourceLimit, result.Error?.Code);
        Assert.Contains("no instance", result.Error!.Message, StringComparison.Ordinal);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => busy);
    }
}
