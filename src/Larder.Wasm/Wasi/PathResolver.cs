using System.Text.Unicode;

namespace Larder.Wasm.Wasi;

/// <summary>
/// Finds what a guest's path means below an open directory, and nothing outside of it.
/// <para>
/// The kernel is only ever given one component at a time, relative to a directory that is open, and told not to follow
/// links. Links are read and walked here, by the same rules. Going up returns to the directory that was opened before,
/// and never asks the kernel for <c>..</c>; so whoever renames directories or puts links in their places meanwhile
/// changes where a path ends, but cannot make it end outside. Absolute paths and links, and those that go up beyond the
/// start, are refused.
/// </para>
/// </summary>
internal static class PathResolver
{
    /// <summary>Most bytes of a path.</summary>
    public const int MaximumBytes = 4096;

    // Most directories that are open on the way, and most links that are followed, as many as the kernel does.
    private const int MaximumDepth = 256;
    private const int MaximumLinks = 40;

    /// <summary>Walks a path to its last component.</summary>
    /// <param name="root">The open directory where it starts.</param>
    /// <param name="path">The guest's bytes.</param>
    /// <param name="follow">Whether the last component is followed when it is a link.</param>
    /// <param name="resolved">Where it ends, to be disposed by the caller; null when it was refused.</param>
    public static Errno Resolve(int root, ReadOnlySpan<byte> path, bool follow, out ResolvedPath? resolved)
    {
        resolved = null;
        if (Refuse(path) is var refusal and not Errno.Success)
        {
            return refusal;
        }

        var walk = new ResolvedPath(root);
        var error = Walk(walk, path, follow);
        if (error != Errno.Success)
        {
            walk.Dispose();
            return error;
        }

        resolved = walk;
        return Errno.Success;
    }

    private static Errno Refuse(ReadOnlySpan<byte> path)
    {
        if (path.IsEmpty)
        {
            return Errno.NoEntry;
        }

        if (path.Length > MaximumBytes)
        {
            return Errno.NameTooLong;
        }

        if (path.Contains((byte)0))
        {
            return Errno.Invalid;
        }

        if (!Utf8.IsValid(path))
        {
            return Errno.IllegalSequence;
        }

        return path[0] == (byte)'/' ? Errno.NotCapable : Errno.Success;
    }

    private static Errno Walk(ResolvedPath walk, ReadOnlySpan<byte> path, bool follow)
    {
        // The components that are left, the next one on top.
        var left = new Stack<byte[]>();
        Push(left, path);
        walk.MustBeDirectory = EndsAsDirectory(path);
        var links = 0;
        while (left.TryPop(out var component))
        {
            if (component is [(byte)'.'])
            {
                continue;
            }

            if (component is [(byte)'.', (byte)'.'])
            {
                if (walk.Depth == 0)
                {
                    return Errno.NotCapable;
                }

                walk.Leave();
                continue;
            }

            var name = (byte[])[.. component, 0];
            var isLast = !left.TryPeek(out _);
            if (isLast && !follow && !walk.MustBeDirectory)
            {
                walk.Name = name;
                return Errno.Success;
            }

            if (!isLast && Enter(walk, name) is var entered and not Errno.NotDirectory)
            {
                if (entered != Errno.Success)
                {
                    return entered;
                }

                continue;
            }

            if (Target(walk.Directory, name) is not { } target)
            {
                walk.Name = name;
                return isLast ? Errno.Success : Errno.NotDirectory;
            }

            if (++links > MaximumLinks)
            {
                return Errno.Loop;
            }

            if (target.Length == 0)
            {
                return Errno.NoEntry;
            }

            if (target[0] == (byte)'/')
            {
                return Errno.NotCapable;
            }

            walk.MustBeDirectory |= isLast && EndsAsDirectory(target);
            Push(left, target);
        }

        // The path ends at a directory that is open already; "." names it.
        walk.MustBeDirectory = true;
        return Errno.Success;
    }

    // A link is not a directory for the kernel when it may not follow it.
    private static Errno Enter(ResolvedPath walk, byte[] name)
    {
        if (walk.Depth >= MaximumDepth)
        {
            return Errno.NameTooLong;
        }

        var directory = HostFiles.OpenAt(walk.Directory, name, HostFiles.PathOnly | HostFiles.Directory, 0);
        if (directory < 0)
        {
            return HostFiles.LastError is HostFiles.NotDirectory or HostFiles.TooManyLinks
                ? Errno.NotDirectory
                : Errnos.FromLinux(HostFiles.LastError);
        }

        walk.Enter(directory);
        return Errno.Success;
    }

    // What a link says; null for everything that is not a link.
    private static byte[]? Target(int directory, byte[] name)
    {
        Span<byte> buffer = stackalloc byte[MaximumBytes];
        var length = HostFiles.ReadLink(directory, name, buffer);
        return length < 0 ? null : buffer[..length].ToArray();
    }

    private static void Push(Stack<byte[]> left, ReadOnlySpan<byte> path)
    {
        while (!path.IsEmpty)
        {
            var slash = path.LastIndexOf((byte)'/');
            if (slash + 1 < path.Length)
            {
                left.Push(path[(slash + 1)..].ToArray());
            }

            path = path[..Math.Max(slash, 0)];
        }
    }

    private static bool EndsAsDirectory(ReadOnlySpan<byte> path) =>
        path.EndsWith("/"u8) || path.EndsWith("/."u8) || path.EndsWith("/.."u8) || path.SequenceEqual("."u8) || path.SequenceEqual(".."u8);
}
