using System.Net.Sockets;
using System.Text;
using Larder.Fuse.Mounting;
using Larder.Fuse.Native;

namespace Larder.Fuse.Takeover;

/// <summary>
/// The keeper's end of its socket. Each connection has a thread, of which there are as many as commands that run: one, or two
/// while one ends. Only processes of the same user, or root's, are served.
/// </summary>
internal sealed class KeeperServer : IAsyncDisposable
{
    private const int MaxConnections = 8;

    private readonly MountKeeperOptions _options;
    private readonly Socket _listener;
    private readonly string? _ownDirectory;
    private readonly Thread _thread;
    private readonly Lock _gate = new();
    private readonly List<Socket> _connections = []; // Guarded by _gate.

    private KeeperServer(MountKeeperOptions options, Socket listener, string socketPath, string? ownDirectory)
    {
        _options = options;
        _listener = listener;
        _ownDirectory = ownDirectory;
        SocketPath = socketPath;
        Store = new DescriptorStore(options.MaxMounts);
        _thread = new Thread(Accept, 128 * 1024) { IsBackground = true, Name = "keeper-accept" };
    }

    internal string SocketPath { get; }

    internal DescriptorStore Store { get; }

    internal static KeeperServer Start(MountKeeperOptions options)
    {
        var directory = options.SocketPath is null ? Directory.CreateTempSubdirectory("larder-keeper-").FullName : null;
        var path = options.SocketPath ?? Path.Combine(directory!, "socket");
        var listener = new Socket(AddressFamily.Unix, SocketType.Seqpacket, ProtocolType.Unspecified);
        try
        {
            File.Delete(path);
            listener.Bind(new UnixDomainSocketEndPoint(path));
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }

            listener.Listen(MaxConnections);
        }
        catch (Exception exception) when (exception is SocketException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            listener.Dispose();
            throw new FuseException(
                FuseErrorKind.Keeper, $"The keeper cannot listen at {path}: {exception.Message}", innerException: exception);
        }

        var server = new KeeperServer(options, listener, path, directory);
        server._thread.Start();

        return server;
    }

    /// <summary>Detaches what is still kept: nobody is left to serve it.</summary>
    public ValueTask DisposeAsync()
    {
        _listener.Dispose();
        lock (_gate)
        {
            _connections.ForEach(connection => connection.Dispose());
        }

        foreach (var mountPoint in Store.MountPoints)
        {
            if (MountTable.Find(mountPoint) is { IsFuse: true })
            {
                MountPoint.Detach(mountPoint);
            }
        }

        Store.Dispose();
        File.Delete(SocketPath);
        if (_ownDirectory is not null)
        {
            Directory.Delete(_ownDirectory, recursive: true);
        }

        return ValueTask.CompletedTask;
    }

    private void Accept()
    {
        while (true)
        {
            Socket connection;
            try
            {
                connection = _listener.Accept();
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                return;
            }

            var (process, user) = MessageSocket.Peer(connection);
            lock (_gate)
            {
                if ((user != 0 && user != Libc.UserId()) || _connections.Count >= MaxConnections)
                {
                    Log.KeeperRefuses(_options.Logger, process, user == 0 ? "too many connections" : "another user");
                    connection.Dispose();
                    continue;
                }

                _connections.Add(connection);
            }

            new Thread(() => Serve(connection, process), 256 * 1024) { IsBackground = true, Name = "keeper-serve" }.Start();
        }
    }

    private void Serve(Socket connection, int process)
    {
        try
        {
            var bytes = new byte[MessageSocket.MaxMessageBytes];
            List<int> descriptors = [];
            while (true)
            {
                descriptors.Clear();
                var length = MessageSocket.Receive(connection, bytes, descriptors);
                if (length == 0 || (length < 0 && -length != (int)FuseErrno.Invalid))
                {
                    return;
                }

                if (length < 0 || !Answer(connection, bytes.AsSpan(0, length), descriptors))
                {
                    descriptors.ForEach(descriptor => _ = Libc.Close(descriptor));
                    Log.KeeperRefuses(_options.Logger, process, "not understood");
                    if (MessageSocket.Send(connection, [(byte)KeeperMessage.Refused], []) != FuseErrno.None)
                    {
                        return;
                    }
                }
            }
        }
        catch (ObjectDisposedException)
        {
            // The keeper ends.
        }
        finally
        {
            lock (_gate)
            {
                _connections.Remove(connection);
            }

            connection.Dispose();
        }
    }

    private bool Answer(Socket connection, ReadOnlySpan<byte> message, List<int> descriptors)
    {
        var mountPoint = Encoding.UTF8.GetString(message[1..]);
        switch ((KeeperMessage)message[0])
        {
            case KeeperMessage.Put when descriptors.Count >= 2 && mountPoint.Length > 0 && Store.Put(mountPoint, [.. descriptors]):
                return Send(connection, KeeperMessage.Done);
            case KeeperMessage.Get when descriptors.Count == 0:
                return Store.Use(
                    mountPoint, kept => _ = MessageSocket.Send(connection, [(byte)KeeperMessage.Done], kept))
                    || Send(connection, KeeperMessage.Missing);
            case KeeperMessage.Drop when descriptors.Count == 0:
                return Send(connection, Store.Drop(mountPoint) ? KeeperMessage.Done : KeeperMessage.Missing);
            case KeeperMessage.List when descriptors.Count == 0:
                byte[] names = [(byte)KeeperMessage.Done, .. Encoding.UTF8.GetBytes(string.Join('\0', Store.MountPoints) + "\0")];
                _ = MessageSocket.Send(connection, names.AsSpan(0, Math.Min(names.Length, MessageSocket.MaxMessageBytes)), []);

                return true;
            default:
                return false;
        }
    }

    // Who is gone needs no answer.
    private static bool Send(Socket connection, KeeperMessage answer)
    {
        _ = MessageSocket.Send(connection, [(byte)answer], []);

        return true;
    }
}
