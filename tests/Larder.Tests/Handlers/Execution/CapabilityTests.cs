using Larder.Handlers;
using Larder.Handlers.Capabilities;
using Larder.Handlers.Contract;

namespace Larder.Tests.Handlers.Execution;

/// <summary>Nothing that was not granted is done, whatever the handler calls.</summary>
public sealed class CapabilityTests(RuntimeFixture fixture)
{
    private const string State = """{"count":1,"name":"secret"}""";

    [Theory]
    [InlineData("return $state.count", "state:read:count")]
    [InlineData("return $state.get('count')", "state:read:count")]
    [InlineData("return 'count' in $state", "state:read:count")]
    [InlineData("return $state.has('count')", "state:read:count")]
    [InlineData("return $state.keys()", "state:read:*")]
    [InlineData("return Object.keys($state)", "state:read:*")]
    [InlineData("$state.count = 2", "state:write:count")]
    [InlineData("$state.set('count', 2)", "state:write:count")]
    [InlineData("delete $state.count", "state:write:count")]
    [InlineData("$emit('system:error')", "events:emit:system:error")]
    [InlineData("$emit.toast('x')", "events:emit:toast")]
    [InlineData("$view.focus('a:b')", "view:update:a:b")]
    [InlineData("$view.focus()", "view:update:*")]
    [InlineData("return Math.random()", "crypto:random")]
    [InlineData("return crypto.randomUUID()", "crypto:random")]
    [InlineData("crypto.getRandomValues(new Uint8Array(8))", "crypto:random")]
    public async Task Each_needs_its_own_grant(string source, string capability)
    {
        var everythingElse = CapabilitySet.All.Tokens.Where(token => !token.StartsWith(capability[..(capability.IndexOf(':') + 2)], StringComparison.Ordinal));

        var granted = await fixture.RunWithAsync(source, State, capability);
        var without = await fixture.RunWithAsync(source, State, [.. everythingElse]);
        var none = await fixture.RunWithAsync(source, State);

        Assert.True(granted.Error is null, granted.Error?.ToString());
        foreach (var result in new[] { without, none })
        {
            Assert.Equal(HandlerErrorCode.PermissionDenied, result.Error?.Code);
            Assert.Contains(capability, result.Error!.Message, StringComparison.Ordinal);
            Assert.Empty(result.StateMutations);
            Assert.Empty(result.Events);
            Assert.Empty(result.ViewCommands);
            Assert.Equal(1, result.Error.Location?.Line);
        }
    }

    [Theory]
    [InlineData("return $state.name", "state:read:count")]
    [InlineData("return $state.count", "state:write:*")]
    [InlineData("$state.count = 1", "state:read:*")]
    [InlineData("return $state.keys()", "state:read:count", "state:read:name")]
    [InlineData("$emit('other')", "events:emit:event")]
    [InlineData("$emit('system')", "events:emit:system:error")]
    [InlineData("$view.focus('b')", "view:update:a")]
    [InlineData("$view.focus()", "view:update:a")]
    [InlineData("await $ext.http.get()", "ext:files")]
    [InlineData("for (const key of ['name']) { const { [key]: value } = $state; return value }", "state:read:count")]
    [InlineData("return Reflect.get($state, 'name')", "state:read:count")]
    [InlineData("return Object.getOwnPropertyDescriptor($state, 'name').value", "state:read:count")]
    [InlineData("Object.defineProperty($state, 'name', { value: 1 })", "state:write:count")]
    public async Task A_grant_is_for_its_name_and_family_alone(string source, params string[] capabilities)
    {
        var result = await fixture.RunWithAsync(source, State, capabilities);

        Assert.Equal(HandlerErrorCode.PermissionDenied, result.Error?.Code);
        Assert.DoesNotContain("secret", result.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_denial_can_be_caught()
    {
        var result = await fixture.RunWithAsync(
            "try { $state.name } catch (error) { return [error.code, error instanceof Error, error.name] }", State);

        Assert.Equal("""["PERMISSION_DENIED",true,"HandlerError"]""", result.ReturnValue?.GetRawText());
    }

    [Fact]
    public async Task Logging_the_time_and_asking_for_extensions_are_free()
    {
        var result = await fixture.RunWithAsync(
            "$log('x'); $time.now(); Date.now(); new Date(); return [$ext.exists('http'), $ext.list(), $ext.methods('http'), $ext.methods('none'), 'http' in $ext]", State);

        Assert.Equal("""[true,["files","http"],["get","post"],[],true]""", result.ReturnValue?.GetRawText());
    }

    [Fact]
    public async Task The_language_s_own_lookups_need_no_grant() =>
        Assert.Equal("true", (await fixture.RunWithAsync("return await $state === $state", State)).ReturnValue?.GetRawText());

    [Fact]
    public async Task The_time_can_need_a_grant()
    {
        await using var runtime = await fixture.StartAsync(new HandlerRuntimeOptions { TimeRequiresCapability = true, MinInstances = 0 });
        string[] sources =
        [
            "return $time.now()", "return Date.now()", "return new Date()", "return Date()", "return new (new Date(0)).constructor()",
            "class Mine extends Date {}; return new Mine()", "return Reflect.construct(Date, [])",
        ];
        foreach (var source in sources)
        {
            var context = RuntimeFixture.Context() with { Capabilities = CapabilitySet.None };
            Assert.Equal(HandlerErrorCode.PermissionDenied, (await runtime.ExecuteAsync(source, context)).Error?.Code);
            Assert.Null((await runtime.ExecuteAsync(source, context with { Capabilities = CapabilitySet.Parse(["time:now"]) })).Error);
        }

        var fixedTime = await runtime.ExecuteAsync(
            "return [new Date(5).getTime(), new Date(0) instanceof Date, Date.UTC(1970, 0)]",
            RuntimeFixture.Context() with { Capabilities = CapabilitySet.None });
        Assert.Equal("[5,true,0]", fixedTime.ReturnValue?.GetRawText());
    }
}
