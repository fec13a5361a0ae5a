using System.Buffers.Binary;
using System.Text;
using Larder.Wasm;
using Larder.Wasm.Wasi;

namespace Larder.Tests.Wasm.Wasi;

/// <summary>
/// A guest without code: a memory of one page, and what a program would call. A directory <c>granted</c> lies beside a
/// directory <c>outside</c> that holds a secret.
/// </summary>
internal sealed class WasiGuest : IDisposable
{
    public const uint Root = 3;
    public const uint MemoryBytes = 65_536;
    public const uint Result = 0;
    public const uint Data = 8192;

    private const uint Path = 64;
    private const uint SecondPath = 16_384;
    private const uint Vectors = 48;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("larder-wasi-");

    public WasiGuest(WasiOptions? options = null, bool isWritable = true)
    {
        Directory.CreateDirectory(Granted);
        Directory.CreateDirectory(Outside);
        File.WriteAllText(System.IO.Path.Combine(Outside, "secret"), "secret");
        Store = new Store();
        Memory = new GuestMemory(new WasmMemory(Store, new MemoryType(new Limits(1, 1))));
        Calls = new WasiCalls((options ?? new WasiOptions()) with
        {
            Directories = [new WasiDirectory(Granted, "/granted", isWritable)],
        });
    }

    public string Granted => System.IO.Path.Combine(_directory.FullName, "granted");

    public string Outside => System.IO.Path.Combine(_directory.FullName, "outside");

    public Store Store { get; }

    public GuestMemory Memory { get; }

    public WasiCalls Calls { get; }

    /// <summary>A path of the host below the granted directory.</summary>
    public string this[string name] => System.IO.Path.Combine(Granted, name);

    public void Dispose()
    {
        Calls.Dispose();
        Store.Dispose();
        _directory.Delete(recursive: true);
    }

    public GuestPath Put(string path) => Put(Encoding.UTF8.GetBytes(path));

    public GuestPath Put(byte[] path) => Put(Path, path);

    public GuestPath PutSecond(string path) => Put(SecondPath, Encoding.UTF8.GetBytes(path));

    public Errno Open(
        string path,
        OpenFlags open = OpenFlags.None,
        Rights rights = Rights.ReadFile,
        Rights inheriting = Rights.None,
        bool follow = true,
        uint directory = Root,
        DescriptorFlags flags = DescriptorFlags.None) =>
        Calls.Open(Memory, directory, follow ? 1u : 0u, Put(path), new OpenRequest(open, rights, inheriting, flags), Result);

    /// <summary>Opens what must open, and returns its number.</summary>
    public uint Opened(
        string path,
        OpenFlags open = OpenFlags.None,
        Rights rights = Rights.ReadFile,
        Rights inheriting = Rights.None,
        uint directory = Root,
        DescriptorFlags flags = DescriptorFlags.None)
    {
        Assert.Equal(Errno.Success, Open(path, open, rights, inheriting, directory: directory, flags: flags));
        return Memory.Read32(Result);
    }

    public uint OpenedDirectory(string path, Rights inheriting = Rights.ReadFile) =>
        Opened(path, OpenFlags.Directory, Rights.ReadDirectories, inheriting);

    public Errno Write(uint number, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        bytes.CopyTo(Memory.Window(Data, (uint)bytes.Length));
        Vector(Data, (uint)bytes.Length);
        return Calls.Write(Memory, number, Vectors, 1, Result);
    }

    public string Read(uint number, uint length = 4096)
    {
        Vector(Data, length);
        Assert.Equal(Errno.Success, Calls.Read(Memory, number, Vectors, 1, Result));
        return Encoding.UTF8.GetString(Memory.Window(Data, Memory.Read32(Result)));
    }

    public Errno TryRead(uint number)
    {
        Vector(Data, 16);
        return Calls.Read(Memory, number, Vectors, 1, Result);
    }

    /// <summary>The names in a directory, in parts of a buffer of a length.</summary>
    public List<string> List(uint number, uint bufferBytes = 4096)
    {
        const int HeaderBytes = 24;
        var names = new List<string>();
        ulong cookie = 0;
        for (var calls = 0; calls < 10_000; calls++)
        {
            Assert.Equal(Errno.Success, Calls.ReadDirectory(Memory, number, Data, bufferBytes, cookie, Result));
            var entries = Memory.Window(Data, Memory.Read32(Result));
            var isLast = entries.Length < bufferBytes;
            while (entries.Length >= HeaderBytes)
            {
                var length = BinaryPrimitives.ReadInt32LittleEndian(entries[16..]);
                if (entries.Length < HeaderBytes + length)
                {
                    break;
                }

                names.Add(Encoding.UTF8.GetString(entries.Slice(HeaderBytes, length)));
                cookie = BinaryPrimitives.ReadUInt64LittleEndian(entries);
                entries = entries[(HeaderBytes + length)..];
            }

            if (isLast)
            {
                return names;
            }
        }

        throw new InvalidOperationException("The directory has no end.");
    }

    private void Vector(uint address, uint length)
    {
        Memory.Write32(Vectors, address);
        Memory.Write32(Vectors + 4, length);
    }

    private GuestPath Put(uint address, byte[] path)
    {
        path.CopyTo(Memory.Window(address, (uint)path.Length));
        return new GuestPath(address, (uint)path.Length);
    }
}
