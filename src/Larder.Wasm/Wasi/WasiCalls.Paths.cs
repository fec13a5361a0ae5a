using System.Buffers.Binary;

namespace Larder.Wasm.Wasi;

internal sealed partial class WasiCalls
{
    private const uint FollowLinks = 1;
    private const int NewFileMode = 0x1B6; // 0666, less what the host's mask takes away.

    public Errno GrantedDirectory(GuestMemory memory, uint number, uint result)
    {
        if (_descriptors[(int)number] is not { GrantedName: { } name })
        {
            return Errno.BadDescriptor;
        }

        var bytes = memory.Window(result, 8);
        bytes.Clear();
        BinaryPrimitives.WriteInt32LittleEndian(bytes[4..], name.Length);
        return Errno.Success;
    }

    public Errno GrantedDirectoryName(GuestMemory memory, uint number, uint address, uint length)
    {
        if (_descriptors[(int)number] is not { GrantedName: { } name })
        {
            return Errno.BadDescriptor;
        }

        if (length < name.Length)
        {
            return Errno.NameTooLong;
        }

        name.CopyTo(memory.Window(address, (uint)name.Length));
        return Errno.Success;
    }

    public Errno CreateDirectory(GuestMemory memory, uint number, GuestPath path) =>
        At(memory, number, Rights.CreateDirectory, path, follow: false, place => HostFiles.MakeDirectory(place.Directory, place.Name));

    public Errno PathStatus(GuestMemory memory, uint number, uint lookup, GuestPath path, uint result)
    {
        if (lookup > FollowLinks)
        {
            return Errno.Invalid;
        }

        _ = memory.Window(result, FileStatusBytes);
        return At(memory, number, Rights.PathStat, path, lookup == FollowLinks, place =>
        {
            var error = HostFiles.Status(place.Directory, place.Name, out var status);
            if (error == Errno.Success && place.MustBeDirectory && status.Type != FileType.Directory)
            {
                return Errno.NotDirectory;
            }

            if (error == Errno.Success)
            {
                Write(memory.Window(result, FileStatusBytes), status);
            }

            return error;
        });
    }

    public Errno PathSetTimes(
        GuestMemory memory, uint number, uint lookup, GuestPath path, ulong accessed, ulong modified, uint flags)
    {
        if (lookup > FollowLinks)
        {
            return Errno.Invalid;
        }

        return At(memory, number, Rights.PathSetTimes, path, lookup == FollowLinks, place =>
        {
            Span<FileTime> times = stackalloc FileTime[2];
            var error = Times(accessed, modified, flags, times);
            return error == Errno.Success ? HostFiles.SetTimes(place.Directory, place.Name, times) : error;
        });
    }

    public Errno Link(GuestMemory memory, uint number, uint lookup, GuestPath path, uint newNumber, GuestPath newPath)
    {
        if (lookup > FollowLinks)
        {
            return Errno.Invalid;
        }

        return At(memory, number, Rights.LinkSource, path, lookup == FollowLinks, place =>
            At(memory, newNumber, Rights.LinkTarget, newPath, follow: false, target => target.MustBeDirectory
                ? Errno.NoEntry
                : HostFiles.Link(place.Directory, place.Name, target.Directory, target.Name)));
    }

    public Errno Rename(GuestMemory memory, uint number, GuestPath path, uint newNumber, GuestPath newPath) =>
        At(memory, number, Rights.RenameSource, path, follow: false, place =>
            At(memory, newNumber, Rights.RenameTarget, newPath, follow: false, target =>
            {
                if ((place.MustBeDirectory || target.MustBeDirectory)
                    && HostFiles.Status(place.Directory, place.Name, out var status) == Errno.Success
                    && status.Type != FileType.Directory)
                {
                    return Errno.NotDirectory;
                }

                return HostFiles.Rename(place.Directory, place.Name, target.Directory, target.Name);
            }));

    public Errno RemoveDirectory(GuestMemory memory, uint number, GuestPath path) =>
        At(memory, number, Rights.RemoveDirectory, path, follow: false, place =>
            HostFiles.Remove(place.Directory, place.Name, HostFiles.RemoveDirectory));

    public Errno Unlink(GuestMemory memory, uint number, GuestPath path) =>
        At(memory, number, Rights.Unlink, path, follow: false, place =>
        {
            if (!place.MustBeDirectory)
            {
                return HostFiles.Remove(place.Directory, place.Name, 0);
            }

            var error = HostFiles.Status(place.Directory, place.Name, out var status);
            return error != Errno.Success ? error
                : status.Type == FileType.Directory ? Errno.IsDirectory : Errno.NotDirectory;
        });

    public Errno Symlink(GuestMemory memory, GuestPath target, uint number, GuestPath path)
    {
        var text = memory.Window(target.Address, target.Length);
        if (text.Length > PathResolver.MaximumBytes)
        {
            return Errno.NameTooLong;
        }

        if (text.IsEmpty || text.Contains((byte)0))
        {
            return text.IsEmpty ? Errno.NoEntry : Errno.Invalid;
        }

        var terminated = (byte[])[.. text, 0];
        return At(memory, number, Rights.Symlink, path, follow: false, place =>
        {
            if (place.MustBeDirectory)
            {
                return Errno.NoEntry;
            }

            // The guest cannot follow such a link anyway; programs of the host, which later look at the directory, could.
            return LeadsOut(terminated.AsSpan(0, terminated.Length - 1), place.Depth)
                ? Errno.NotCapable
                : HostFiles.Symlink(terminated, place.Directory, place.Name);
        });
    }

    public Errno ReadLink(GuestMemory memory, uint number, GuestPath path, uint address, uint length, uint result)
    {
        _ = memory.Window(address, length);
        _ = memory.Window(result, sizeof(uint));
        return At(memory, number, Rights.ReadLink, path, follow: false, place =>
        {
            if (length == 0)
            {
                memory.Write32(result, 0);
                return Errno.Success;
            }

            var count = HostFiles.ReadLink(place.Directory, place.Name, memory.Window(address, length));
            if (count < 0)
            {
                return Errnos.FromLinux(HostFiles.LastError);
            }

            memory.Write32(result, (uint)count);
            return Errno.Success;
        });
    }

    public Errno Open(GuestMemory memory, uint number, uint lookup, GuestPath path, OpenRequest request, uint result)
    {
        if (lookup > FollowLinks || (request.Open & ~OpenFlags.All) != 0 || (request.Flags & ~DescriptorFlags.All) != 0)
        {
            return Errno.Invalid;
        }

        var error = FindDirectory(number, request.NeededRights, out var directory);
        if (error != Errno.Success)
        {
            return error;
        }

        if (((request.Rights | request.Inheriting) & ~directory.Inheriting) != 0)
        {
            return Errno.NotCapable;
        }

        if (_descriptors.IsFull)
        {
            return Errno.NoDescriptors;
        }

        _ = memory.Window(result, sizeof(uint));
        var follow = lookup == FollowLinks && (request.Open & OpenFlags.Exclusive) == 0;
        return At(memory, number, request.NeededRights, path, follow, place =>
        {
            var failure = Open(place, request, out var descriptor);
            if (failure == Errno.Success)
            {
                memory.Write32(result, (uint)_descriptors.Add(descriptor!));
            }

            return failure;
        });
    }

    /// <summary>
    /// Whether a link that lies <paramref name="depth"/> directories below the start may lead beyond it. Going up behind
    /// a name counts as that: the name may be a link itself.
    /// </summary>
    internal static bool LeadsOut(ReadOnlySpan<byte> target, int depth)
    {
        if (target.StartsWith("/"u8))
        {
            return true;
        }

        foreach (var range in target.Split((byte)'/'))
        {
            var component = target[range];
            if (component.SequenceEqual(".."u8))
            {
                if (--depth < 0)
                {
                    return true;
                }
            }
            else if (!component.IsEmpty && !component.SequenceEqual("."u8))
            {
                depth = 0;
            }
        }

        return false;
    }

    private Errno Open(ResolvedPath place, in OpenRequest request, out HostDescriptor? descriptor)
    {
        descriptor = null;
        if (place.MustBeDirectory && request.Open.HasFlag(OpenFlags.Create))
        {
            return Errno.IsDirectory;
        }

        // Opening a device or a pipe can do things or wait for ever, so only what is known to be a file is opened.
        var error = HostFiles.Status(place.Directory, place.Name, out var status);
        if (error == Errno.Success && status.Type is not (FileType.RegularFile or FileType.Directory))
        {
            return status.Type == FileType.SymbolicLink
                ? request.Open.HasFlag(OpenFlags.Exclusive) ? Errno.Exists : Errno.Loop
                : Errno.NotSupported;
        }

        var wantsDirectory = place.MustBeDirectory || request.Open.HasFlag(OpenFlags.Directory);
        var file = HostFiles.OpenAt(place.Directory, place.Name, request.HostFlags(wantsDirectory), NewFileMode);
        if (file < 0)
        {
            return Errnos.FromLinux(HostFiles.LastError);
        }

        // It can be another one by now.
        error = HostFiles.Status(file, out status);
        if (error != Errno.Success || status.Type is not (FileType.RegularFile or FileType.Directory))
        {
            _ = HostFiles.Close(file);
            return error != Errno.Success ? error : Errno.NotSupported;
        }

        var applicable = status.Type == FileType.Directory ? Rights.AllDirectory : Rights.AllFile;
        var inheriting = status.Type == FileType.Directory ? request.Inheriting : Rights.None;
        descriptor = new HostDescriptor(
            file, status.Type, request.Rights & applicable, inheriting, _options.MaximumFileBytes) { Flags = request.Flags };
        return Errno.Success;
    }

    // Does something at the place where a path ends.
    private Errno At(GuestMemory memory, uint number, Rights needed, GuestPath path, bool follow, Func<ResolvedPath, Errno> act)
    {
        var error = FindDirectory(number, needed, out var directory);
        if (error != Errno.Success)
        {
            return error;
        }

        // The bytes are copied, so that they stay what was checked.
        var window = memory.Window(path.Address, path.Length);
        if (window.Length > PathResolver.MaximumBytes)
        {
            return Errno.NameTooLong;
        }

        error = PathResolver.Resolve(directory.File, window.ToArray(), follow, out var place);
        if (error != Errno.Success)
        {
            return error;
        }

        using (place)
        {
            return act(place!);
        }
    }
}
