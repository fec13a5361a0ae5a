using System.Text;
using Larder.Cache.Fingerprints;
using Larder.Oci.Indexes;

namespace Larder.Tests.Oci.Indexes;

/// <summary>Writes the index of a small layer in the words of a test. Text is Latin-1, so that any byte can be named.</summary>
internal sealed class LayerDraft
{
    private readonly LayerIndexBuilder _builder = new();

    public long Archive { get; private set; } = 1_024;

    public static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    public LayerDraft Directory(string path, ushort mode = 0b111_101_101, uint user = 0, long time = 1, params LayerXattr[] xattrs)
    {
        _builder.Add(
            new LayerEntry { Type = LayerEntryType.Directory, Mode = mode, UserId = user, ModifiedSeconds = time }, Bytes(path), xattrs: xattrs);
        return this;
    }

    public LayerDraft File(string path, string content = "", ushort mode = 0b110_100_100, long time = 1, params LayerXattr[] xattrs)
    {
        var bytes = Bytes(content);
        var entry = new LayerEntry { Type = LayerEntryType.File, Mode = mode, Size = bytes.Length, ModifiedSeconds = time };
        if (bytes.Length == 0)
        {
            _builder.Add(entry, Bytes(path), xattrs: xattrs);
            return this;
        }

        var number = _builder.AddObject(
            new LayerObject(Fingerprint.OfContent(bytes), bytes.Length, LayerObjectKind.File, Archive, bytes.Length));
        _builder.Add(entry, Bytes(path), extents: [new LayerExtent(0, bytes.Length, number, 0, Archive)], xattrs: xattrs);
        Archive += bytes.Length + 512;
        return this;
    }

    public LayerDraft Link(string path, string target) => Named(LayerEntryType.HardLink, path, target);

    public LayerDraft Symlink(string path, string target) => Named(LayerEntryType.Symlink, path, target);

    public LayerDraft Device(string path, uint major, uint minor)
    {
        _builder.Add(
            new LayerEntry { Type = LayerEntryType.CharacterDevice, Mode = 0b110_110_110, DeviceMajor = major, DeviceMinor = minor },
            Bytes(path));
        return this;
    }

    public LayerDraft Fifo(string path)
    {
        _builder.Add(new LayerEntry { Type = LayerEntryType.Fifo, Mode = 0b110_110_110 }, Bytes(path));
        return this;
    }

    public LayerDraft Add(in LayerEntry entry, string path, string target = "", params LayerExtent[] extents)
    {
        _builder.Add(entry, Bytes(path), Bytes(target), extents);
        return this;
    }

    public int Object(long length)
    {
        var number = _builder.AddObject(
            new LayerObject(Fingerprint.OfContent(BitConverter.GetBytes(Archive)), length, LayerObjectKind.Pack, Archive, length + 512));
        Archive += length + 1_024;
        return number;
    }

    public LayerIndex Build() => _builder.Build(Fingerprint.OfContent("layer"u8), Archive);

    private LayerDraft Named(LayerEntryType type, string path, string target)
    {
        _builder.Add(new LayerEntry { Type = type, Mode = 0x1FF, ModifiedSeconds = 1 }, Bytes(path), Bytes(target));
        return this;
    }
}
