using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Larder.EndToEnd.Harness;

namespace Larder.EndToEnd.Images.Harness;

/// <summary>Debian's docker-registry on a free port of the loopback, with a directory of its own; with htpasswd when wanted.</summary>
internal sealed class DockerRegistry : IAsyncDisposable
{
    private readonly TemporaryDirectory _root;
    private readonly Process _process;
    private readonly int _port;

    private DockerRegistry(TemporaryDirectory root, Process process, int port) =>
        (_root, _process, _port) = (root, process, port);

    /// <summary>Host and port, as in references.</summary>
    public string Host => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{_port}");

    public string? User { get; private init; }

    public string? Password { get; private init; }

    /// <summary>Starts one, or skips the test where there is none.</summary>
    /// <param name="user">Who may pull and push; null for everyone.</param>
    /// <param name="password">Belongs to the user.</param>
    public static async Task<DockerRegistry> StartAsync(string? user = null, string? password = null)
    {
        Tools.Require("docker-registry", "skopeo", "htpasswd");
        var root = new TemporaryDirectory();
        var port = FreePort();
        var authentication = string.Empty;
        if (user is not null)
        {
            // Only bcrypt is understood.
            var made = await ProgramRun.OfAsync(new ProgramStart("htpasswd", "-nbB", user, password!)); // Not null with a user.
            await File.WriteAllBytesAsync(root["users"], made.Succeeded().Output);
            authentication = $"auth:\n  htpasswd:\n    realm: larder-tests\n    path: {root["users"]}\n";
        }

        await File.WriteAllTextAsync(
            root["config.yml"],
            string.Create(
                CultureInfo.InvariantCulture,
                $"version: 0.1\nlog:\n  level: error\n  accesslog:\n    disabled: true\nstorage:\n  filesystem:\n    rootdirectory: {root["data"]}\n  delete:\n    enabled: true\n{authentication}http:\n  addr: 127.0.0.1:{port}\n"));
        var process = new ProgramStart("docker-registry", "serve", root["config.yml"])
        {
            Environment = new Dictionary<string, string?> { ["OTEL_TRACES_EXPORTER"] = "none" },
        }.Start();
        process.ErrorDataReceived += static (_, _) => { };
        process.OutputDataReceived += static (_, _) => { };
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        var registry = new DockerRegistry(root, process, port) { User = user, Password = password };
        await registry.WaitAsync();
        return registry;
    }

    /// <summary>Copies an image of a layout into the registry with skopeo.</summary>
    /// <param name="layout">Directory and name, as in <c>DIRECTORY:NAME</c>.</param>
    /// <param name="target">Repository and tag, as in <c>test/app:v1</c>.</param>
    /// <param name="options">Further options of <c>skopeo copy</c>.</param>
    public async Task PushAsync(string layout, string target, params string[] options)
    {
        string[] credentials = User is null ? [] : ["--dest-creds", $"{User}:{Password}"];
        (await ProgramRun.OfAsync(new ProgramStart(
            "skopeo",
            ["copy", "--quiet", "--insecure-policy", "--all", "--dest-tls-verify=false", .. credentials, .. options, $"oci:{layout}", $"docker://{Host}/{target}"])
        {
            Timeout = TimeSpan.FromMinutes(5),
        })).Succeeded();
    }

    /// <summary>Copies an image out of the registry into a layout with skopeo.</summary>
    public async Task PullAsync(string source, string layout, params string[] options)
    {
        string[] credentials = User is null ? [] : ["--src-creds", $"{User}:{Password}"];
        (await ProgramRun.OfAsync(new ProgramStart(
            "skopeo",
            ["copy", "--quiet", "--insecure-policy", "--src-tls-verify=false", .. credentials, .. options, $"docker://{Host}/{source}", $"oci:{layout}"])
        {
            Timeout = TimeSpan.FromMinutes(5),
        })).Succeeded();
    }

    /// <summary>Where the registry keeps a blob, so that a test can damage it.</summary>
    public string PathOf(string digestHex) =>
        Path.Combine(_root["data"], "docker", "registry", "v2", "blobs", "sha256", digestHex[..2], digestHex, "data");

    /// <summary>Ends the server; what it holds stays until disposal.</summary>
    public async Task StopAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync(CancellationToken.None);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _process.Dispose();
        _root.Dispose();
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port; // Not null: it is bound.
    }

    private async Task WaitAsync()
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                using var probe = new TcpClient();
                await probe.ConnectAsync(IPAddress.Loopback, _port, TestContext.Current.CancellationToken);
                return;
            }
            catch (SocketException) when (!_process.HasExited && clock.Elapsed < TimeSpan.FromSeconds(60))
            {
                await Task.Delay(25, TestContext.Current.CancellationToken);
            }
        }
    }
}
