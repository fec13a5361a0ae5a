using System.Text;

namespace Larder.Wasm.Wasi;

/// <summary>
/// The functions of <c>wasi_snapshot_preview1</c> for one program, without the way that values take to them. They answer
/// with an error number; only <c>proc_exit</c> and addresses outside of the guest's memory are exceptions.
/// Source: the witx description of preview 1.
/// </summary>
internal sealed partial class WasiCalls : IDisposable
{
    // Most parts of one read or write, as in Linux.
    private const uint MaximumVectors = 1024;
    private const uint VectorBytes = 8;

    private readonly WasiOptions _options;
    private readonly TimeProvider _clock;
    private readonly long _started;
    private readonly byte[][] _arguments;
    private readonly byte[][] _environment;
    private readonly DescriptorTable _descriptors;

    public WasiCalls(WasiOptions options)
    {
        _options = options;
        _clock = options.Clock ?? new DeterministicClock();
        _started = _clock.GetTimestamp();
        _arguments = [.. options.Arguments.Select(argument => Terminated(argument, nameof(options)))];
        _environment = [.. options.Environment.Select(variable => Variable(variable, nameof(options)))];
        _descriptors = new DescriptorTable(options.MaximumDescriptors);
        _descriptors.Add(new StreamDescriptor(options.Input, Rights.Read, options.StreamsAreTerminal));
        _descriptors.Add(new StreamDescriptor(options.Output, Rights.Write, options.StreamsAreTerminal));
        _descriptors.Add(new StreamDescriptor(options.Error, Rights.Write, options.StreamsAreTerminal));
        try
        {
            foreach (var directory in options.Directories)
            {
                _descriptors.Add(Open(directory));
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public void Dispose() => _descriptors.Dispose();

    public Errno ArgumentSizes(GuestMemory memory, uint count, uint bytes) => Sizes(memory, _arguments, count, bytes);

    public Errno Arguments(GuestMemory memory, uint pointers, uint bytes) => Texts(memory, _arguments, pointers, bytes);

    public Errno EnvironmentSizes(GuestMemory memory, uint count, uint bytes) => Sizes(memory, _environment, count, bytes);

    public Errno Environment(GuestMemory memory, uint pointers, uint bytes) => Texts(memory, _environment, pointers, bytes);

    public Errno ClockResolution(GuestMemory memory, uint clock, uint result)
    {
        if (clock > (uint)ClockId.Thread)
        {
            return Errno.Invalid;
        }

        // .NET tells the time of day in ticks of 100 ns.
        var resolution = clock == (uint)ClockId.Realtime ? 100 : Math.Max(1, 1_000_000_000 / _clock.TimestampFrequency);
        memory.Write64(result, (ulong)resolution);
        return Errno.Success;
    }

    public Errno Time(GuestMemory memory, uint clock, uint result)
    {
        if (clock > (uint)ClockId.Thread)
        {
            return Errno.Invalid;
        }

        memory.Write64(result, Now((ClockId)clock));
        return Errno.Success;
    }

    public Errno Random(GuestMemory memory, Store store, uint address, uint length)
    {
        const int Piece = 64 * 1024;
        var bytes = memory.Window(address, length);
        if (_options.Randomness is not { } source)
        {
            return Errno.NotSupported;
        }

        for (; !bytes.IsEmpty; bytes = bytes[Math.Min(bytes.Length, Piece)..])
        {
            if (store.IsInterrupted)
            {
                return Errno.Interrupted;
            }

            source.Fill(bytes[..Math.Min(bytes.Length, Piece)]);
        }

        return Errno.Success;
    }

    /// <summary>What every function of sockets answers.</summary>
    public Errno RefuseSocket(uint number) => _descriptors[(int)number] is null ? Errno.BadDescriptor : Errno.NotSocket;

    private static Errno Sizes(GuestMemory memory, byte[][] texts, uint count, uint bytes)
    {
        memory.Write32(count, (uint)texts.Length);
        memory.Write32(bytes, (uint)texts.Sum(static text => text.Length));
        return Errno.Success;
    }

    private static Errno Texts(GuestMemory memory, byte[][] texts, uint pointers, uint bytes)
    {
        _ = memory.Window(pointers, (uint)texts.Length, sizeof(uint));
        _ = memory.Window(bytes, (uint)texts.Sum(static text => text.Length));
        foreach (var text in texts)
        {
            memory.Write32(pointers, bytes);
            text.CopyTo(memory.Window(bytes, (uint)text.Length));
            pointers += sizeof(uint);
            bytes += (uint)text.Length;
        }

        return Errno.Success;
    }

    private static byte[] Variable(KeyValuePair<string, string> variable, string parameter) =>
        variable.Key.Length == 0 || variable.Key.Contains('=', StringComparison.Ordinal)
            ? throw new ArgumentException($"'{variable.Key}' cannot be the name of an environment variable.", parameter)
            : Terminated($"{variable.Key}={variable.Value}", parameter);

    private static byte[] Terminated(string text, string parameter) => text.Contains('\0', StringComparison.Ordinal)
        ? throw new ArgumentException("Arguments and environment variables must not contain a NUL.", parameter)
        : Encoding.UTF8.GetBytes(text + '\0');

    private HostDescriptor Open(WasiDirectory directory)
    {
        var name = Encoding.UTF8.GetBytes(directory.GuestPath);
        if (name.Length == 0 || name.Contains((byte)0))
        {
            throw new ArgumentException("A directory needs a name for the guest.");
        }

        if (_descriptors.IsFull)
        {
            throw new ArgumentException("There are more directories than descriptors.");
        }

        var file = HostFiles.OpenRoot(directory.HostPath);
        if (file < 0)
        {
            throw new IOException(
                $"The directory '{directory.HostPath}' cannot be opened: {new System.ComponentModel.Win32Exception(HostFiles.LastError).Message}.");
        }

        var rights = directory.IsWritable ? Rights.AllDirectory : Rights.ReadDirectories;
        var files = directory.IsWritable ? Rights.AllFile : Rights.ReadFile;
        return new HostDescriptor(file, FileType.Directory, rights, rights | files, _options.MaximumFileBytes)
        {
            GrantedName = name,
        };
    }

    private ulong Now(ClockId clock)
    {
        if (clock == ClockId.Realtime)
        {
            var ticks = (_clock.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks;
            return ticks < 0 ? 0 : (ulong)ticks * 100;
        }

        // The other clocks count from the start of the program; they say nothing about the machine.
        var passed = Int128.Max(0, _clock.GetTimestamp() - _started) * 1_000_000_000 / _clock.TimestampFrequency;
        return (ulong)passed;
    }

    /// <summary>The descriptor of a number, when it may be used for this.</summary>
    private Errno Find(uint number, Rights needed, out Descriptor descriptor)
    {
        descriptor = _descriptors[(int)number]!;
        if (descriptor is null)
        {
            return Errno.BadDescriptor;
        }

        return (descriptor.Rights & needed) == needed ? Errno.Success : Errno.NotCapable;
    }

    private Errno FindFile(uint number, Rights needed, out HostDescriptor file)
    {
        file = null!;
        var error = Find(number, needed, out var descriptor);
        if (descriptor is HostDescriptor { Type: FileType.RegularFile } found)
        {
            file = found;
            return error;
        }

        return descriptor switch
        {
            null => Errno.BadDescriptor,
            HostDescriptor => Errno.IsDirectory,
            _ => Errno.IllegalSeek,
        };
    }

    private Errno FindDirectory(uint number, Rights needed, out HostDescriptor directory)
    {
        directory = null!;
        var error = Find(number, needed, out var descriptor);
        if (descriptor is HostDescriptor { Type: FileType.Directory } found)
        {
            directory = found;
            return error;
        }

        return descriptor is null ? Errno.BadDescriptor : Errno.NotDirectory;
    }

    /// <summary>The clocks. The numbers are the specification's.</summary>
    private enum ClockId : uint
    {
        Realtime = 0,
        Monotonic = 1,
        Process = 2,
        Thread = 3,
    }
}
