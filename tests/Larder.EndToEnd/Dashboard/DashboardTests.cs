using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Node.Security;
using Microsoft.Playwright;

namespace Larder.EndToEnd.Dashboard;

/// <summary>The dashboard as a person sees it: a real node, a real browser.</summary>
public sealed class DashboardTests(BrowserFixture browser) : IClassFixture<BrowserFixture>
{
    [Fact]
    public async Task Figures_match_the_statistics_and_change_without_a_reload()
    {
        browser.Require();
        await using var node = await DashboardNode.StartAsync();
        await node.PutAsync("demo", 1, 1000);
        Assert.True(await node.GetAsync("demo", 1), "The first get missed.");
        await using var page = await DashboardPage.OpenAsync(browser.Browser, node.Address);
        await page.WaitUntilLiveAsync();
        await page.Page.EvaluateAsync("() => { window.sameDocument = true; }");

        for (var n = 1; n <= 9; n++)
        {
            await node.PutAsync("demo", 100 + n, 2000);
            await node.GetAsync("demo", 100 + n);
            await node.GetAsync("demo", 5000 + n);
        }

        var total = (await node.JsonAsync("/v1/stats")).GetProperty("total");
        Assert.Equal(10, total.GetProperty("hits").GetInt64());
        Assert.Equal(19, total.GetProperty("lookups").GetInt64());
        await page.WaitForFigureAsync("hitRatio", total.GetProperty("hitRatio").GetDouble());
        await page.WaitForFigureAsync("served", 1000 + (9 * 2000));
        await page.WaitForFigureAsync("held", 10);
        await page.Page.WaitForSelectorAsync("#kinds tr[data-key=demo]");
        await page.Page.WaitForFunctionAsync("() => document.querySelector('#kinds tr[data-key=demo]').cells[3].textContent === '19'");
        Assert.True(await page.Page.EvaluateAsync<bool>("() => window.sameDocument === true"));
        Assert.Empty(page.Problems);
    }

    [Fact]
    public async Task Evictions_appear_with_their_reasons()
    {
        browser.Require();
        await using var node = await DashboardNode.StartAsync();
        await using var page = await DashboardPage.OpenAsync(browser.Browser, node.Address);
        await page.WaitUntilLiveAsync();
        await page.Page.WaitForSelectorAsync("#removals .none");

        for (var n = 0; n < 60; n++)
        {
            await node.PutAsync("demo", n, 100_000);
            await node.GetAsync("demo", n);
        }

        var row = await page.Page.WaitForSelectorAsync("#removals tbody tr[data-key]");
        Assert.Contains("memory", await row!.InnerTextAsync(), StringComparison.Ordinal);
        var events = await node.JsonAsync("/v1/events");
        Assert.NotEqual(0, events.GetProperty("removals").GetArrayLength());
        var shown = await page.Page.Locator("#removals tbody tr[data-key] td:nth-child(2)").AllInnerTextsAsync();
        var known = events.GetProperty("removals").EnumerateArray().Select(one => one.GetProperty("reason").GetString()).ToHashSet();
        Assert.All(shown, reason => Assert.Contains(reason.Replace(" ", string.Empty, StringComparison.Ordinal), known, StringComparer.OrdinalIgnoreCase));
        Assert.Contains("limit", shown[0], StringComparison.Ordinal);
        Assert.All(
            events.GetProperty("removals").EnumerateArray().Where(one => one.GetProperty("tier").GetString() == "memory"),
            one => Assert.True(one.GetProperty("ageTicks").GetInt64() >= 0));
        await page.Page.WaitForFunctionAsync("() => document.querySelectorAll('#plot-removals .legend button').length > 0");
        Assert.Empty(page.Problems);
    }

    [Fact]
    public async Task The_curves_show_how_large_the_tiers_should_be_and_keep_up()
    {
        browser.Require();
        await using var node = await DashboardNode.StartAsync();
        await using var page = await DashboardPage.OpenAsync(browser.Browser, node.Address);
        await page.WaitUntilLiveAsync();

        // Forty entries of 40 KB in turn: more than the memory tier's one MiB.
        for (var turn = 0; turn < 3; turn++)
        {
            for (var n = 0; n < 40; n++)
            {
                if (!await node.GetAsync("demo", n))
                {
                    await node.PutAsync("demo", n, 40_000);
                }
            }
        }

        var memory = (await node.JsonAsync("/v1/plan")).GetProperty("tiers")[0];
        var figure = page.Page.Locator("#plan figure[data-tier=memory]");
        await page.Page.WaitForFunctionAsync(
            "summary => document.querySelector('#plan figure[data-tier=memory] figcaption p').textContent === summary", memory.GetProperty("summary").GetString());
        Assert.StartsWith("now 1 MiB", await figure.Locator("[data-mark=now]").TextContentAsync(), StringComparison.Ordinal);
        Assert.StartsWith("recommended 1.", await figure.Locator("[data-mark=recommended]").TextContentAsync(), StringComparison.Ordinal);
        Assert.Equal(memory.GetProperty("steps").GetArrayLength(), await figure.Locator("tbody tr[data-key]").CountAsync());
        Assert.NotEmpty(await figure.Locator("path.total").GetAttributeAsync("d") ?? string.Empty);
        Assert.Equal(1, await page.Page.Locator("#plan figure[data-tier=disk]").CountAsync());
        Assert.Contains("memory limit", await page.Page.Locator("#plan-container").InnerTextAsync(), StringComparison.Ordinal);
        Assert.Empty(page.Problems);
    }

    [Fact]
    public async Task A_miss_is_listed_with_its_cause()
    {
        browser.Require();
        await using var node = await DashboardNode.StartAsync();
        await using var page = await DashboardPage.OpenAsync(browser.Browser, node.Address);
        await page.WaitUntilLiveAsync();

        Assert.False(await node.GetAsync("demo", 77));

        var item = await page.Page.WaitForSelectorAsync("#misses li[data-number]");
        Assert.Contains("Nothing like it", await item!.InnerTextAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_explained_miss_shows_what_differs_from_the_nearest_recipe()
    {
        browser.Require();
        await using var node = await DashboardNode.StartAsync();
        await using var page = await DashboardPage.OpenAsync(browser.Browser, node.Address);
        await page.WaitUntilLiveAsync();

        node.Host.Cache.Explain(RecipeWith("gcc 12.2"));
        node.Host.Cache.Explain(RecipeWith("gcc <b>13.1</b>"));

        await page.Page.WaitForSelectorAsync("#misses li[data-number] ins");
        var item = page.Page.Locator("#misses li[data-number]").First;
        Assert.Equal(["compiler"], await item.Locator("dt").AllInnerTextsAsync());
        Assert.Contains("gcc 12.2", await item.Locator("del").InnerTextAsync(), StringComparison.Ordinal);
        Assert.Contains("gcc <b>13.1</b>", await item.Locator("ins").InnerTextAsync(), StringComparison.Ordinal);
        Assert.Contains("one part differs", await item.InnerTextAsync(), StringComparison.Ordinal);
        Assert.Empty(page.Problems);
    }

    [Fact]
    public async Task Nothing_leaves_the_origin()
    {
        browser.Require();
        await using var node = await DashboardNode.StartAsync();
        await using var page = await DashboardPage.OpenAsync(browser.Browser, node.Address);
        await page.WaitUntilLiveAsync();
        await page.Page.ClickAsync("#window-choice label:nth-of-type(2)");
        await page.WaitUntilLiveAsync();

        Assert.NotEmpty(page.Requests);
        Assert.All(page.Requests, address => Assert.StartsWith(node.Address.GetLeftPart(UriPartial.Authority), address, StringComparison.Ordinal));
        Assert.Contains(page.Requests, address => address.EndsWith("/v1/history?window=1h", StringComparison.Ordinal));
        Assert.Empty(page.Problems);
    }

    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task Text_can_be_read_in_light_and_in_dark(ColorScheme scheme)
    {
        browser.Require();
        await using var node = await DashboardNode.StartAsync();
        await node.PutAsync("demo", 1, 1000);
        await using var page = await DashboardPage.OpenAsync(browser.Browser, node.Address, scheme);
        await page.WaitUntilLiveAsync();

        var paper = await page.Page.EvaluateAsync<double>(Scripts.LuminanceOfPage);
        var unreadable = await page.Page.EvaluateAsync<string[]>(Scripts.TextWithLittleContrast);

        Assert.True(scheme == ColorScheme.Dark ? paper < 0.05 : paper > 0.8, $"The page's luminance is {paper}.");
        Assert.Empty(unreadable);
    }

    [Fact]
    public async Task A_phone_shows_it_without_scrolling_sideways()
    {
        browser.Require();
        await using var node = await DashboardNode.StartAsync();
        await node.PutAsync("demo", 1, 1000);
        await using var page = await DashboardPage.OpenAsync(browser.Browser, node.Address, width: 360, height: 740);
        await page.WaitUntilLiveAsync();

        Assert.Equal(360, await page.Page.EvaluateAsync<int>("() => document.documentElement.scrollWidth"));
    }

    [Fact]
    public async Task Plots_are_read_with_the_keyboard()
    {
        browser.Require();
        await using var node = await DashboardNode.StartAsync();
        await node.PutAsync("demo", 1, 1000);
        await node.GetAsync("demo", 1);
        await using var page = await DashboardPage.OpenAsync(browser.Browser, node.Address);
        await page.WaitUntilLiveAsync();
        await page.WaitForFigureAsync("hitRatio", 1);
        await page.Page.WaitForFunctionAsync("() => document.querySelector('#plot-ratio canvas').getAttribute('aria-label').includes('whole cache')");

        await page.Page.FocusAsync("#plot-ratio canvas");
        await page.Page.Keyboard.PressAsync("ArrowLeft");

        await page.Page.WaitForFunctionAsync("() => document.querySelector('#plot-ratio .tip').innerText.includes('whole cache')");
        await page.Page.WaitForFunctionAsync("() => document.querySelector('#plot-ratio [aria-live]').textContent.includes('whole cache')");
        await page.Page.Keyboard.PressAsync("Escape");
        await page.Page.WaitForSelectorAsync("#plot-ratio .tip", new PageWaitForSelectorOptions { State = WaitForSelectorState.Hidden });
    }

    [Fact]
    public async Task It_comes_back_by_itself_when_the_node_restarts()
    {
        browser.Require();
        await using var node = await DashboardNode.StartAsync();
        await node.PutAsync("demo", 1, 1000);
        await using var page = await DashboardPage.OpenAsync(browser.Browser, node.Address);
        await page.WaitUntilLiveAsync();
        await page.Page.EvaluateAsync("() => { window.sameDocument = true; }");

        await node.RestartAsync(() => page.Page.WaitForSelectorAsync("#connection[data-state=lost]"));

        await page.WaitUntilLiveAsync();
        for (var n = 0; n < 3; n++)
        {
            await node.GetAsync("demo", 1);
        }

        await page.WaitForFigureAsync("served", 3000);
        Assert.True(await page.Page.EvaluateAsync<bool>("() => window.sameDocument === true"));
    }

    [Fact]
    public async Task A_node_with_tokens_asks_for_one_and_the_tab_keeps_it()
    {
        browser.Require();
        await using var node = await DashboardNode.StartAsync(options => options with
        {
            Tokens = [AccessToken.Parse("reader-of-figures;admin=r"), AccessToken.Parse("builder-only;ccache=rw")],
        });
        await using var page = await DashboardPage.OpenAsync(browser.Browser, node.Address);
        await page.Page.WaitForSelectorAsync("#sign-in:not([hidden])");
        Assert.False(await page.Page.IsVisibleAsync("#figures"));

        await SignInAsync(page.Page, "builder-only");
        await page.Page.WaitForFunctionAsync("() => document.getElementById('sign-in-problem').textContent.includes('does not accept')");
        await SignInAsync(page.Page, "reader-of-figures");
        await page.WaitUntilLiveAsync();

        await page.Page.ReloadAsync();
        await page.WaitUntilLiveAsync();
        Assert.Equal("reader-of-figures", await page.Page.EvaluateAsync<string>("() => sessionStorage.getItem('larder-token')"));
        Assert.Equal(0, await page.Page.EvaluateAsync<int>("() => localStorage.length"));
        Assert.DoesNotContain(page.Requests, address => address.Contains("reader-of-figures", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_idle_node_teaches_how_to_use_it()
    {
        browser.Require();
        await using var node = await DashboardNode.StartAsync();
        await using var page = await DashboardPage.OpenAsync(browser.Browser, node.Address);
        await page.WaitUntilLiveAsync();

        var lesson = await page.Page.InnerTextAsync("#lesson");
        Assert.Contains($"{node.Address.GetLeftPart(UriPartial.Authority)}/ccache", lesson, StringComparison.Ordinal);
        Assert.Contains("--remote_cache=", lesson, StringComparison.Ordinal);
        await node.PutAsync("demo", 1, 10);
        await page.Page.WaitForSelectorAsync("#lesson", new PageWaitForSelectorOptions { State = WaitForSelectorState.Hidden });
    }

    [Fact]
    public async Task Series_keep_rates_and_ratios_right_as_samples_come()
    {
        browser.Require();
        await using var node = await DashboardNode.StartAsync();
        await using var page = await DashboardPage.OpenAsync(browser.Browser, node.Address);

        var wrong = await page.Page.EvaluateAsync<string[]>(Scripts.SeriesFacts);

        Assert.Empty(wrong);
    }

    [Fact]
    public async Task Numbers_are_written_as_people_read_them()
    {
        browser.Require();
        await using var node = await DashboardNode.StartAsync();
        await using var page = await DashboardPage.OpenAsync(browser.Browser, node.Address);

        var wrong = await page.Page.EvaluateAsync<string[]>(Scripts.FormatFacts);

        Assert.Empty(wrong);
    }

    private static Recipe RecipeWith(string compiler) =>
        new RecipeBuilder(ArtifactKind.Parse("demo"), 1).Add("compiler", compiler).Add("source", "main.c").Build();

    private static async Task SignInAsync(IPage page, string token)
    {
        await page.FillAsync("#token", token);
        await page.ClickAsync("#sign-in-form button");
    }
}
