using Larder.Handlers;
using Larder.Handlers.Contract;

namespace Larder.Tests.Handlers.Execution;

/// <summary>Precompilation, batches, statistics, start and end of a runtime.</summary>
public sealed class RuntimeTests(RuntimeFixture fixture)
{
    [Fact]
    public async Task A_handler_is_compiled_once()
    {
        var runtime = await fixture.GetAsync();
        var source = $"return '{Guid.NewGuid()}'.length";

        var first = await runtime.ExecuteAsync(source, RuntimeFixture.Context());
        var second = await runtime.ExecuteAsync(source, RuntimeFixture.Context());

        Assert.Equal((HandlerOrigin.Compiled, false), (first.Metrics.Origin, first.Metrics.CacheHit));
        Assert.NotNull(first.Metrics.CompilationTime);
        Assert.Equal((HandlerOrigin.Memory, true), (second.Metrics.Origin, second.Metrics.CacheHit));
        Assert.Null(second.Metrics.CompilationTime);
        Assert.True(second.Metrics.Duration >= second.Metrics.RunTime);
    }

    [Fact]
    public async Task A_compiled_handler_runs_and_a_damaged_one_does_not()
    {
        var runtime = await fixture.GetAsync();
        var compiled = await runtime.PrecompileAsync("return $args.n * 2");

        var result = await runtime.ExecuteCompiledAsync(compiled.Artifact, RuntimeFixture.Context(arguments: """{"n":21}"""));
        var damaged = compiled.Artifact.ToArray();
        damaged[damaged.Length / 2] ^= 1;
        var refused = await Assert.ThrowsAsync<HandlersException>(
            () => runtime.ExecuteCompiledAsync(damaged, RuntimeFixture.Context()).AsTask());

        Assert.Equal("42", result.ReturnValue?.GetRawText());
        Assert.Equal(64, compiled.Key.Length);
        Assert.Equal(HandlersErrorKind.BadArtifact, refused.Kind);
    }

    [Fact]
    public async Task A_source_that_cannot_be_compiled_is_refused_with_its_error()
    {
        var runtime = await fixture.GetAsync();

        var refused = await Assert.ThrowsAsync<HandlersException>(() => runtime.PrecompileAsync("return\n  1 +* 2").AsTask());

        Assert.Equal(HandlersErrorKind.HandlerRejected, refused.Kind);
        Assert.Equal((HandlerErrorCode.CompilationError, 2), (refused.Error!.Code, refused.Error.Location?.Line));
    }

    [Fact]
    public async Task Results_of_a_batch_are_in_order()
    {
        var runtime = await fixture.GetAsync();
        var calls = Enumerable.Range(0, 60)
            .Select(index => new HandlerCall(
                index % 6 == 5 ? "throw new Error(String($args.n))" : "return $args.n * 2",
                RuntimeFixture.Context(arguments: $"{{\"n\":{index}}}", panel: $"p{index % 3}")))
            .ToArray();

        var results = await runtime.ExecuteBatchAsync(calls, parallelism: 3);

        for (var index = 0; index < calls.Length; index++)
        {
            Assert.Equal(index % 6 == 5 ? $"{index}" : null, results[index].Error?.Message);
            Assert.Equal(index % 6 == 5 ? null : $"{index * 2}", results[index].ReturnValue?.GetRawText());
        }

        Assert.Empty(await runtime.ExecuteBatchAsync([]));
    }

    [Fact]
    public async Task Statistics_add_up()
    {
        await using var runtime = await fixture.StartAsync(new HandlerRuntimeOptions { MinInstances = 1, MaxInstances = 2 });
        var id = Guid.NewGuid();
        for (var round = 0; round < 3; round++)
        {
            await runtime.ExecuteAsync($"$log('{id}'); return 1", RuntimeFixture.Context());
        }

        await runtime.ExecuteAsync($"throw new Error('{id}')", RuntimeFixture.Context());
        await runtime.ExecuteAsync("return 1 +", RuntimeFixture.Context());
        var suspended = await runtime.ExecuteAsync($"await $ext.http.get('{id}')", RuntimeFixture.Context());
        var during = runtime.Statistics();
        await runtime.ResumeAsync(suspended.Suspension!.Id, ResumeResult.Of(default));

        var after = runtime.Statistics();
        Assert.Equal((5, 1), (during.TotalExecutions, during.SuspendedInstances));
        Assert.Equal((6, 4, 2, 1), (after.TotalExecutions, after.SuccessfulExecutions, after.FailedExecutions, after.Suspensions));
        Assert.Equal(1, after.Errors[HandlerErrorCode.ExecutionError]);
        Assert.Equal(1, after.Errors[HandlerErrorCode.CompilationError]);
        Assert.Equal(3, after.HostCalls["log"]);
        Assert.Equal((0, 0), (after.ActiveInstances, after.SuspendedInstances));
        Assert.True(after.CacheHits + after.CacheMisses == 6 && after.CacheHitRate > 0);
        Assert.True(after.TotalMemoryBytes > 1_000_000 && after.AverageExecutionTime > TimeSpan.Zero);
        runtime.Pool.CheckIntegrity();
    }

    [Fact]
    public async Task A_runtime_that_is_disposed_stops_what_runs_and_refuses_calls()
    {
        var runtime = await fixture.StartAsync(new HandlerRuntimeOptions { MinInstances = 0, MaxInstances = 2 });
        var suspended = await runtime.ExecuteAsync("await $ext.http.get()", RuntimeFixture.Context());
        var endless = Task.Run(() => runtime.ExecuteAsync("for (;;) {}", RuntimeFixture.Context(), new() { Timeout = TimeSpan.Zero }).AsTask());
        while (runtime.Statistics().ActiveInstances == 0)
        {
            await Task.Delay(10);
        }

        await runtime.DisposeAsync();
        await runtime.DisposeAsync();

        Assert.Equal(HandlerErrorCode.InternalError, (await endless).Error?.Code);
        var refused = await Assert.ThrowsAsync<HandlersException>(() => runtime.ExecuteAsync("1", RuntimeFixture.Context()).AsTask());
        Assert.Equal(HandlersErrorKind.ShuttingDown, refused.Kind);
        await Assert.ThrowsAsync<HandlersException>(
            () => runtime.ResumeAsync(suspended.Suspension!.Id, ResumeResult.Of(default)).AsTask());
    }

    [Fact]
    public async Task Wrong_options_are_named()
    {
        var wrong = await Assert.ThrowsAsync<HandlersException>(
            () => fixture.StartAsync(new HandlerRuntimeOptions { MemoryLimitBytes = 1 }));

        Assert.Equal(HandlersErrorKind.Configuration, wrong.Kind);
        Assert.Contains("MemoryLimitBytes", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fuel_needs_metering()
    {
        await using var runtime = await fixture.StartAsync(new HandlerRuntimeOptions { Metering = false, MinInstances = 0 });

        var result = await runtime.ExecuteAsync("return 1", RuntimeFixture.Context());
        var refused = await runtime.ExecuteAsync("return 1", RuntimeFixture.Context(), new ExecutionLimits { Fuel = 1 });

        Assert.Equal(("1", 0L), (result.ReturnValue?.GetRawText(), result.Metrics.InstructionCount));
        Assert.Equal(HandlerErrorCode.InvalidArgument, refused.Error?.Code);
    }

    [Fact]
    public async Task More_handlers_than_images_are_no_harm()
    {
        await using var runtime = await fixture.StartAsync(
            new HandlerRuntimeOptions { MinInstances = 0, MaxInstances = 2, MaxHandlerImages = 3 });
        for (var round = 0; round < 6; round++)
        {
            // In one round each is called often enough to push the image of another one out.
            for (var call = 0; call < 8 * (round == 3 ? 10 : 1); call++)
            {
                var handler = round == 3 ? call / 10 : call;
                var result = await runtime.ExecuteAsync($"return {handler} + $args.n", RuntimeFixture.Context(arguments: "{\"n\":1}"));
                Assert.Equal($"{handler + 1}", result.ReturnValue?.GetRawText());
            }
        }

        await runtime.ClearAsync();
        Assert.Equal("1", (await runtime.ExecuteAsync("return 1", RuntimeFixture.Context())).ReturnValue?.GetRawText());
    }
}
