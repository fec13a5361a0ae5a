namespace Larder.Tests.Handlers.Execution;

/// <summary><c>$emit</c>, <c>$view</c>, <c>$log</c>, <c>$args</c>, <c>$scope</c> and <c>$time</c>.</summary>
public sealed class EffectTests(RuntimeFixture fixture)
{
    [Fact]
    public async Task Events_are_listed_in_order()
    {
        var result = await fixture.RunAsync(
            """
            $emit('plain'); $emit('null', null); $emit('data', { a: [1] });
            $emit.toast('hello', 'warning'); $emit.modal({ id: 1 }); $emit.navigate('/home', { replace: true });
            """);

        Assert.Equal(
            [
                "plain:", "null:null", """data:{"a":[1]}""", """toast:{"message":"hello","level":"warning","type":"warning"}""",
                """modal:{"id":1}""", """navigate:{"to":"/home","replace":true}""",
            ],
            result.Events.Select(each => $"{each.Name}:{each.Payload?.GetRawText()}"));
    }

    [Fact]
    public async Task View_commands_are_listed_in_order()
    {
        var result = await fixture.RunAsync(
            """
            $view.setFilter('table', { status: 'open' }); $view.scrollTo('table', { row: 3 }); $view.focus('input');
            $view.custom('chart', 'zoom', { by: 2 }); $view.custom('chart', { any: 1 }); $view.command('chart', 'reset'); $view.focus();
            """);

        Assert.Equal(
            [
                """setFilter table {"filter":{"status":"open"}}""", """scrollTo table {"position":{"row":3}}""", "focus input {}",
                """custom chart {"command":"zoom","params":{"by":2}}""", """custom chart {"any":1}""",
                """custom chart {"command":"reset","params":{}}""", "focus  {}",
            ],
            result.ViewCommands.Select(each => $"{each.Type} {each.ComponentId} {each.Arguments.GetRawText()}"));
    }

    [Fact]
    public async Task What_is_written_by_the_engine_counts_once_and_is_the_same()
    {
        var result = await fixture.RunAsync(
            """
            class Money { constructor(n) { this.n = n } toJSON() { return '$' + this.n } }
            $emit('paid', new Money(5)); $state.due = { by: new Date(0), 7: [, 1] };
            $view.setFilter('table', { get open() { return new Money(1) } });
            """);

        Assert.Equal("\"$5\"", Assert.Single(result.Events).Payload?.GetRawText());
        Assert.Equal("""{"7":[null,1],"by":"1970-01-01T00:00:00.000Z"}""", Assert.Single(result.StateMutations).Value?.GetRawText());
        Assert.Equal("""{"filter":{"open":"$1"}}""", Assert.Single(result.ViewCommands).Arguments.GetRawText());
        Assert.Equal(
            ["emit_event:1", "state_set:1", "view_command:1"],
            result.Metrics.HostCalls.Select(count => $"{count.Key}:{count.Value}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Lines_are_logged_in_both_shapes()
    {
        var result = await fixture.RunAsync(
            "$log('a', 1, null); $log.debug({ b: [2] }, undefined); $log.info('i'); $log.warn('w', true); $log.error(10n, Symbol('s'))");

        Assert.Equal(
            ["Info a 1 null", """Debug {"b":[2]} undefined""", "Info i", "Warn w true", "Error 10 Symbol(s)"],
            result.Log.Select(line => $"{line.Level} {line.Message}"));
    }

    [Fact]
    public async Task A_logged_error_shows_its_own_lines()
    {
        var result = await fixture.RunAsync("\nfunction fails() {\n  return new RangeError('far')\n}\n$log.error(fails())");

        Assert.Equal(
            "RangeError: far\n    at fails (handler.js:3:14)\n    at handler (handler.js:5:12)", Assert.Single(result.Log).Message);
    }

    [Fact]
    public async Task Arguments_and_scope_are_there()
    {
        var runtime = await fixture.GetAsync();
        var context = RuntimeFixture.Context() with
        {
            Arguments = RuntimeFixture.Json("""{"n":3,"text":"é"}"""),
            Scope = default,
        };

        var result = await runtime.ExecuteAsync("$args.extra = 1; return [$args, $scope, $args === $args]", context);

        Assert.Equal("""[{"n":3,"text":"é","extra":1},{},true]""", result.ReturnValue?.GetRawText());
    }

    [Fact]
    public async Task There_is_one_time_a_run() => Assert.Equal(
        "true",
        await fixture.ReturnAsync(
            "const now = Date.now(); let n = 0; for (let i = 0; i < 1e5; i++) n += i; return now === $time.now() && now === +new Date() && now > 1.7e12"));

    [Fact]
    public async Task Randomness_is_not_that_of_the_image()
    {
        const string Source = "return [Math.random(), crypto.randomUUID(), [...crypto.getRandomValues(new Uint8Array(16))].join()]";

        var first = await fixture.ReturnAsync(Source);
        var second = await fixture.ReturnAsync(Source);

        Assert.NotEqual(first, second);
        Assert.Equal("true", await fixture.ReturnAsync(
            "return /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID())"));
    }

    [Fact]
    public async Task Host_calls_are_counted_by_name()
    {
        var result = await fixture.RunAsync("$state.a; $state.b = 1; $state.c = 2; $log('x'); $time.now(); return $args");

        Assert.Equal(
            [("log", 1), ("now", 1), ("state_get", 1), ("state_set", 2)],
            result.Metrics.HostCalls.Select(pair => (pair.Key, pair.Value)).Order());
        Assert.True(result.Metrics.InstructionCount > 0);
        Assert.True(result.Metrics.MemoryUsedBytes > 100_000);
        Assert.True(result.Metrics.MemoryPeakBytes >= result.Metrics.MemoryUsedBytes);
    }

    [Fact]
    public async Task The_globals_of_the_host_cannot_be_replaced() => Assert.Equal(
        """["object","function",true]""",
        await fixture.ReturnAsync("$state = 1; $emit = 2; $log.info = 3; return [typeof $state, typeof $emit, typeof $log.info === 'function']"));
}
