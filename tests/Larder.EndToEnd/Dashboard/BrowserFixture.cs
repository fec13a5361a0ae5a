using Microsoft.Playwright;

namespace Larder.EndToEnd.Dashboard;

/// <summary>One headless Chromium for the tests of a class: the one that the system has, never a downloaded one.</summary>
public sealed class BrowserFixture : IAsyncLifetime
{
    private static readonly string[] Arguments =
    [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync",
    ];

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    /// <summary>Why there is no browser; null when there is one.</summary>
    public string? Missing { get; private set; }

    public IBrowser Browser => _browser ?? throw new InvalidOperationException("There is no browser.");

    public async ValueTask InitializeAsync()
    {
        var chromium = Environment.GetEnvironmentVariable("CHROMIUM") ?? "/usr/bin/chromium";
        if (!File.Exists(chromium))
        {
            Missing = $"{chromium} does not exist; install Chromium or set CHROMIUM to its path.";
            return;
        }

        AllowDriverToRun();
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = chromium,
            Headless = true,
            Args = Arguments,
        });
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();
    }

    /// <summary>Skips the test without a browser; where continuous integration promises one, that is a failure.</summary>
    public void Require()
    {
        if (Missing is not null && Environment.GetEnvironmentVariable("CI") == "true")
        {
            Assert.Fail(Missing);
        }

        Assert.SkipWhen(Missing is not null, Missing ?? string.Empty);
    }

    // The driver is a program in the package's folder; some ways of unpacking lose the right to run it.
    private static void AllowDriverToRun()
    {
        var driver = Path.Combine(AppContext.BaseDirectory, ".playwright", "node", "linux-x64", "node");
        if (OperatingSystem.IsLinux() && File.Exists(driver))
        {
            var mode = File.GetUnixFileMode(driver);
            if ((mode & UnixFileMode.UserExecute) == 0)
            {
                File.SetUnixFileMode(driver, mode | UnixFileMode.UserExecute);
            }
        }
    }
}
