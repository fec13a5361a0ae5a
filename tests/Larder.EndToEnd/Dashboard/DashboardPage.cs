using System.Globalization;
using Microsoft.Playwright;

namespace Larder.EndToEnd.Dashboard;

/// <summary>The dashboard in a browser tab of its own. Remembers what should not happen: errors and foreign requests.</summary>
internal sealed class DashboardPage : IAsyncDisposable
{
    private readonly IBrowserContext _context;
    private readonly List<string> _problems = [];
    private readonly List<string> _requests = [];

    private DashboardPage(IBrowserContext context, IPage page)
    {
        _context = context;
        Page = page;
    }

    public IPage Page { get; }

    /// <summary>Addresses that the page asked for.</summary>
    public IReadOnlyList<string> Requests
    {
        get
        {
            lock (_requests)
            {
                return [.. _requests];
            }
        }
    }

    public static async Task<DashboardPage> OpenAsync(
        IBrowser browser, Uri address, ColorScheme scheme = ColorScheme.Light, int width = 1280, int height = 900)
    {
        var context = await browser.NewContextAsync(new BrowserNewContextOptions
        {
            ColorScheme = scheme,
            ViewportSize = new ViewportSize { Width = width, Height = height },
        });
        context.SetDefaultTimeout(15_000);
        var opened = new DashboardPage(context, await context.NewPageAsync());
        opened.Watch();
        await opened.Page.GotoAsync(address.ToString());
        return opened;
    }

    /// <summary>Waits until live samples come in.</summary>
    public Task WaitUntilLiveAsync() => Page.WaitForSelectorAsync("#connection[data-state=live]");

    /// <summary>The exact value behind a headline figure.</summary>
    public async Task<double?> FigureAsync(string name)
    {
        var text = await Page.GetAttributeAsync($"[data-figure={name}]", "data-value");
        return string.IsNullOrEmpty(text) ? null : double.Parse(text, CultureInfo.InvariantCulture);
    }

    /// <summary>Waits until a headline figure has a value.</summary>
    public Task WaitForFigureAsync(string name, double value) => Page.WaitForFunctionAsync(
        "([name, value]) => Math.abs(Number(document.querySelector(`[data-figure=${name}]`).dataset.value) - value) < 1e-9",
        new object[] { name, value });

    /// <summary>Errors on the console, of scripts, of the content policy and of requests.</summary>
    public IReadOnlyList<string> Problems
    {
        get
        {
            lock (_problems)
            {
                return [.. _problems];
            }
        }
    }

    public ValueTask DisposeAsync() => _context.DisposeAsync();

    private void Watch()
    {
        Page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
            {
                Add(_problems, message.Text);
            }
        };
        Page.PageError += (_, error) => Add(_problems, error);
        Page.Request += (_, request) => Add(_requests, request.Url);
    }

    private static void Add(List<string> list, string text)
    {
        lock (list)
        {
            list.Add(text);
        }
    }
}
