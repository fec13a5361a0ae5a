using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Larder.EndToEnd.Dashboard;
using Larder.EndToEnd.Harness;
using Larder.EndToEnd.Images.Harness;
using Larder.Tests.Oci.Support;

namespace Larder.EndToEnd.Images;

/// <summary>Mounts that a node holds: made over HTTP, kept over its death, made again, shown by the dashboard.</summary>
public sealed class NodeMountTests(BrowserFixture browser) : IClassFixture<BrowserFixture>, IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private IReadOnlyDictionary<string, string?> Environment => new Dictionary<string, string?>
    {
        ["XDG_RUNTIME_DIR"] = _directory["run"],
        ["XDG_CACHE_HOME"] = _directory["home"],
    };

    private string Root => _directory["mnt/app"];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_mount_outlives_a_node_that_is_killed_ends_with_one_that_stops_and_is_made_again()
    {
        var reference = await WriteAsync();
        int process;
        await using (var node = await StartAsync("data"))
        {
            var mount = await MountAsync(node, reference);
            process = mount.GetProperty("status").GetProperty("processId").GetInt32();
            Assert.Equal(Large(), await File.ReadAllBytesAsync(Path.Combine(Root, "large")));
            Assert.Equal(HttpStatusCode.Conflict, (await PostAsync(node, reference)).StatusCode);
            await node.KillAsync();
            Assert.Equal("small", await File.ReadAllTextAsync(Path.Combine(Root, "small")));
        }

        await using (var node = await StartAsync("data"))
        {
            var mount = Assert.Single(await ListAsync(node));
            Assert.Equal((Root, "node", "ready"), (Text(mount, "path"), Text(mount, "heldBy"), Text(mount, "state")));
            Assert.Equal(process, mount.GetProperty("status").GetProperty("processId").GetInt32());
            var metrics = await node.Client.GetStringAsync(new Uri("metrics", UriKind.Relative));
            string[] names = ["active", "reads_total", "layer_fetched_bytes_total", "layer_opened_total", "layer_wait_seconds_total", "layer_size_bytes", "layer_local_bytes", "layer_firstbyte_seconds"];
            Assert.All(names, name => Assert.Contains($"\nlarder_mounts_{name}{{", metrics, StringComparison.Ordinal));
            Assert.Equal(0, await node.StopAsync());
            Assert.False(IsMounted());
        }

        await using (var node = await StartAsync("data"))
        {
            await WaitForAsync(node, static mounts => mounts is [var mount] && Text(mount, "state") == "ready");
            Assert.Equal("small", await File.ReadAllTextAsync(Path.Combine(Root, "small")));

            Assert.Equal(HttpStatusCode.NoContent, (await DeleteAsync(node)).StatusCode);
            Assert.False(IsMounted());
            Assert.Equal(HttpStatusCode.NotFound, (await DeleteAsync(node)).StatusCode);
            Assert.Equal(0, await node.StopAsync());
        }

        await using (var node = await StartAsync("data"))
        {
            Assert.Empty(await ListAsync(node));
        }
    }

    [Fact]
    public async Task An_image_that_cannot_be_had_is_refused_in_words_and_forgotten()
    {
        MountedImage.Require();
        await using var node = await StartAsync("data");

        using var answer = await PostAsync(node, $"oci:{_directory["nothing"]}:app");

        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
        Assert.Contains(_directory["nothing"], await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Empty(await ListAsync(node));
        Assert.False(IsMounted());
    }

    [Fact]
    public async Task A_mount_whose_processes_are_all_gone_is_made_again()
    {
        var reference = await WriteAsync();
        await using var node = await StartAsync("data");
        var server = (await MountAsync(node, reference)).GetProperty("status").GetProperty("processId").GetInt32();
        var keeper = int.Parse((await File.ReadAllTextAsync($"/proc/{server}/stat")).Split(") ")[1].Split(' ')[1], CultureInfo.InvariantCulture);

        await MountedImage.SignalAsync("KILL", keeper);
        await MountedImage.SignalAsync("KILL", server);

        await WaitForAsync(node, mounts =>
            mounts is [var mount] && Text(mount, "state") == "ready" && mount.GetProperty("status").GetProperty("processId").GetInt32() != server);
        Assert.Equal("small", await File.ReadAllTextAsync(Path.Combine(Root, "small")));
        Assert.Equal(0, await node.StopAsync());
        Assert.False(IsMounted());
    }

    [Fact]
    public async Task What_a_command_has_mounted_is_listed_and_left_alone()
    {
        var reference = await WriteAsync();
        await using var node = await StartAsync("data");
        (await LarderAsync("mount", reference, Root, "--cache-dir", _directory["cache"])).Succeeded();
        try
        {
            var mount = Assert.Single(await ListAsync(node));
            Assert.Equal((Root, "command"), (Text(mount, "path"), Text(mount, "heldBy")));
            Assert.Equal(HttpStatusCode.NotFound, (await DeleteAsync(node)).StatusCode);
            Assert.Equal(0, await node.StopAsync());
            Assert.True(IsMounted());
        }
        finally
        {
            (await LarderAsync("unmount", Root)).Succeeded();
        }
    }

    [Fact]
    public async Task The_dashboard_shows_a_layer_that_fills()
    {
        browser.Require();
        var reference = await WriteAsync();
        await using var upstream = await StartAsync("upstream");
        (await LarderAsync("pull", reference, "--cache-dir", _directory["cache"], "--remote", upstream.Url)).Succeeded();
        await using var node = await StartAsync("data", "--upstream", upstream.Url);
        await using var page = await DashboardPage.OpenAsync(browser.Browser, node.Address);
        await page.WaitUntilLiveAsync();
        await MountAsync(node, reference);

        // Every index came from the other node, and no file yet.
        await page.Page.WaitForSelectorAsync($"[data-mount='{Root}'][data-state=ready] tbody tr:first-child .fill[data-filled='0.000']");
        await page.Page.WaitForFunctionAsync("() => document.querySelector('#mounts tbody tr').cells[1].textContent.startsWith('0 B of')");

        Assert.Equal(Large(), await File.ReadAllBytesAsync(Path.Combine(Root, "large")));
        await page.Page.WaitForFunctionAsync("() => { const part = Number(document.querySelector('#mounts .fill').dataset.filled); return part > 0.5 && part < 1; }");
        Assert.Equal("small", await File.ReadAllTextAsync(Path.Combine(Root, "small")));
        await page.Page.WaitForFunctionAsync("() => document.querySelector('#mounts .fill').dataset.filled === '1.000'");

        var layer = (await ListAsync(node))[0].GetProperty("status").GetProperty("layers")[0];
        Assert.Equal(0, layer.GetProperty("sourceBytes").GetInt64());
        Assert.Equal(2, layer.GetProperty("openedFromRemote").GetInt64());
        Assert.Empty(page.Problems);
        Assert.Equal(HttpStatusCode.NoContent, (await DeleteAsync(node)).StatusCode);
        await page.Page.WaitForFunctionAsync("() => document.querySelector('#mounts').children.length === 0");
    }

    private static string Text(JsonElement mount, string name) => mount.GetProperty(name).GetString()!;

    private static byte[] Large() => [.. Enumerable.Range(0, 5_000_000).Select(static i => (byte)((i * 31) ^ (i >> 11)))];

    private static async Task<List<JsonElement>> ListAsync(NodeProcess node) =>
        [.. (await node.Client.GetFromJsonAsync<JsonElement>("v1/mounts")).GetProperty("mounts").EnumerateArray()];

    private static async Task WaitForAsync(NodeProcess node, Func<List<JsonElement>, bool> holds)
    {
        for (var look = 0; !holds(await ListAsync(node)); look++)
        {
            Assert.True(look < 600, $"Not within a minute:\n{node.Log}");
            await Task.Delay(100);
        }
    }

    private bool IsMounted() => File.ReadAllText("/proc/self/mountinfo").Contains($" {Root} ", StringComparison.Ordinal);

    private async Task<NodeProcess> StartAsync(string data, params string[] options)
    {
        Directory.CreateDirectory(_directory["run"]);
        Directory.CreateDirectory(_directory["mnt"]);
        return await NodeProcess.StartWithAsync(Environment, _directory[data], ["--set", $"mounts.root={_directory["mnt"]}", .. options]);
    }

    private Task<ProgramRun> LarderAsync(params string[] arguments) =>
        BuiltTool.RunAsync(new ProgramStart("dotnet") { Environment = Environment }, arguments);

    private Task<HttpResponseMessage> PostAsync(NodeProcess node, string reference) =>
        node.Client.PostAsJsonAsync("v1/mounts", new { reference, path = "app" });

    private Task<HttpResponseMessage> DeleteAsync(NodeProcess node) =>
        node.Client.DeleteAsync(new Uri("v1/mounts?path=" + Uri.EscapeDataString(Root), UriKind.Relative));

    private async Task<JsonElement> MountAsync(NodeProcess node, string reference)
    {
        using var answer = await PostAsync(node, reference);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.Created, text + node.Log);
        return JsonDocument.Parse(text).RootElement.Clone();
    }

    private async Task<string> WriteAsync()
    {
        MountedImage.Require();
        var layer = new TarBuilder().File("large", Large()).File("small", "small");
        await TestImages.WriteAsync(_directory["layout"], "app", [layer.ToArray()]);
        return $"oci:{_directory["layout"]}:app";
    }
}
