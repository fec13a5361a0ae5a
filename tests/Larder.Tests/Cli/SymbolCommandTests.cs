using System.Text.Json;
using Larder.Tests.Symbols.Reading;
using Larder.Tests.Symbols.Support;

namespace Larder.Tests.Cli;

public sealed class SymbolCommandTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Find_prints_the_best_first_and_as_json()
    {
        Write("a.dll", Sample.Assembly("a", "Some.Class", "FirstMethod", "SecondMethod"));

        var run = await RunAsync("find", "fm", _folder.Path);
        var json = await RunAsync("find", "method", _folder.Path, "--json", "--limit", "1");

        Assert.Equal(0, run.ExitCode);
        Assert.Matches("^KIND +SYMBOL +MODULE\nmethod  M:Some\\.Class\\.FirstMethod\\(System\\.Int32,System\\.String\\[\\]\\)  a\n$", run.Text);
        Assert.StartsWith("1 of 1 symbol; ", run.Error, StringComparison.Ordinal);
        var root = JsonDocument.Parse(json.Output).RootElement;
        Assert.Equal(2, root.GetProperty("total").GetInt32());
        var hit = Assert.Single(root.GetProperty("symbols").EnumerateArray());
        Assert.Equal(("FirstMethod", "function", "method", "camelHump", _folder["a.dll"]), (
            hit.GetProperty("name").GetString(), hit.GetProperty("kind").GetString(), hit.GetProperty("form").GetString(),
            hit.GetProperty("match").GetString(), hit.GetProperty("path").GetString()));
    }

    [Fact]
    public async Task Filters_of_find_work_together()
    {
        Write("a.dll", Sample.Assembly("a", "Some.Class", "Class"));
        Write("b.wasm", WasmReaderTests.Everything());

        Assert.Contains("T:Some.Class", (await RunAsync("find", "class", _folder.Path, "--kind", "type")).Text, StringComparison.Ordinal);
        Assert.DoesNotContain("T:Some", (await RunAsync("find", "class", _folder.Path, "--kind", "function,constant")).Text, StringComparison.Ordinal);
        Assert.Contains("M:run", (await RunAsync("find", "r", _folder.Path, "--module", "wonder")).Text, StringComparison.Ordinal);
        Assert.Contains("M:helper", (await RunAsync("find", "help", _folder.Path, "--all", "--match", "prefix")).Text, StringComparison.Ordinal);
        Assert.Equal(3, (await RunAsync("find", "help", _folder.Path)).ExitCode);
        Assert.Equal(3, (await RunAsync("find", "lass", _folder.Path, "--match", "exact")).ExitCode);
    }

    [Fact]
    public async Task Show_tells_everything_of_a_symbol()
    {
        Write("a.dll", Sample.Assembly("a", "Some.Class", "First"));
        Write("a.xml", """<doc><members><member name="T:Some.Class"><summary>What it is.</summary></member></members></doc>"""u8.ToArray());

        var type = await RunAsync("show", "Some.Class", _folder.Path);
        var constant = await RunAsync("show", "F:Some.Class.Text", _folder.Path, "--json");
        var missing = await RunAsync("show", "Nothing.Here", _folder.Path);

        Assert.Equal(
            $"""
            T:Some.Class
              kind        public class
              definition  class Class : System.Object
              module      {_folder["a.dll"]}
              constructor M:Some.Class.#ctor
              method      M:Some.Class.First(System.Int32,System.String[])
                What it is.

            """,
            type.Text);
        Assert.Equal("grüße", JsonDocument.Parse(constant.Output).RootElement.GetProperty("symbols")[0].GetProperty("value").GetString());
        Assert.Equal((3, "larder: There is no symbol 'Nothing.Here'; 'larder symbols find' searches by a part of a name.\n"), (missing.ExitCode, missing.Error));
    }

    [Fact]
    public async Task List_load_and_stats_tell_of_modules()
    {
        Write("a.dll", Sample.Assembly("a", "Some.Class", "First"));
        Write("broken.dll", "MZ and nothing else that an assembly has, but long enough to be looked at"u8.ToArray());

        var list = await RunAsync("list", _folder.Path);
        var load = await RunAsync("load", _folder.Path);
        var again = await RunAsync("load", _folder.Path, "--json");
        var stats = await RunAsync("stats", _folder.Path, "--json");

        Assert.Matches(@"^MODULE  VERSION  KIND  SYMBOLS  EXPORTS +TABLE  PATH\na +1\.2\.3\.4 +\.NET +\d+ +\d+ ", list.Text);
        Assert.Contains($"larder: '{_folder["broken.dll"]}' is", list.Error, StringComparison.Ordinal);
        Assert.Matches("^[0-9]+ symbols of 1 module in ", load.Text);
        Assert.Equal("disk", JsonDocument.Parse(again.Output).RootElement.GetProperty("modules")[0].GetProperty("origin").GetString());
        Assert.Equal(
            ["symbols", "types", "functions", "constants"],
            JsonDocument.Parse(stats.Output).RootElement.GetProperty("caches").EnumerateArray().Select(static one => one.GetProperty("cache").GetString()!));
    }

    [Theory]
    [InlineData("find", "Required argument 'pattern' missing for command: 'find'; see 'larder symbols find --help'.", 2)]
    [InlineData("find x --kind thing", "'thing' is not one of module, type, function, constant, field for --kind; see 'larder symbols find --help'.", 2)]
    [InlineData("find x --limit 0", "--limit is from 1 to 10000.", 2)]
    [InlineData("find x /no/such/folder", "There is no file or folder '/no/such/folder'; check the path.", 3)]
    [InlineData("fnid x", "'fnid' is not a command; did you mean 'find'? See 'larder symbols --help'.", 2)]
    public async Task A_wrong_command_line_gets_one_sentence_that_helps(string line, string expected, int exitCode)
    {
        var run = await RunAsync(line.Split(' '));

        Assert.Equal((exitCode, $"larder: {expected}\n"), (run.ExitCode, run.Error));
    }

    [Fact]
    public async Task A_named_file_that_is_no_module_is_an_error_that_names_it()
    {
        Write("text.dll", "just text"u8.ToArray());

        var run = await RunAsync("list", _folder["text.dll"]);

        Assert.Equal((4, $"larder: '{_folder["text.dll"]}' is neither a .NET assembly nor a WebAssembly module.\n"), (run.ExitCode, run.Error));
    }

    private static string Cache(TestFolder folder) => folder["cache-of-tables"];

    private void Write(string name, byte[] bytes) => File.WriteAllBytes(_folder[name], bytes);

    private Task<CommandRun> RunAsync(params string[] arguments) =>
        CommandRun.OfAsync(["symbols", .. arguments, .. arguments is ["fnid", ..] ? [] : (string[])["--cache", Cache(_folder)]]);
}
