using Larder.Handlers;
using Larder.Handlers.Contract;

namespace Larder.Tests.Handlers.Execution;

/// <summary>A handler that waits for an extension gives what it did so far, and goes on when it is told the answer.</summary>
public sealed class SuspensionTests(RuntimeFixture fixture)
{
    [Fact]
    public async Task A_run_is_suspended_and_resumed_with_what_is_new()
    {
        var runtime = await fixture.GetAsync();

        var first = await runtime.ExecuteAsync(
            "$state.a = 1; $emit('before'); $log('one'); const r = await $ext.http.get('url', { q: [1] }); $state.b = r.data; $emit('after', $state.a); return r.status",
            RuntimeFixture.Context());
        var second = await runtime.ResumeAsync(
            first.Suspension!.Id, ResumeResult.Of(RuntimeFixture.Json("""{"status":200,"data":"é"}"""))); // Checked next.

        Assert.Equal(HandlerStatus.Suspended, first.Status);
        Assert.Equal(("http", "get"), (first.Suspension.ExtensionName, first.Suspension.Method));
        Assert.Equal(["\"url\"", """{"q":[1]}"""], first.Suspension.Arguments.Select(argument => argument.GetRawText()));
        Assert.Equal(("a", "before", "one"), (first.StateMutations.Single().Key, first.Events.Single().Name, first.Log.Single().Message));
        Assert.Equal(HandlerStatus.Success, second.Status);
        Assert.Equal("200", second.ReturnValue?.GetRawText());
        Assert.Equal(("b", "\"é\""), (second.StateMutations.Single().Key, second.StateMutations.Single().Value?.GetRawText()));
        Assert.Equal(("after", "1"), (second.Events.Single().Name, second.Events.Single().Payload?.GetRawText()));
        Assert.Empty(second.Log);
        Assert.Null(second.Suspension);
        Assert.Equal(HandlerOrigin.Given, second.Metrics.Origin);
    }

    [Fact]
    public async Task A_run_is_suspended_any_number_of_times()
    {
        var runtime = await fixture.GetAsync();
        var result = await runtime.ExecuteAsync(
            "let sum = 0; for (let i = 0; i < 20; i++) { sum += await $ext.files.read(i); $state.sum = sum } return sum", RuntimeFixture.Context());
        var ids = new HashSet<Guid>();
        for (var round = 0; round < 20; round++)
        {
            Assert.True(ids.Add(result.Suspension!.Id)); // There is one in every round.
            Assert.Equal(round, result.Suspension.Arguments[0].GetInt32());
            Assert.Equal(round == 0 ? 0 : 1, result.StateMutations.Length);
            result = await runtime.ResumeAsync(result.Suspension.Id, ResumeResult.Of(RuntimeFixture.Json($"{round}")));
        }

        Assert.Equal("190", result.ReturnValue?.GetRawText());
    }

    [Theory]
    [InlineData("const [a, b, c] = await Promise.all([$ext.http.get(1), $ext.http.post(2), $ext.files.read(3)]); return [a, b, c]", "[1,2,3]")]
    [InlineData("const all = [1, 2, 3].map(n => $ext.http.get(n)); const out = []; for (const each of all) out.push(await each); return out", "[1,2,3]")]
    [InlineData("return (await Promise.allSettled([$ext.http.get(1), $ext.none.get(2), $ext.http.get(3)])).map(r => r.value ?? r.reason.code)", "[1,\"EXTENSION_NOT_FOUND\",3]")]
    [InlineData("return await Promise.race([$ext.http.get(1), $ext.http.get(2)])", "1")]
    [InlineData("const late = $ext.http.get(1); $log('x'); return (await late) + (await $ext.http.get(2))", "3")]
    public async Task Calls_at_the_same_time_are_answered_one_by_one(string source, string expected)
    {
        var runtime = await fixture.GetAsync();
        var result = await runtime.ExecuteAsync(source, RuntimeFixture.Context());
        while (result.Suspension is { } suspension)
        {
            result = await runtime.ResumeAsync(suspension.Id, ResumeResult.Of(suspension.Arguments[0]));
        }

        Assert.Equal(expected, result.ReturnValue?.GetRawText());
    }

    [Fact]
    public async Task A_failure_is_thrown_where_the_handler_waits()
    {
        var runtime = await fixture.GetAsync();
        const string Source = "const url = 'x';\ntry {\n  await $ext.http.get(url)\n} catch (error) {\n  if ($args.again) throw error;\n  return [error instanceof Error, error.message, error.extension, error.method]\n}";

        var caught = await runtime.ExecuteAsync(Source, RuntimeFixture.Context());
        caught = await runtime.ResumeAsync(caught.Suspension!.Id, ResumeResult.Failed("no route"));
        var thrown = await runtime.ExecuteAsync(Source, RuntimeFixture.Context(arguments: """{"again":true}"""));
        thrown = await runtime.ResumeAsync(thrown.Suspension!.Id, ResumeResult.Failed("no route"));

        Assert.Equal("""[true,"no route","http","get"]""", caught.ReturnValue?.GetRawText());
        Assert.Equal((HandlerErrorCode.ExecutionError, "no route"), (thrown.Error!.Code, thrown.Error.Message));
        Assert.Equal(3, thrown.Error.Location?.Line);
    }

    [Fact]
    public async Task An_answer_may_be_nothing()
    {
        var runtime = await fixture.GetAsync();
        var result = await runtime.ExecuteAsync("return [(await $ext.http.get()) === undefined]", RuntimeFixture.Context());

        Assert.Equal("[true]", (await runtime.ResumeAsync(result.Suspension!.Id, ResumeResult.Of(default))).ReturnValue?.GetRawText());
    }

    [Fact]
    public async Task An_answer_that_is_too_large_is_a_failure()
    {
        await using var runtime = await fixture.StartAsync(new HandlerRuntimeOptions { MinInstances = 0, MaxInputBytes = 1000 });
        var result = await runtime.ExecuteAsync("try { return await $ext.http.get() } catch (e) { return e.message }", RuntimeFixture.Context());

        result = await runtime.ResumeAsync(result.Suspension!.Id, ResumeResult.Of(RuntimeFixture.Json($"\"{new string('x', 1000)}\"")));

        Assert.Contains("1000 bytes", result.ReturnValue?.GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_call_that_is_not_waited_for_is_dropped()
    {
        var result = await fixture.RunAsync("$ext.http.get(1); return 'done'");

        Assert.Equal((HandlerStatus.Success, "\"done\""), (result.Status, result.ReturnValue?.GetRawText()));
    }

    [Fact]
    public async Task Each_suspension_is_resumed_once()
    {
        var runtime = await fixture.GetAsync();
        var result = await runtime.ExecuteAsync("return await $ext.http.get()", RuntimeFixture.Context());
        await runtime.ResumeAsync(result.Suspension!.Id, ResumeResult.Of(default));

        var again = await Assert.ThrowsAsync<HandlersException>(
            () => runtime.ResumeAsync(result.Suspension.Id, ResumeResult.Of(default)).AsTask());
        var unknown = await Assert.ThrowsAsync<HandlersException>(
            () => runtime.ResumeAsync(Guid.NewGuid(), ResumeResult.Of(default)).AsTask());

        Assert.Equal(HandlersErrorKind.UnknownSuspension, again.Kind);
        Assert.Equal(HandlersErrorKind.UnknownSuspension, unknown.Kind);
    }

    [Fact]
    public async Task A_suspended_run_is_dropped_after_its_time()
    {
        await using var runtime = await fixture.StartAsync(
            new HandlerRuntimeOptions { MinInstances = 0, SuspensionTimeout = TimeSpan.FromMilliseconds(50) });
        var result = await runtime.ExecuteAsync("return await $ext.http.get()", RuntimeFixture.Context());
        while (runtime.Statistics().ExpiredSuspensions == 0)
        {
            await Task.Delay(20);
        }

        await Assert.ThrowsAsync<HandlersException>(() => runtime.ResumeAsync(result.Suspension!.Id, ResumeResult.Of(default)).AsTask());
        Assert.Equal(0, runtime.Statistics().SuspendedInstances);
    }

    [Fact]
    public async Task Suspended_runs_do_not_keep_others_from_running_but_have_a_limit()
    {
        await using var runtime = await fixture.StartAsync(
            new HandlerRuntimeOptions { MinInstances = 0, MaxInstances = 1, MaxSuspended = 8 });
        var suspended = new List<HandlerResult>();
        for (var count = 0; count < 4; count++)
        {
            suspended.Add(await runtime.ExecuteAsync("return await $ext.http.get($args.n)", RuntimeFixture.Context(arguments: $"{{\"n\":{count}}}")));
        }

        var refused = await runtime.ExecuteAsync("$state.a = 1; return await $ext.http.get(9)", RuntimeFixture.Context());

        Assert.All(suspended, result => Assert.Equal(HandlerStatus.Suspended, result.Status));
        Assert.Equal(HandlerErrorCode.ResourceLimit, refused.Error?.Code);
        Assert.Single(refused.StateMutations);
        Assert.Equal(4, runtime.Statistics().SuspendedInstances);
        foreach (var result in suspended.AsEnumerable().Reverse())
        {
            var argument = result.Suspension!.Arguments[0]; // All are suspended.
            var ended = await runtime.ResumeAsync(result.Suspension.Id, ResumeResult.Of(argument));
            Assert.Equal(argument.GetRawText(), ended.ReturnValue?.GetRawText());
        }

        Assert.Equal(0, runtime.Statistics().SuspendedInstances);
    }

    [Fact]
    public async Task Limits_hold_over_all_parts_of_a_run()
    {
        var runtime = await fixture.GetAsync();
        var limits = new ExecutionLimits { Events = 3 };
        var result = await runtime.ExecuteAsync(
            "$emit('a'); $emit('b'); await $ext.http.get(); $emit('c'); $emit('d')", RuntimeFixture.Context(), limits);
        result = await runtime.ResumeAsync(result.Suspension!.Id, ResumeResult.Of(default));

        Assert.Equal(HandlerErrorCode.ResourceLimit, result.Error?.Code);
        Assert.Equal("c", Assert.Single(result.Events).Name);
    }

    [Fact]
    public async Task Waiting_takes_nothing_of_the_time_of_a_run()
    {
        var runtime = await fixture.GetAsync();
        var limits = new ExecutionLimits { Timeout = TimeSpan.FromMilliseconds(500) };
        var result = await runtime.ExecuteAsync("await $ext.http.get(); return 1", RuntimeFixture.Context(), limits);
        await Task.Delay(700);

        Assert.Null((await runtime.ResumeAsync(result.Suspension!.Id, ResumeResult.Of(default))).Error);

        result = await runtime.ExecuteAsync("await $ext.http.get(); for (;;) {}", RuntimeFixture.Context(), limits);
        Assert.Equal(
            HandlerErrorCode.Timeout, (await runtime.ResumeAsync(result.Suspension!.Id, ResumeResult.Of(default))).Error?.Code);
    }

    [Fact]
    public async Task Extensions_are_no_promises_by_themselves() => Assert.Equal(
        """["object","object",true,false]""",
        await fixture.ReturnAsync("return [typeof (await $ext), typeof (await $ext.http), 'get' in $ext.http, 'none' in $ext]"));
}
