using Larder.Handlers.Contract;

namespace Larder.Tests.Handlers.Execution;

/// <summary><c>$state</c> in both of its shapes: reads see earlier writes, and the result lists them in order.</summary>
public sealed class StateTests(RuntimeFixture fixture)
{
    [Fact]
    public async Task The_document_s_example_counts_up_and_emits()
    {
        var result = await fixture.RunAsync(
            "$state.counter = ($state.counter || 0) + 1; $emit('changed', { counter: $state.counter })", """{"counter":5}""");

        Assert.Equal(HandlerStatus.Success, result.Status);
        Assert.Equal(["Set counter=6"], Mutations(result));
        var changed = Assert.Single(result.Events);
        Assert.Equal(("changed", """{"counter":6}"""), (changed.Name, changed.Payload?.GetRawText()));
    }

    [Theory]
    [InlineData("return $state.a", "1")]
    [InlineData("return $state.get('a')", "1")]
    [InlineData("return $state['a b']", "\"x\"")]
    [InlineData("return $state.get('none') === undefined && $state.none === undefined", "true")]
    [InlineData("return $state.get('none', 7)", "7")]
    [InlineData("return ['a' in $state, $state.has('a'), 'none' in $state, $state.has('none')]", "[true,true,false,false]")]
    [InlineData("return $state.keys()", """["a","a b","nested"]""")]
    [InlineData("return Object.keys($state)", """["a","a b","nested"]""")]
    [InlineData("const keys = []; for (const key in $state) keys.push(key); return keys", """["a","a b","nested"]""")]
    [InlineData("return { ...$state }", """{"a":1,"a b":"x","nested":{"list":[1,{"é":"日本"}],"n":-1.5e+300,"t":true,"z":null}}""")]
    [InlineData("return JSON.stringify($state) === JSON.stringify({ ...$state })", "true")]
    [InlineData("const { a, ...rest } = $state; return [a, Object.keys(rest)]", """[1,["a b","nested"]]""")]
    [InlineData("return $state.nested.list[1].é", "\"日本\"")]
    [InlineData("return [typeof $state, $state instanceof Object, Symbol.iterator in $state]", """["object",false,false]""")]
    [InlineData("return await $state === $state", "true")]
    public async Task The_state_is_read(string source, string expected) =>
        Assert.Equal(expected, await fixture.ReturnAsync(
            source, """{"a":1,"a b":"x","nested":{"list":[1,{"é":"日本"}],"n":-1.5e300,"t":true,"z":null}}"""));

    [Theory]
    [InlineData("$state.a = { b: [1, 'x'] }; return $state.a.b[1]", "\"x\"", """Set a={"b":[1,"x"]}""")]
    [InlineData("$state.set('a', null); return $state.get('a') === null", "true", "Set a=null")]
    [InlineData("$state.a = undefined; return $state.a", "null", "Set a=null")]
    [InlineData("delete $state.a; return 'a' in $state", "false", "Delete a=")]
    [InlineData("return [$state.delete('a'), $state.delete('a')]", "[true,false]", "Delete a=", "Delete a=")]
    [InlineData("delete $state.a; $state.a = 2; return $state.keys()", """["a"]""", "Delete a=", "Set a=2")]
    [InlineData("$state.b = 1; delete $state.b; return $state.keys()", """["a"]""", "Set b=1", "Delete b=")]
    [InlineData("$state.b = 1; $state.c = 2; return $state.keys()", """["a","b","c"]""", "Set b=1", "Set c=2")]
    [InlineData("return $state.update('a', value => value + 1)", "2", "Set a=2")]
    [InlineData("$state.update({ b: 1, c: 2 }); return $state.b + $state.c", "3", "Set b=1", "Set c=2")]
    [InlineData("$state.a++; $state.a += 5; return $state.a", "7", "Set a=2", "Set a=7")]
    [InlineData("$state.n ??= 4; return $state.n", "4", "Set n=4")]
    [InlineData("Object.assign($state, { b: 1 }); return $state.b", "1", "Set b=1")]
    [InlineData("Object.defineProperty($state, 'b', { value: 1 }); return $state.b", "1", "Set b=1")]
    [InlineData("$state.get = 1; return $state.get('get')", "1", "Set get=1")]
    [InlineData("$state.__proto__ = 1; return $state.get('__proto__')", "1", "Set __proto__=1")]
    [InlineData("$state[''] = 1; return $state['']", "1", "Set =1")]
    [InlineData("$state.d = new Date(0); return $state.d", "\"1970-01-01T00:00:00.000Z\"", "Set d=\"1970-01-01T00:00:00.000Z\"")]
    [InlineData("$state.s = '\\ud800x\\u0000\\u2028'; return $state.s.length", "4", "Set s=\"\\ud800x\\u0000\u2028\"")]
    [InlineData("$state.n = [NaN, Infinity, -0]; return $state.n", "[null,null,0]", "Set n=[null,null,0]")]
    public async Task Writes_are_seen_and_listed(string source, string returned, params string[] mutations)
    {
        var result = await fixture.RunAsync(source, """{"a":1}""");

        Assert.True(result.Error is null, result.Error?.ToString());
        Assert.Equal(returned, result.ReturnValue?.GetRawText());
        Assert.Equal(mutations, Mutations(result));
    }

    [Fact]
    public async Task A_value_that_was_read_is_a_copy()
    {
        var result = await fixture.RunAsync("$state.list.push(3); return $state.list", """{"list":[1,2]}""");

        Assert.Equal("[1,2]", result.ReturnValue?.GetRawText());
        Assert.Empty(result.StateMutations);
    }

    [Fact]
    public async Task A_large_state_is_read_by_key()
    {
        var state = "{" + string.Join(',', Enumerable.Range(0, 5000).Select(index => $"\"k{index}\":{index}")) + "}";

        Assert.Equal("[4999,5000,true]", await fixture.ReturnAsync("return [$state.k4999, $state.keys().length, 'k77' in $state]", state));
    }

    [Fact]
    public async Task Effects_before_an_error_are_in_the_result()
    {
        var result = await fixture.RunAsync("$state.a = 1; $emit('e'); $view.focus('v'); $log('l'); throw new Error('late')");

        Assert.Equal(HandlerStatus.Error, result.Status);
        Assert.Equal(["Set a=1"], Mutations(result));
        Assert.Single(result.Events);
        Assert.Single(result.ViewCommands);
        Assert.Single(result.Log);
        Assert.Null(result.ReturnValue);
    }

    private static string[] Mutations(HandlerResult result) =>
        [.. result.StateMutations.Select(mutation => $"{mutation.Operation} {mutation.Key}={mutation.Value?.GetRawText()}")];
}
