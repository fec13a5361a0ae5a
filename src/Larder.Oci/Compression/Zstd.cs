using System.Runtime.InteropServices;

namespace Larder.Oci.Compression;

/// <summary>The part of libzstd's stable interface that is used here.</summary>
internal static unsafe partial class Zstd
{
    public const int ParameterWindowLogMax = 100;

    private const string Library = "libzstd.so.1";

    /// <summary>A buffer of either side, as <c>ZSTD_inBuffer</c> and <c>ZSTD_outBuffer</c> have it.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Span
    {
        public byte* Start;
        public nuint Length;
        public nuint Position;
    }

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport(Library, EntryPoint = "ZSTD_createDStream")]
    public static partial ZstdStreamHandle Create();

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport(Library, EntryPoint = "ZSTD_freeDStream")]
    public static partial nuint Free(nint stream);

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport(Library, EntryPoint = "ZSTD_DCtx_setParameter")]
    public static partial nuint SetParameter(ZstdStreamHandle stream, int parameter, int value);

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport(Library, EntryPoint = "ZSTD_decompressStream")]
    public static partial nuint Decompress(ZstdStreamHandle stream, Span* output, Span* input);

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport(Library, EntryPoint = "ZSTD_isError")]
    public static partial uint IsError(nuint code);

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport(Library, EntryPoint = "ZSTD_getErrorName")]
    public static partial nint ErrorName(nuint code);
}
