using System.Text;
using System.Text.Json;
using Larder.Node.Security;
using Larder.Tests.Symbols.Support;

namespace Larder.Tests.Node;

/// <summary>Symbols over HTTP.</summary>
public sealed class SymbolApiTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Modules_are_loaded_found_shown_listed_and_let_go()
    {
        Write("a.dll", "First");
        await using var node = await StartAsync();

        var load = await PostAsync(node, "/v1/symbols/load", $$"""{"paths":["{{_folder.Path}}"]}""");
        var find = await GetAsync(node, "/v1/symbols?q=fir&kind=function&module=a*&limit=5");
        var show = await GetAsync(node, "/v1/symbols/show?name=Some.Class.First");
        var modules = await GetAsync(node, "/v1/symbols/modules");
        var prefetch = await PostAsync(node, "/v1/symbols/prefetch", $$"""{"path":"{{_folder["a.dll"]}}"}""");
        var stats = await GetAsync(node, "/v1/symbols/stats");
        var metrics = (await node.GetAsync("/metrics")).Text;
        var clear = await node.PostAsync("/v1/symbols/clear", []);
        var unload = await node.PostAsync("/v1/symbols/unload", Encoding.UTF8.GetBytes($$"""{"path":"{{_folder["a.dll"]}}"}"""));
        var after = await GetAsync(node, "/v1/symbols?q=fir");

        Assert.Equal("read", load.GetProperty("modules")[0].GetProperty("origin").GetString());
        Assert.Equal("M:Some.Class.First(System.Int32,System.String[])", find.GetProperty("symbols")[0].GetProperty("id").GetString());
        Assert.Equal("System.Int32 First(System.Int32 number, System.String[] texts)", show.GetProperty("symbols")[0].GetProperty("signature").GetString());
        Assert.Equal("a", modules.GetProperty("modules")[0].GetProperty("name").GetString());
        Assert.True(prefetch.GetProperty("made").GetInt32() > 0);
        Assert.True(stats.GetProperty("caches")[0].GetProperty("entries").GetInt32() > 0);
        Assert.Contains("larder_symbols_modules 1\n", metrics, StringComparison.Ordinal);
        Assert.Matches("larder_symbols_memory_bytes\\{cache=\"symbols\"\\} [1-9]", metrics);
        Assert.Contains("larder_symbols_lookups_total{cache=\"symbols\",outcome=\"miss\"}", metrics, StringComparison.Ordinal);
        Assert.Equal((204, 204), (clear.Status, unload.Status));
        Assert.Equal(0, after.GetProperty("total").GetInt32());
    }

    [Fact]
    public async Task A_client_that_follows_hears_of_changes()
    {
        Write("a.dll", "First");
        await using var node = await StartAsync();
        await PostAsync(node, "/v1/symbols/load", $$"""{"paths":["{{_folder["a.dll"]}}"]}""");
        using var answer = await node.Client.GetAsync(new Uri("/v1/symbols/changes", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync());
        Assert.Equal("", await lines.ReadLineAsync());

        Write("a.dll", "Second");
        string? line;
        do
        {
            line = await lines.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60));
        }
        while (line is "");

        Assert.Equal($$"""{"path":"{{_folder["a.dll"]}}","change":"changed"}""", line);
        Assert.Equal(1, (await GetAsync(node, "/v1/symbols?q=second")).GetProperty("total").GetInt32());
    }

    [Theory]
    [InlineData("/v1/symbols?q=x&kind=thing", 400)]
    [InlineData("/v1/symbols?q=x&unknown=1", 400)]
    [InlineData("/v1/symbols?q=x&limit=10001", 400)]
    [InlineData("/v1/symbols/show", 400)]
    [InlineData("/v1/symbols/nothing", 404)]
    [InlineData("/v1/symbols/load", 405)]
    public async Task What_is_asked_wrongly_is_answered_with_a_sentence(string path, int status)
    {
        await using var node = await StartAsync();

        var answer = await node.GetAsync(path);

        Assert.Equal(status, answer.Status);
        Assert.NotEmpty(JsonDocument.Parse(answer.Body).RootElement.GetProperty("error").GetProperty("message").GetString()!);
    }

    [Theory]
    [InlineData("/etc", 400)]
    [InlineData("relative.dll", 400)]
    [InlineData("FOLDER/../..", 400)]
    [InlineData("FOLDER-beside", 400)]
    [InlineData("FOLDER/missing", 422)]
    public async Task Only_folders_that_the_settings_name_are_loaded(string path, int status)
    {
        await using var node = await StartAsync();
        var body = JsonSerializer.Serialize(new { paths = (string[])[path.Replace("FOLDER", _folder.Path, StringComparison.Ordinal)] });

        var answer = await node.PostAsync("/v1/symbols/load", Encoding.UTF8.GetBytes(body));

        Assert.Equal(status, answer.Status);
    }

    [Fact]
    public async Task Loading_needs_the_right_to_write_and_searching_that_to_read()
    {
        await using var node = await TestNode.StartAsync(static options => options with
        {
            Tokens = [AccessToken.Parse("reader-secret;symbols=r"), AccessToken.Parse("writer-secret;symbols=rw"), AccessToken.Parse("other-secret;ccache=rw")],
        });

        Assert.Equal(401, (await node.GetAsync("/v1/symbols?q=x")).Status);
        Assert.Equal(403, (await node.GetAsync("/v1/symbols?q=x", ("Authorization", "Bearer other-secret"))).Status);
        Assert.Equal(200, (await node.GetAsync("/v1/symbols?q=x", ("Authorization", "Bearer reader-secret"))).Status);
        Assert.Equal(403, (await node.PostAsync("/v1/symbols/clear", [], ("Authorization", "Bearer reader-secret"))).Status);
        Assert.Equal(204, (await node.PostAsync("/v1/symbols/clear", [], ("Authorization", "Bearer writer-secret"))).Status);
    }

    [Fact]
    public async Task Symbols_can_be_switched_off()
    {
        await using var node = await TestNode.StartAsync(static options => options with { Symbols = options.Symbols with { Enabled = false } });

        Assert.Equal(503, (await node.GetAsync("/v1/symbols?q=x")).Status);
    }

    private Task<TestNode> StartAsync() =>
        TestNode.StartAsync(options => options with { Symbols = options.Symbols with { Folders = [_folder.Path] } });

    private static async Task<JsonElement> GetAsync(TestNode node, string path)
    {
        var answer = await node.GetAsync(path);
        Assert.Equal((200, path), (answer.Status, path));
        return JsonDocument.Parse(answer.Body).RootElement;
    }

    private static async Task<JsonElement> PostAsync(TestNode node, string path, string body)
    {
        var answer = await node.PostAsync(path, Encoding.UTF8.GetBytes(body));
        Assert.True(answer.Status == 200, Encoding.UTF8.GetString(answer.Body));
        return JsonDocument.Parse(answer.Body).RootElement;
    }

    private void Write(string name, string method)
    {
        File.WriteAllBytes(_folder[name + ".new"], Sample.Assembly("a", "Some.Class", method));
        File.Move(_folder[name + ".new"], _folder[name], overwrite: true);
    }
}
