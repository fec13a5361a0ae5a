using Larder.Handlers.Compilation;
using Larder.Handlers.Contract;

namespace Larder.Tests.Handlers.Compilation;

public sealed class HandlerCompilerTests : IAsyncDisposable
{
    private readonly CompilerFixture _fixture = new();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task The_same_source_twice_is_a_miss_and_then_a_hit_with_equal_bytes()
    {
        await using var cache = await _fixture.OpenAsync();
        await using var compiler = _fixture.Compiler(cache);
        Assert.Equal(0, compiler.Statistics().Entries);

        var first = await compiler.CompileAsync("return $state.get('count');");
        var second = await compiler.CompileAsync("return $state.get('count');");

        Assert.Equal((HandlerOrigin.Compiled, HandlerOrigin.Memory), (first.Origin, second.Origin));
        Assert.True(first.CompilationTime > TimeSpan.Zero);
        Assert.Null(second.CompilationTime);
        Assert.NotEmpty(first.Handler!.Bytecode.ToArray());
        Assert.Same(first.Handler, second.Handler);
    }

    [Fact]
    public async Task A_A_B_is_one_hit_and_two_misses()
    {
        await using var cache = await _fixture.OpenAsync();
        await using var compiler = _fixture.Compiler(cache);

        var a = await compiler.CompileAsync("return 1;");
        await compiler.CompileAsync("return 1;");
        var b = await compiler.CompileAsync("return 2;");

        var statistics = compiler.Statistics();
        Assert.Equal((1, 2, 2), (statistics.Hits, statistics.Misses, statistics.Compilations));
        Assert.Equal(0.333, statistics.HitRate, 3);
        Assert.Equal(2, statistics.Entries);
        Assert.Equal(a.Handler!.WeightBytes + b.Handler!.WeightBytes, statistics.SizeBytes);
        Assert.Equal(64 * 1024 * 1024, statistics.CapacityBytes);
        Assert.NotEqual(a.Handler.Bytecode.ToArray(), b.Handler.Bytecode.ToArray());
    }

    [Fact]
    public async Task A_restart_finds_handlers_on_disk_with_everything_that_errors_need_and_without_the_engine()
    {
        const string Source = "let a = 1;\r\nreturn 'é😀' + a;";
        byte[] bytecode;
        await using (var cache = await _fixture.OpenAsync())
        {
            await using var compiler = _fixture.Compiler(cache);
            bytecode = (await compiler.CompileAsync(Source)).Handler!.Bytecode.ToArray();
        }

        var requests = _fixture.EngineRequests;
        await using var reopened = await _fixture.OpenAsync();
        await using var again = _fixture.Compiler(reopened);
        var fromDisk = await again.CompileAsync(Source);
        var fromMemory = await again.CompileAsync(Source);

        Assert.Equal((HandlerOrigin.Disk, HandlerOrigin.Memory), (fromDisk.Origin, fromMemory.Origin));
        Assert.Equal(bytecode, fromDisk.Handler!.Bytecode.ToArray());
        Assert.Equal(new SourceLocation(2, 12), fromDisk.Handler.StackOf("at handler (handler.js:3:15)").Location);
        Assert.Equal("     1 | let a = 1;\n>    2 | return 'é😀' + a;", fromDisk.Handler.SnippetAt(new SourceLocation(2, 12))!.Code);
        Assert.Equal(requests, _fixture.EngineRequests);
        var statistics = again.Statistics();
        Assert.Equal((1, 1, 2, 0, 0), (statistics.MemoryHits, statistics.DiskHits, statistics.Hits, statistics.Misses, statistics.Compilations));
    }

    [Fact]
    public async Task Another_node_finds_handlers_in_the_remote_tier()
    {
        await using (var cache = await _fixture.OpenAsync(withDisk: false, withRemote: true))
        {
            await using var compiler = _fixture.Compiler(cache);
            Assert.Equal(HandlerOrigin.Compiled, (await compiler.CompileAsync("return 3")).Origin);
            await cache.FlushAsync();
        }

        await using (var cache = await _fixture.OpenAsync(withRemote: true))
        {
            await using var compiler = _fixture.Compiler(cache);
            Assert.Equal(HandlerOrigin.Remote, (await compiler.CompileAsync("return 3")).Origin);
            Assert.Equal((1, 0), (compiler.Statistics().RemoteHits, compiler.Statistics().Compilations));
        }

        await using var later = await _fixture.OpenAsync(withRemote: true);
        await using var again = _fixture.Compiler(later);
        Assert.Equal(HandlerOrigin.Disk, (await again.CompileAsync("return 3")).Origin);
    }

    [Fact]
    public async Task Without_tiers_handlers_are_compiled_and_kept_in_memory()
    {
        await using var cache = await _fixture.OpenAsync(withDisk: false);
        await using var compiler = _fixture.Compiler(cache);

        var first = await compiler.CompileAsync("return 1");
        var second = await compiler.CompileAsync("return 1");

        Assert.Equal((HandlerOrigin.Compiled, HandlerOrigin.Memory), (first.Origin, second.Origin));
    }

    [Fact]
    public async Task Many_who_ask_at_once_share_one_compilation()
    {
        await using var cache = await _fixture.OpenAsync();
        await using var compiler = _fixture.Compiler(cache);

        var answers = await Task.WhenAll(Enumerable.Range(0, 32).Select(number =>
            Task.Run(async () => await compiler.CompileAsync(new string("return 7;")))));

        Assert.All(answers, answer => Assert.Same(answers[0].Handler, answer.Handler));
        var statistics = compiler.Statistics();
        Assert.Equal((1, 32), (statistics.Compilations, statistics.Lookups));
    }

    [Fact]
    public async Task A_warm_lookup_allocates_nothing_whether_the_string_is_the_same_or_equal()
    {
        await using var cache = await _fixture.OpenAsync();
        await using var compiler = _fixture.Compiler(cache);
        var source = "return " + string.Join('+', Enumerable.Range(0, 2000));
        var equal = new string(source);
        await compiler.CompileAsync(source);

        // The first rounds fill pools of the runtime and run code that is not optimised yet.
        var allocated = AllocatedBy(compiler, source, equal);
        for (var round = 0; round < 100 && allocated > 0; round++)
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
            allocated = AllocatedBy(compiler, source, equal);
        }

        Assert.Equal(0, allocated);
    }

    private static long AllocatedBy(HandlerCompiler compiler, string source, string equal)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var found = 0;
        for (var round = 0; round < 100; round++)
        {
            found += compiler.CompileAsync(round % 20 < 10 ? source : equal).Result.Succeeded ? 1 : 0;
        }

        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(100, found);
        return allocated;
    }

    [Fact]
    public async Task Memory_stays_within_its_capacity_and_what_left_is_found_on_disk()
    {
        await using var cache = await _fixture.OpenAsync();
        await using var compiler = _fixture.Compiler(cache, _fixture.Options with { CapacityBytes = 5_000 });

        for (var number = 0; number < 40; number++)
        {
            Assert.True((await compiler.CompileAsync($"return {number}")).Succeeded);
            Assert.InRange(compiler.Statistics().SizeBytes, 0, 5_000);
        }

        var again = await compiler.CompileAsync("return 1");
        Assert.True(again.Succeeded);
        Assert.NotEqual(HandlerOrigin.Compiled, again.Origin);
        Assert.Equal(40, compiler.Statistics().Compilations);
    }

    [Fact]
    public async Task Clearing_leaves_nothing_behind_but_the_counters()
    {
        await using var cache = await _fixture.OpenAsync();
        await using var compiler = _fixture.Compiler(cache);
        await compiler.CompileAsync("return 1");

        await compiler.ClearAsync();

        var statistics = compiler.Statistics();
        Assert.Equal((0, 0, 1), (statistics.Entries, statistics.SizeBytes, statistics.Compilations));
        Assert.Empty(cache.Disk!.List(HandlerCompiler.Kind));
        Assert.Equal(HandlerOrigin.Compiled, (await compiler.CompileAsync("return 1")).Origin);
    }

    [Fact]
    public async Task Other_tags_keys_and_engines_have_handlers_of_their_own()
    {
        await using var cache = await _fixture.OpenAsync();
        HandlerCompilerOptions[] ways =
        [
            _fixture.Options,
            _fixture.Options with { VersionTag = "v2" },
            _fixture.Options with { Key = new byte[32] },
            _fixture.Options with { KeepSource = false },
        ];

        foreach (var options in ways)
        {
            await using var compiler = _fixture.Compiler(cache, options);
            Assert.Equal(HandlerOrigin.Compiled, (await compiler.CompileAsync("return 1")).Origin);
        }

        await using var foreign = _fixture.Compiler(cache, engineDigest: new string('a', 64));
        Assert.Equal(HandlerOrigin.Compiled, (await foreign.CompileAsync("return 1")).Origin);
        Assert.Equal(ways.Length + 1, cache.Disk!.List(HandlerCompiler.Kind).Count());
    }

    [Fact]
    public async Task The_handlers_that_were_used_most_are_in_memory_after_a_restart()
    {
        var options = _fixture.Options with { WarmBytes = 4_000 };
        await using (var cache = await _fixture.OpenAsync())
        {
            await using var compiler = _fixture.Compiler(cache, options);
            for (var number = 0; number < 20; number++)
            {
                for (var use = 0; use <= number; use++)
                {
                    await compiler.CompileAsync($"return {number}");
                }
            }
        }

        await using var reopened = await _fixture.OpenAsync();
        await using var again = _fixture.Compiler(reopened, options);
        var ready = await again.WarmFromLastTimeAsync();

        Assert.InRange(ready, 1, 10);
        Assert.Equal((0, ready), (again.Statistics().Lookups, again.Statistics().Entries));
        Assert.Equal(HandlerOrigin.Memory, (await again.CompileAsync("return 19")).Origin);
        Assert.Equal(HandlerOrigin.Disk, (await again.CompileAsync("return 0")).Origin);
    }

    [Fact]
    public async Task A_list_of_sources_is_warmed_and_what_is_wrong_in_it_passed_over()
    {
        await using var cache = await _fixture.OpenAsync();
        await using var compiler = _fixture.Compiler(cache);

        var ready = await compiler.WarmAsync(["return 1", "return (", "", "return 2", "return 1"]);

        Assert.Equal(3, ready);
        Assert.Equal(HandlerOrigin.Memory, (await compiler.CompileAsync("return 2")).Origin);
    }

    [Fact]
    public async Task Who_gives_up_does_not_stop_the_others()
    {
        await using var cache = await _fixture.OpenAsync();
        await using var compiler = _fixture.Compiler(cache);
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await compiler.CompileAsync("return 1", cancelled.Token));

        Assert.True((await compiler.CompileAsync("return 1")).Succeeded);
    }
}
