using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Larder.EndToEnd.Remote;

/// <summary>A real nginx that takes GET, PUT and DELETE over one directory.</summary>
internal sealed class NginxServer : IAsyncDisposable
{
    private static readonly string[] Places = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"];

    private readonly string _root;
    private readonly int _port;
    private Process? _process;

    private NginxServer(string root, int port) => (_root, _port) = (root, port);

    public Uri Address => new($"http://127.0.0.1:{_port}/store");

    /// <summary>Where the bodies lie.</summary>
    public string Files => Path.Combine(_root, "files", "store");

    public static string? Program => Places.FirstOrDefault(File.Exists);

    /// <summary>Starts one, or skips the test with a reason. In CI a missing server is a failure.</summary>
    public static async Task<NginxServer> StartAsync()
    {
        if (Program is null)
        {
            Assert.False(Environment.GetEnvironmentVariable("CI") == "true", "nginx is not installed; ./test installs it.");
            Assert.Skip("nginx is not installed; ./test installs it.");
        }

        var root = Directory.CreateTempSubdirectory("larder-nginx-").FullName;
        var server = new NginxServer(root, FreePort());
        Directory.CreateDirectory(Path.Combine(root, "files"));
        Directory.CreateDirectory(Path.Combine(root, "temporary"));
        await File.WriteAllTextAsync(Path.Combine(root, "nginx.conf"), server.Configuration());
        await server.RunAsync();
        return server;
    }

    /// <summary>Ends it at once, as a power cut would.</summary>
    public async Task KillAsync()
    {
        // Without a master process there is one process, so nothing is left over.
        _process!.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    public async Task RunAsync()
    {
        _process = Process.Start(new ProcessStartInfo(Program!, ["-p", _root, "-c", "nginx.conf", "-e", "error.log"])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        for (var i = 0; i < 200; i++)
        {
            try
            {
                using var probe = new TcpClient();
                await probe.ConnectAsync(IPAddress.Loopback, _port);
                return;
            }
            catch (SocketException) when (!_process.HasExited)
            {
                await Task.Delay(25);
            }
        }

        Assert.Fail("nginx did not start: " + await File.ReadAllTextAsync(Path.Combine(_root, "error.log")));
    }

    /// <summary>Stops it without closing anything: it accepts and says nothing.</summary>
    public void Pause() => Signal("-STOP");

    public void Resume() => Signal("-CONT");

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await KillAsync();
        }

        Directory.Delete(_root, recursive: true);
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private void Signal(string signal)
    {
        using var kill = Process.Start("kill", [signal, _process!.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    private string Configuration() => $$"""
        daemon off;
        master_process off;
        pid nginx.pid;
        events { worker_connections 256; }
        http {
          access_log off;
          client_max_body_size 0;
          client_body_temp_path temporary;
          proxy_temp_path temporary/p; fastcgi_temp_path temporary/f; uwsgi_temp_path temporary/u; scgi_temp_path temporary/s;
          sendfile on;
          server {
            listen 127.0.0.1:{{_port}};
            location / {
              root {{_root}}/files;
              dav_methods PUT DELETE;
              create_full_put_path on;
            }
          }
        }
        """;
}
