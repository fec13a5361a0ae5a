using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Larder.Symbols.Tables;

/// <summary>The first bytes of a table. See docs/FORMATS.md.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal struct TableHeader
{
    /// <summary>The version that this program reads and writes. Part of the recipe: other versions are other artifacts.</summary>
    public const uint CurrentVersion = 1;

    /// <summary><c>LRDRSYMS</c>.</summary>
    public const ulong CurrentMagic = 0x534D_5953_5244_524C;

    /// <summary>The checksum begins after itself.</summary>
    public const int CheckedFrom = 16;

    public ulong Magic;
    public uint Version;
    public uint Checksum;
    public ulong Length;
    public uint Symbols;
    public uint Names;
    public uint Slots;
    public uint Kind;
    public ModuleDigest Digest;
    public Guid Mvid;
    public uint ModuleName;
    public uint ModuleVersion;
    public uint Exports;
    public uint Flags;
    public TableSections Sections;

    /// <summary>SHA-256 of the module.</summary>
    [InlineArray(32)]
    public struct ModuleDigest
    {
        private byte _first;
    }

    /// <summary>Offset and length in bytes of every section, in the order of <see cref="TableSection"/>.</summary>
    [InlineArray(2 * TableWriter.SectionCount)]
    public struct TableSections
    {
        private uint _first;
    }
}
