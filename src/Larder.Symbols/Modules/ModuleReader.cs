using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Security.Cryptography;
using Larder.Cache.Disk.Io;
using Larder.Symbols.Reading;
using Larder.Symbols.Tables;
using Larder.Wasm;
using Larder.Wasm.Modules;

namespace Larder.Symbols.Modules;

/// <summary>
/// Reads module files. A file is read into memory and never mapped: compilers write to files that others read, and a mapped
/// file that becomes shorter ends the process.
/// </summary>
internal static class ModuleReader
{
    /// <summary>Largest module, in bytes.</summary>
    public const long MaxModuleBytes = 1L << 30;

    /// <summary>What belongs to the recipe of a table: another reader that writes other bytes has another number.</summary>
    public const int ReaderVersion = 1;

    private static ReadOnlySpan<byte> WasmMagic => "\0asm"u8;

    /// <summary>What the file system says of a file; of its target when it is a link.</summary>
    /// <exception cref="SymbolsException">It is not there, or no file.</exception>
    public static FileStamp Stamp(string path)
    {
        var error = DiskIo.Default.Stat(path, out var stamp);
        if (error == Errno.None && !stamp.IsFile && !stamp.IsDirectory)
        {
            try
            {
                using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
                error = DiskIo.Default.Stat(file, out stamp);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new SymbolsException(SymbolsErrorKind.Unavailable, $"'{path}' cannot be read: {e.Message}", e);
            }
        }

        return error != Errno.None
            ? throw new SymbolsException(SymbolsErrorKind.Unavailable, $"There is no file '{path}'; check the path.")
            : stamp.IsFile ? stamp : throw new SymbolsException(SymbolsErrorKind.Unavailable, $"'{path}' is no file.");
    }

    /// <summary>Reads a file whole.</summary>
    /// <exception cref="SymbolsException">It is not there, cannot be read, or is too large.</exception>
    public static ModuleBytes ReadFile(string path)
    {
        try
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.SequentialScan);
            var length = RandomAccess.GetLength(file);
            if (length > MaxModuleBytes)
            {
                throw new SymbolsException(
                    SymbolsErrorKind.LimitExceeded, $"'{path}' has {length} bytes; modules may have {MaxModuleBytes}.");
            }

            var bytes = new ModuleBytes((int)length);
            try
            {
                var read = 0;
                while (read < bytes.Length)
                {
                    var got = RandomAccess.Read(file, bytes.Span[read..], read);
                    if (got == 0)
                    {
                        break;
                    }

                    read += got;
                }

                bytes.Length = read;
                return bytes;
            }
            catch
            {
                bytes.Dispose();
                throw;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw new SymbolsException(SymbolsErrorKind.Unavailable, $"'{path}' cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Reads the symbols of a module and gives their table.</summary>
    /// <param name="bytes">The module.</param>
    /// <param name="path">Its file, for messages.</param>
    /// <param name="digest">SHA-256 of the bytes.</param>
    /// <exception cref="SymbolsException">It is no module, damaged, or larger than what is taken; the message names the file.</exception>
    public static byte[] MakeTable(ModuleBytes bytes, string path, ReadOnlySpan<byte> digest)
    {
        try
        {
            return bytes.Span.StartsWith(WasmMagic) ? ReadWasm(bytes, path).Write(digest) : ReadAssembly(bytes, path).Write(digest);
        }
        catch (SymbolsException e) when (e.Kind == SymbolsErrorKind.LimitExceeded)
        {
            throw new SymbolsException(e.Kind, $"'{path}' is not taken: it has {e.Message}.", e);
        }
        catch (WasmException e)
        {
            throw new SymbolsException(
                e.Kind == WasmErrorKind.LimitExceeded ? SymbolsErrorKind.LimitExceeded : SymbolsErrorKind.Damaged,
                $"'{path}' is not a WebAssembly module that can be read: {e.Message}.",
                e);
        }
        catch (Exception e) when (e is BadImageFormatException or ArgumentException or InvalidOperationException or OverflowException
            or IndexOutOfRangeException or InvalidCastException or IOException)
        {
            // What the metadata reader throws for what it did not expect.
            throw new SymbolsException(SymbolsErrorKind.Damaged, $"'{path}' is damaged: {e.Message}", e);
        }
    }

    /// <summary>SHA-256 of a module.</summary>
    public static byte[] Digest(ModuleBytes bytes) => SHA256.HashData(bytes.Span);

    private static TableWriter ReadWasm(ModuleBytes bytes, string path)
    {
        using var memory = bytes.AsMemory();
        return WasmReader.Read(WasmModule.Decode(memory.Memory), Path.GetFileNameWithoutExtension(path));
    }

    private static unsafe TableWriter ReadAssembly(ModuleBytes bytes, string path)
    {
        if (bytes.Length < 64 || !bytes.Span.StartsWith("MZ"u8))
        {
            throw new SymbolsException(
                SymbolsErrorKind.NotAModule, $"'{path}' is neither a .NET assembly nor a WebAssembly module.");
        }

        using var pe = new PEReader(bytes.Address, bytes.Length);
        if (!pe.HasMetadata)
        {
            throw new SymbolsException(SymbolsErrorKind.NotAModule, $"'{path}' is a program without .NET metadata.");
        }

        return AssemblyReader.Read(pe.GetMetadataReader(MetadataReaderOptions.None));
    }
}
