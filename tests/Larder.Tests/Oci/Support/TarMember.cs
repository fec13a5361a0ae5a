using System.Text;

namespace Larder.Tests.Oci.Support;

/// <summary>One entry of a tar archive, with every field of its header.</summary>
public sealed record TarMember
{
    /// <summary>The path, in bytes, exactly as it is written.</summary>
    public required byte[] Name { get; init; }

    /// <summary>The type flag.</summary>
    public char Type { get; init; } = '0';

    /// <summary>What follows the header.</summary>
    public byte[] Content { get; init; } = [];

    /// <summary>Mode, 07777.</summary>
    public int Mode { get; init; } = 0x1A4;

    public long Uid { get; init; }

    public long Gid { get; init; }

    /// <summary>Whole seconds since 1970; may be negative.</summary>
    public long Seconds { get; init; } = 1_700_000_000;

    /// <summary>Nanoseconds to add to <see cref="Seconds"/>, 0 to 999,999,999.</summary>
    public int Nanoseconds { get; init; }

    /// <summary>Target of a symbolic or hard link.</summary>
    public byte[] LinkTarget { get; init; } = [];

    public uint DeviceMajor { get; init; }

    public uint DeviceMinor { get; init; }

    public string UserName { get; init; } = string.Empty;

    public string GroupName { get; init; } = string.Empty;

    /// <summary>Extended attributes, written as <c>SCHILY.xattr.NAME</c>.</summary>
    public IReadOnlyList<(string Name, byte[] Value)> Xattrs { get; init; } = [];

    /// <summary>Further records of the extended header, in this order, before those that follow from the other fields.</summary>
    public IReadOnlyList<(string Key, byte[] Value)> PaxRecords { get; init; } = [];

    public TarDialect Dialect { get; init; } = TarDialect.Pax;

    /// <summary>The size that the header says, when that is another than the content has.</summary>
    public long? SaidSize { get; init; }

    /// <summary>A member with a text as its name.</summary>
    public static TarMember Of(string name, char type = '0') => new()
    {
        Name = Encoding.UTF8.GetBytes(name),
        Type = type,
        Mode = type == '5' ? 0x1ED : type == '2' ? 0x1FF : 0x1A4,
    };
}
