using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Larder.EndToEnd.Harness;

/// <summary>The built node in a process of its own, on a free port. Killed at the end if it still runs.</summary>
internal sealed class NodeProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _log;

    private NodeProcess(Process process, StringBuilder log, string data, int port)
    {
        _process = process;
        _log = log;
        Data = data;
        Address = new Uri($"http://127.0.0.1:{port}/");
        Client = new HttpClient { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(30) };
    }

    public Uri Address { get; }

    public int Port => Address.Port;

    /// <summary>Address without the slash at its end, as tools want it.</summary>
    public string Url => Address.ToString().TrimEnd('/');

    public string Data { get; }

    public HttpClient Client { get; }

    public bool IsRunning => !_process.HasExited;

    /// <summary>Everything that the node wrote.</summary>
    public string Log
    {
        get
        {
            lock (_log)
            {
                return _log.ToString();
            }
        }
    }

    /// <summary>Starts a node and waits until it listens.</summary>
    public static Task<NodeProcess> StartAsync(string data, params string[] options) =>
        StartWithAsync(new Dictionary<string, string?>(), data, options);

    /// <summary>Starts a node with variables of the environment.</summary>
    public static async Task<NodeProcess> StartWithAsync(IReadOnlyDictionary<string, string?> environment, string data, params string[] options)
    {
        var portFile = data + ".port";
        File.Delete(portFile);
        var start = new ProgramStart(
            "dotnet", [BuiltTool.Assembly, "serve", "--listen", "127.0.0.1:0", "--data", data, "--port-file", portFile, .. options])
        {
            Environment = environment,
        };
        var process = start.Start();
        var log = new StringBuilder();
        process.OutputDataReceived += Append;
        process.ErrorDataReceived += Append;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var clock = Stopwatch.StartNew();
        while (!File.Exists(portFile))
        {
            if (process.HasExited || clock.Elapsed > TimeSpan.FromSeconds(60))
            {
                process.Kill(entireProcessTree: true);
                await process.WaitForExitAsync(CancellationToken.None);
                Assert.Fail($"The node did not start within {clock.Elapsed}:\n{log}");
            }

            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        var port = int.Parse(await File.ReadAllTextAsync(portFile, TestContext.Current.CancellationToken), CultureInfo.InvariantCulture);
        return new NodeProcess(process, log, data, port);

        void Append(object sender, DataReceivedEventArgs line)
        {
            lock (log)
            {
                log.AppendLine(line.Data);
            }
        }
    }

    /// <summary>Runs <c>larder</c> against this node.</summary>
    public Task<ProgramRun> RunAsync(params string[] arguments) => BuiltTool.RunAsync([.. arguments, "--node", Url]);

    /// <summary>Ends the node on the spot, as a power cut would.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(CancellationToken.None);
    }

    /// <summary>Asks the node to stop and returns its exit code.</summary>
    public async Task<int> StopAsync()
    {
        await SignalAsync("TERM");
        await _process.WaitForExitAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(40), CancellationToken.None);
        return _process.ExitCode;
    }

    /// <summary>Sends a signal.</summary>
    public async Task SignalAsync(string signal) => (await ProgramRun.OfAsync(
        new ProgramStart("kill", $"-{signal}", _process.Id.ToString(CultureInfo.InvariantCulture)))).Succeeded();

    /// <summary>The node's counters.</summary>
    public async Task<JsonElement> StatisticsAsync(string? token = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "v1/stats");
        if (token is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        using var answer = await Client.SendAsync(request, TestContext.Current.CancellationToken);
        answer.EnsureSuccessStatusCode();
        await using var body = await answer.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        return (await JsonDocument.ParseAsync(body, default, TestContext.Current.CancellationToken)).RootElement;
    }

    /// <summary>Entries of a kind in a tier.</summary>
    public async Task<long> EntriesAsync(string tier, string kind, string? token = null)
    {
        var statistics = await StatisticsAsync(token);
        return (
            from row in statistics.GetProperty("tiers").EnumerateArray()
            where row.GetProperty("tier").GetString() == tier
            from column in row.GetProperty("kinds").EnumerateArray()
            where column.GetProperty("kind").GetString() == kind
            select column.GetProperty("entries").GetInt64()).Sum();
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        _process.Dispose();
    }
}
