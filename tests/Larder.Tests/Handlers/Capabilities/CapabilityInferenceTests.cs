using Larder.Handlers;

namespace Larder.Tests.Handlers.Capabilities;

/// <summary>What a source seems to need, by its tokens.</summary>
public sealed class CapabilityInferenceTests
{
    [Theory]
    [InlineData("")]
    [InlineData("return 1 + 1")]
    [InlineData("// $state.x = 1\n/* $emit('a') */ return '$state.y' + \"$ext.http\" + `$view`")]
    [InlineData("return /$state.x/.test('$emit') ? 1 / 2 : 3")]
    [InlineData("const o = { $state: 1 }; return o.$state")]
    [InlineData("$log('x'); $time.now(); return $args.$state")]
    [InlineData("return $state.x", "state:read:x")]
    [InlineData("return $state?.x", "state:read:x")]
    [InlineData("return $state.x.y.z", "state:read:x")]
    [InlineData("$state.x = 1", "state:write:x")]
    [InlineData("return $state.x == 1 || $state.y === 2 || $state.z => 3", "state:read:x", "state:read:y", "state:read:z")]
    [InlineData("$state.x += 1; $state.y++; --$state.z; $state.w ??= 2",
        "state:read:w", "state:read:x", "state:read:y", "state:read:z", "state:write:w", "state:write:x", "state:write:y", "state:write:z")]
    [InlineData("delete $state.x; delete $state.y.z", "state:read:y", "state:write:x")]
    [InlineData("$state['a b'] = $state[\"c\"] + $state[`d`]", "state:read:c", "state:read:d", "state:write:a b")]
    [InlineData("$state[key] = 1", "state:write:*")]
    [InlineData("return $state[`k${1}`]", "state:read:*")]
    [InlineData("return $state.get('x') + $state.has('y')", "state:read:x", "state:read:y")]
    [InlineData("$state.set('x', $state.get('y')); $state.delete('z'); $state.update('w', v => v)",
        "state:read:w", "state:read:y", "state:write:w", "state:write:x", "state:write:z")]
    [InlineData("return $state.get(key)", "state:read:*")]
    [InlineData("return $state.get('a' + 'b')", "state:read:*")]
    [InlineData("return $state.keys()", "state:read:*")]
    [InlineData("return 'x' in $state", "state:read:x")]
    [InlineData("for (const key in $state) {}", "state:read:*")]
    [InlineData("return { ...$state }", "state:read:*")]
    [InlineData("return Object.keys($state)", "state:read:*")]
    [InlineData("return JSON.stringify($state)", "state:read:*")]
    [InlineData("const s = $state; s.x = 1", "state:read:*", "state:write:*")]
    [InlineData("const { a, b: renamed, 'c': d = { e: 1 }, f: { g } } = $state", "state:read:a", "state:read:b", "state:read:c", "state:read:f")]
    [InlineData("const { a, ...rest } = $state", "state:read:*", "state:read:a")]
    [InlineData("const { [key]: v } = $state", "state:read:*")]
    [InlineData("$emit('changed', { $state: 1 })", "events:emit:changed")]
    [InlineData("$emit('system:error'); $emit(`plain`)", "events:emit:plain", "events:emit:system:error")]
    [InlineData("$emit(name)", "events:emit:*")]
    [InlineData("$emit(`e${n}`)", "events:emit:*")]
    [InlineData("$emit.toast('x'); $emit.modal({})", "events:emit:modal", "events:emit:toast")]
    [InlineData("items.forEach($emit)", "events:emit:*")]
    [InlineData("$view.setFilter('table', {}); $view.focus()", "view:update:*", "view:update:table")]
    [InlineData("$view.scrollTo(id, 1)", "view:update:*")]
    [InlineData("await $ext.http.get('x'); await $ext['files'].read()", "ext:files", "ext:http")]
    [InlineData("await $ext[name].get()", "ext:*")]
    [InlineData("return [$ext.exists('http'), $ext.list(), $ext.methods('http'), 'http' in $ext]")]
    [InlineData("const { http } = $ext", "ext:*")]
    [InlineData("return Math.random() + crypto.randomUUID()", "crypto:random")]
    [InlineData("return Math.floor(1)")]
    [InlineData("return `a ${$state.x} b ${`n ${$emit('e')}`} c` + $state.y", "events:emit:e", "state:read:x", "state:read:y")]
    [InlineData("return globalThis.$state.x", "state:read:x")]
    [InlineData("$state.\\u0078 = 1; '", "state:read:*", "state:write:*")]
    [InlineData("`${`${")]
    public void The_capabilities_are_those_that_the_source_names(string source, params string[] expected) =>
        Assert.Equal(expected, HandlerRuntime.InferCapabilities(source).Tokens);

    [Fact]
    public void Any_text_gives_an_answer()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        string[] parts = ["$state", ".", "[", "]", "'", "`", "${", "}", "{", "/", "*", "\\", "=", "$emit", "(", ")", "$ext", "\n", "x", "...", ",", "$view", "é", "\ud83d"];
        for (var round = 0; round < 3000; round++)
        {
            var source = string.Concat(Enumerable.Range(0, random.Next(30)).Select(_ => parts[random.Next(parts.Length)]));

            Assert.True(HandlerRuntime.InferCapabilities(source).Tokens.Length >= 0, $"seed {seed}: {source}");
        }
    }
}
