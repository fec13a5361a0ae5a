using Larder.Handlers;
using Larder.Handlers.Engine;
using Larder.Node.Security;
using Microsoft.Playwright;

namespace Larder.EndToEnd.Dashboard;

/// <summary>The playground as a person uses it: a real node, a real engine, a real browser.</summary>
public sealed class PlaygroundTests(BrowserFixture browser) : IClassFixture<BrowserFixture>
{
    private const string Counter = "const next = ($state.count ?? 0) + $args.by;\n$state.count = next;\n$emit('changed', { next });\n$log(`now ${next}`);\nreturn { next };\n";

    [Fact]
    public async Task A_handler_is_written_run_and_seen_to_come_from_memory()
    {
        await using var node = await StartAsync();
        await using var page = await OpenAsync(node);
        await page.Page.FillAsync("#source", Counter);
        await page.Page.FillAsync("#state", """{"count":5}""");
        await page.Page.FillAsync("#args", """{"by":2}""");
        await page.Page.FillAsync("#capabilities", "");
        await page.Page.ClickAsync("#infer");
        await page.Page.WaitForFunctionAsync("() => document.getElementById('capabilities').value.includes('state:write:count')");

        await page.Page.FocusAsync("#source");
        await page.Page.Keyboard.PressAsync("Control+Enter");
        await VerdictAsync(page, "success");

        Assert.Equal("compiled", await page.Page.GetAttributeAsync("#origin", "data-origin"));
        Assert.Equal("{\n  \"next\": 7\n}", await page.Page.InnerTextAsync("#returned"));
        Assert.Equal(["5", "7"], await page.Page.Locator("#mutations [data-key=count] :is(del, ins)").AllInnerTextsAsync());
        Assert.Contains("changed", await page.Page.InnerTextAsync("#events"), StringComparison.Ordinal);
        Assert.Contains("now 7", await page.Page.InnerTextAsync("#log"), StringComparison.Ordinal);

        await page.Page.ClickAsync("#apply");
        Assert.Contains("7", await page.Page.InputValueAsync("#state"), StringComparison.Ordinal);
        await page.Page.ClickAsync("#run");
        await page.Page.WaitForSelectorAsync("#origin[data-origin=memory]");
        Assert.Equal(["7", "9"], await page.Page.Locator("#mutations [data-key=count] :is(del, ins)").AllInnerTextsAsync());
        Assert.Empty(page.Problems);
        Assert.All(page.Requests, address => Assert.StartsWith(node.Address.GetLeftPart(UriPartial.Authority), address, StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_error_is_shown_at_its_line()
    {
        await using var node = await StartAsync();
        await using var page = await OpenAsync(node);

        await page.Page.SelectOptionAsync("#example", new SelectOptionValue { Label = "an error at its line" });
        await page.Page.ClickAsync("#run");
        await VerdictAsync(page, "error");

        Assert.Equal(["4"], await page.Page.Locator(".gutter li.bad").AllInnerTextsAsync());
        Assert.Contains("item.price.amount", await page.Page.InnerTextAsync("#snippet .bad"), StringComparison.Ordinal);
        Assert.Contains("line 4", await page.Page.InnerTextAsync("#error-message"), StringComparison.Ordinal);
        Assert.True(await page.Page.IsVisibleAsync(".marked"));
        await page.Page.FillAsync("#source", "return (;");
        Assert.False(await page.Page.IsVisibleAsync(".marked"));
        await page.Page.ClickAsync("#run");
        await page.Page.WaitForFunctionAsync("() => document.getElementById('verdict').textContent === 'compilation error'");
        Assert.Equal(["1"], await page.Page.Locator(".gutter li.bad").AllInnerTextsAsync());
    }

    [Fact]
    public async Task A_suspended_handler_is_answered_by_hand()
    {
        await using var node = await StartAsync();
        await using var page = await OpenAsync(node);
        await page.Page.SelectOptionAsync("#example", new SelectOptionValue { Label = "waiting for an extension" });

        await page.Page.ClickAsync("#run");
        await VerdictAsync(page, "suspended");
        Assert.Contains("$ext.http.get(\"https://prices.example/tea\")", await page.Page.InnerTextAsync("#waits-for"), StringComparison.Ordinal);
        Assert.Equal(["\"idle\"", "\"asking\""], await page.Page.Locator("#mutations [data-key=status] :is(del, ins)").AllInnerTextsAsync());
        await page.Page.ClickAsync("#resume");
        await VerdictAsync(page, "success");

        Assert.Equal("200", await page.Page.InnerTextAsync("#returned"));
        Assert.Equal(["absent", "4.2"], await page.Page.Locator("#mutations [data-key=price] :is(del, ins)").AllInnerTextsAsync());
        Assert.Equal(["\"asking\"", "\"done\""], await page.Page.Locator("#mutations [data-key=status] :is(del, ins)").AllInnerTextsAsync());
    }

    [Theory]
    [InlineData("a loop without an end", "timeout")]
    [InlineData("something that was not granted", "permission denied")]
    public async Task What_a_handler_may_not_do_ends_with_its_name(string example, string verdict)
    {
        await using var node = await StartAsync();
        await using var page = await OpenAsync(node);

        await page.Page.SelectOptionAsync("#example", new SelectOptionValue { Label = example });
        await page.Page.ClickAsync("#run");
        await VerdictAsync(page, "error");

        Assert.Equal(verdict, await page.Page.InnerTextAsync("#verdict"));
    }

    [Fact]
    public async Task Every_example_that_should_run_does()
    {
        await using var node = await StartAsync();
        await using var page = await OpenAsync(node);

        await page.Page.ClickAsync("#run");
        await VerdictAsync(page, "success");
        await page.Page.SelectOptionAsync("#example", new SelectOptionValue { Label = "views and modern JavaScript" });
        await page.Page.ClickAsync("#run");

        await page.Page.WaitForSelectorAsync("#views");
        Assert.Contains("25401600", await page.Page.InnerTextAsync("#returned"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_editor_indents_undoes_and_lets_the_keyboard_out()
    {
        browser.Require();
        await using var node = await DashboardNode.StartAsync();
        await using var page = await OpenAsync(node);
        await page.Page.FillAsync("#source", "");
        await page.Page.FocusAsync("#source");

        await page.Page.Keyboard.TypeAsync("if (a) {");
        await page.Page.Keyboard.PressAsync("Enter");
        await page.Page.Keyboard.TypeAsync("b();");
        await page.Page.Keyboard.PressAsync("Enter");
        await page.Page.Keyboard.TypeAsync("}");
        Assert.Equal("if (a) {\n  b();\n}", await page.Page.InputValueAsync("#source"));
        Assert.Equal(3, await page.Page.Locator(".gutter li").CountAsync());

        await page.Page.Keyboard.PressAsync("Control+a");
        await page.Page.Keyboard.PressAsync("Tab");
        Assert.Equal("  if (a) {\n    b();\n  }", await page.Page.InputValueAsync("#source"));
        await page.Page.Keyboard.PressAsync("Shift+Tab");
        Assert.Equal("if (a) {\n  b();\n}", await page.Page.InputValueAsync("#source"));
        await page.Page.Keyboard.PressAsync("Control+z");
        Assert.Equal("  if (a) {\n    b();\n  }", await page.Page.InputValueAsync("#source"));

        await page.Page.Keyboard.PressAsync("Escape");
        await page.Page.Keyboard.PressAsync("Tab");
        Assert.NotEqual("source", await page.Page.EvaluateAsync<string>("() => document.activeElement.id"));
    }

    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task Text_can_be_read_in_light_and_in_dark(ColorScheme scheme)
    {
        await using var node = await StartAsync();
        await using var page = await DashboardPage.OpenAsync(browser.Browser, new Uri(node.Address, "/playground"), scheme);
        foreach (var (example, status) in ((string, string)[])[("a counter", "success"), ("an error at its line", "error"), ("waiting for an extension", "suspended")])
        {
            await page.Page.SelectOptionAsync("#example", new SelectOptionValue { Label = example });
            await page.Page.ClickAsync("#run");
            await VerdictAsync(page, status);

            Assert.Empty(await page.Page.EvaluateAsync<string[]>(Scripts.TextWithLittleContrast));
        }
    }

    [Fact]
    public async Task A_phone_shows_it_without_scrolling_sideways()
    {
        browser.Require();
        await using var node = await DashboardNode.StartAsync();
        await using var page = await DashboardPage.OpenAsync(browser.Browser, new Uri(node.Address, "/playground"), width: 360, height: 740);
        await page.Page.WaitForSelectorAsync("#health[data-state=live]");

        Assert.Equal(360, await page.Page.EvaluateAsync<int>("() => document.documentElement.scrollWidth"));
    }

    [Fact]
    public async Task A_node_with_tokens_asks_for_one()
    {
        await using var node = await StartAsync("runner-secret;handlers=x");
        await using var page = await OpenAsync(node);

        await page.Page.ClickAsync("#run");
        await page.Page.WaitForSelectorAsync("#sign-in:not([hidden])");
        await page.Page.FillAsync("#token", "runner-secret");
        await page.Page.ClickAsync("#sign-in-form button");

        await VerdictAsync(page, "success");
    }

    private static Task<IElementHandle?> VerdictAsync(DashboardPage page, string status) => page.Page.WaitForSelectorAsync($"#verdict[data-status={status}]");

    private Task<DashboardPage> OpenAsync(DashboardNode node) => DashboardPage.OpenAsync(browser.Browser, new Uri(node.Address, "/playground"));

    private Task<DashboardNode> StartAsync(string? token = null)
    {
        browser.Require();
        try
        {
            EngineModule.Find();
        }
        catch (HandlersException exception) when (exception.Kind == HandlersErrorKind.EngineUnavailable)
        {
            Assert.False(Environment.GetEnvironmentVariable("CI") == "true", exception.Message);
            Assert.Skip(exception.Message);
        }

        return DashboardNode.StartAsync(options => token is null ? options : options with { Tokens = [AccessToken.Parse(token)] });
    }
}
