using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Larder.Fuse.Native;

namespace Larder.Fuse.Takeover;

/// <summary>
/// A serving process's line to the process that keeps its descriptors (<see cref="MountKeeper"/>). Safe for concurrent use. When
/// the keeper is gone, mounts go on and are only not kept any more.
/// </summary>
public sealed class MountKeeperClient : IDisposable
{
    /// <summary>The environment variable that names the keeper's socket to the command that it starts.</summary>
    public const string SocketVariable = "LARDER_MOUNT_KEEPER";

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(5);

    private readonly Lock _gate = new();
    private readonly Socket _socket; // One exchange at a time, under _gate.

    private MountKeeperClient(Socket socket) => _socket = socket;

    /// <summary>Connects to the keeper that started this process.</summary>
    /// <returns>Null when no keeper did.</returns>
    /// <exception cref="FuseException">It does not answer.</exception>
    public static MountKeeperClient? FromEnvironment() =>
        Environment.GetEnvironmentVariable(SocketVariable) is { Length: > 0 } path ? Connect(path) : null;

    /// <summary>Connects to a keeper that was started at the same time as this process, once it listens.</summary>
    /// <param name="socketPath">Its socket.</param>
    /// <param name="patience">How long it may take to begin.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="FuseException">It does not answer within that time.</exception>
    public static async Task<MountKeeperClient> ConnectAsync(string socketPath, TimeSpan patience, CancellationToken cancellationToken = default)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            var isLast = Stopwatch.GetElapsedTime(began) >= patience;
            if (isLast || File.Exists(socketPath))
            {
                try
                {
                    return Connect(socketPath);
                }
                catch (FuseException) when (!isLast)
                {
                    // It is bound, and about to listen; or left over, and about to be replaced.
                }
            }

            await Task.Delay(PollInterval, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Connects to a keeper.</summary>
    /// <param name="socketPath">Its socket.</param>
    /// <exception cref="FuseException">It does not answer.</exception>
    public static MountKeeperClient Connect(string socketPath)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Seqpacket, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(socketPath));

            return new MountKeeperClient(socket);
        }
        catch (SocketException exception)
        {
            socket.Dispose();
            throw new FuseException(
                FuseErrorKind.Keeper, $"The keeper of mounts does not answer at {socketPath}: {exception.Message}", innerException: exception);
        }
    }

    /// <summary>The mounts that are kept.</summary>
    /// <exception cref="FuseException">The keeper does not answer.</exception>
    public IReadOnlyList<string> List()
    {
        var answer = Exchange(KeeperMessage.List, string.Empty, [], []);

        return Encoding.UTF8.GetString(answer).Split('\0', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>Takes a mount over that an earlier process has left with the keeper.</summary>
    /// <param name="mountPoint">Where it is mounted.</param>
    /// <returns>Null when there is none.</returns>
    /// <exception cref="FuseException">The keeper does not answer, or the mount is of another version of this program.</exception>
    public KeptMount? Acquire(string mountPoint)
    {
        mountPoint = Mounting.MountPoint.Resolve(mountPoint);
        List<int> descriptors = [];
        try
        {
            var answer = Exchange(KeeperMessage.Get, mountPoint, [], descriptors);
            if (descriptors.Count < 2)
            {
                descriptors.ForEach(descriptor => _ = Libc.Close(descriptor));

                return null;
            }

            var state = MountState.Open(descriptors[1]);
            descriptors.RemoveAt(1);

            return new KeptMount(mountPoint, state, descriptors);
        }
        catch
        {
            descriptors.ForEach(descriptor => _ = Libc.Close(descriptor));
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    internal void Put(string mountPoint, ReadOnlySpan<int> descriptors) => Exchange(KeeperMessage.Put, mountPoint, descriptors, []);

    /// <summary>Tells the keeper to forget a mount. A keeper that is gone has.</summary>
    internal void Drop(string mountPoint)
    {
        try
        {
            Exchange(KeeperMessage.Drop, mountPoint, [], []);
        }
        catch (Exception exception) when (exception is FuseException or ObjectDisposedException)
        {
            // There is nothing to be forgotten where nobody listens.
        }
    }

    private byte[] Exchange(KeeperMessage message, string mountPoint, ReadOnlySpan<int> descriptors, List<int> received)
    {
        var request = new byte[1 + Encoding.UTF8.GetByteCount(mountPoint)];
        request[0] = (byte)message;
        Encoding.UTF8.GetBytes(mountPoint, request.AsSpan(1));
        var answer = new byte[MessageSocket.MaxMessageBytes];
        int length;
        lock (_gate)
        {
            var error = MessageSocket.Send(_socket, request, descriptors);
            if (error != FuseErrno.None)
            {
                throw new FuseException(FuseErrorKind.Keeper, $"The keeper of mounts is gone ({error}).", error);
            }

            length = MessageSocket.Receive(_socket, answer, received);
        }

        return (length > 0 ? (KeeperMessage)answer[0] : KeeperMessage.Refused) switch
        {
            KeeperMessage.Done => answer[1..length],
            KeeperMessage.Missing => [],
            _ => throw new FuseException(
                FuseErrorKind.Keeper,
                length > 0 ? $"The keeper of mounts refuses to {message} {mountPoint}." : "The keeper of mounts is gone.",
                length < 0 ? (FuseErrno)(-length) : FuseErrno.None),
        };
    }
}
