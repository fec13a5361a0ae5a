using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Larder.EndToEnd.Harness;

namespace Larder.EndToEnd.Remote;

/// <summary>A server that speaks the Redis protocol, in a process of its own on a free port. Killed at the end.</summary>
internal sealed class EngineProcess : IAsyncDisposable
{
    private readonly string _program;
    private readonly string[] _arguments;
    private readonly TemporaryDirectory _directory;
    private Process? _process;

    private EngineProcess(string program, string[] arguments, TemporaryDirectory directory, int port)
    {
        _program = program;
        _arguments = arguments;
        _directory = directory;
        Port = port;
    }

    public int Port { get; }

    public string Root => _directory.Root;

    public Uri Address => new($"redis://127.0.0.1:{Port}");

    /// <summary>Starts a Redis server with further arguments.</summary>
    public static Task<EngineProcess> StartRedisAsync(params string[] arguments)
    {
        Tools.Require("redis-server", "redis-cli");
        return StartRedisLikeAsync("redis-server", arguments);
    }

    /// <summary>Starts a server that takes the arguments of Redis.</summary>
    public static async Task<EngineProcess> StartRedisLikeAsync(string program, params string[] arguments)
    {
        var directory = new TemporaryDirectory();
        var port = FreePort();
        string[] all =
        [
            "--port", Text(port), "--bind", "127.0.0.1", "--dir", directory.Root, "--save", "", "--appendonly", "no",
            "--logfile", "server.log", .. arguments,
        ];
        var server = new EngineProcess(program, all, directory, port);
        await server.RunAsync();
        return server;
    }

    /// <summary>Starts Garnet.</summary>
    public static async Task<EngineProcess> StartGarnetAsync(string program)
    {
        var directory = new TemporaryDirectory();
        var port = FreePort();
        string[] all = ["--port", Text(port), "--bind", "127.0.0.1", "-m", "256m", "-i", "16m", "--page", "4m", "--logger-level", "Error"];
        var server = new EngineProcess(program, all, directory, port);
        await server.RunAsync();
        return server;
    }

    public static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    /// <summary>Starts it, the first time or again, and waits until it answers.</summary>
    public async Task RunAsync()
    {
        var start = new ProcessStartInfo(_program, _arguments)
        {
            WorkingDirectory = Root, RedirectStandardError = true, RedirectStandardOutput = true, RedirectStandardInput = true,
        };
        var said = new StringBuilder();
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Note(said, line.Data);
        _process.ErrorDataReceived += (_, line) => Note(said, line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        for (var i = 0; i < 1200 && !_process.HasExited; i++)
        {
            if (await AnswersAsync())
            {
                return;
            }

            await Task.Delay(25);
        }

        var log = Path.Combine(Root, "server.log");
        Assert.Fail($"{_program} did not start: {said} {(File.Exists(log) ? await File.ReadAllTextAsync(log) : string.Empty)}");
    }

    /// <summary>Starts it again when a test has left it dead or stopped.</summary>
    public async Task EnsureRunningAsync()
    {
        if (_process is null)
        {
            await RunAsync();
        }
        else
        {
            await ResumeAsync();
        }
    }

    /// <summary>Ends it at once, as a power cut would.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    /// <summary>Stops it without closing anything: it accepts and says nothing.</summary>
    public Task PauseAsync() => SignalAsync("-STOP");

    public Task ResumeAsync() => SignalAsync("-CONT");

    /// <summary>What the server's own client prints for a command.</summary>
    public async Task<string> AskAsync(params string[] words) =>
        (await ProgramRun.OfAsync(new ProgramStart("redis-cli", ["-p", Text(Port), .. words]))).Succeeded().Text.TrimEnd('\n');

    /// <summary>The keys that are there.</summary>
    public async Task<string[]> KeysAsync() =>
        (await AskAsync("KEYS", "*")).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await KillAsync();
        }

        _directory.Dispose();
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static void Note(StringBuilder said, string? line)
    {
        lock (said)
        {
            said.AppendLine(line);
        }
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            using var probe = new TcpClient();
            await probe.ConnectAsync(IPAddress.Loopback, Port);
            await probe.GetStream().WriteAsync("*1\r\n$4\r\nPING\r\n"u8.ToArray());
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
            return await probe.GetStream().ReadAsync(new byte[64], patience.Token) > 0;
        }
        catch (Exception exception) when (exception is SocketException or IOException or OperationCanceledException)
        {
            return false;
        }
    }

    private async Task SignalAsync(string signal) =>
        (await ProgramRun.OfAsync(new ProgramStart("kill", signal, Text(_process!.Id)))).Succeeded();
}
