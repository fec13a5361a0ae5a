using System.Text;

namespace Larder.Tests.Oci.Support;

/// <summary>
/// An image of five layers with every oddity that layers are allowed to have. Umoci unpacks it without complaint, so what
/// a mount shows can be compared with that.
/// </summary>
public static class OddLayers
{
    private const int SetUserId = 0x9ED;
    private const int SetGroupId = 0x5ED;
    private const int Sticky = 0x3FF;

    // cap_net_raw=ep, revision 2.
    private static readonly byte[] NetRaw = [1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    /// <summary>The uncompressed layers, lowest first.</summary>
    public static IReadOnlyList<byte[]> All { get; } = [Base(), Names(), Links(), Changes(), Returns()];

    // Directories, types, modes, ids, times, extended attributes.
    private static byte[] Base() => new TarBuilder()
        .Directory("./")
        .Directory("./bin/")
        .Directory("usr/")
        .Directory("usr/lib/")
        .File("usr/lib/libc.so", "library", 0x1ED)
        .Symlink("lib", "usr/lib")
        .Symlink("absolute", "/usr/lib")
        .Directory("tmp/", Sticky)
        .File("bin/su", "set user id", SetUserId)
        .File("bin/wall", "set group id", SetGroupId)
        .Directory("var/mail/", SetGroupId)
        .Add(TarMember.Of("bin/ping") with { Mode = 0x1ED, Content = "capable"u8.ToArray(), Xattrs = [("security.capability", NetRaw)] })
        .Add(TarMember.Of("bin/arping") with { Mode = 0x1ED, Content = "capable"u8.ToArray(), Xattrs = [("security.capability", NetRaw)] })
        .Add(TarMember.Of("xattrs") with
        {
            Xattrs = [("user.text", "value"u8.ToArray()), ("user.binary", [0, 1, 0xFF, (byte)'\n', (byte)'=', 0]), ("user.long", Repeat('x', 1000))],
        })
        .Add(TarMember.Of("xattr-dir", '5') with { Xattrs = [("user.dir", "d"u8.ToArray()), ("trusted.dir", "t"u8.ToArray())] })
        .CharacterDevice("dev/null", 1, 3)
        .CharacterDevice("dev/large", 511, 1_048_575)
        .BlockDevice("dev/loop7", 7, 7)
        .Fifo("dev/pipe")
        .Add(TarMember.Of("ids-pax") with { Uid = 3_000_000_000, Gid = 4_000_000_001 })
        .Add(TarMember.Of("ids-gnu") with { Uid = 3_000_000_002, Gid = 2_500_000_003, Dialect = TarDialect.Gnu })
        .Add(TarMember.Of("names-only") with { Uid = 12, Gid = 34, UserName = "nobody-here", GroupName = "no-group" })
        .Add(TarMember.Of("time-ns") with { Seconds = 1_600_000_000, Nanoseconds = 123_456_789 })
        .Add(TarMember.Of("time-1969") with { Seconds = -86_400, Nanoseconds = 500_000_000 })
        .Add(TarMember.Of("time-old") with { Seconds = -1_000_000_000 })
        .Add(TarMember.Of("time-gnu-old") with { Seconds = -1_000, Dialect = TarDialect.Gnu })
        .Add(TarMember.Of("time-zero") with { Seconds = 0 })
        .Add(TarMember.Of("time-2100") with { Seconds = 4_102_444_800 })
        .File("empty", string.Empty)
        .File("large", [.. Enumerable.Range(0, 300_000).Select(static i => (byte)((i * 7) ^ (i >> 9)))])
        .ToArray(padding: 512 * 17);

    // Names in every dialect; sparse files; parents that no entry makes.
    private static byte[] Names()
    {
        var deep = string.Concat(Enumerable.Range(0, 12).Select(static i => $"directory-{i:D2}/"));
        var old = TarMember.Of("names/v7") with { Dialect = TarDialect.V7, Content = "v7"u8.ToArray(), Type = '\0' };
        return new TarBuilder()
            .Directory("names/")
            .Add(TarMember.Of($"names/{deep}pax") with { Content = "pax"u8.ToArray() })
            .Add(TarMember.Of($"names/{deep}gnu") with { Content = "gnu"u8.ToArray(), Dialect = TarDialect.Gnu })
            .Add(TarMember.Of($"names/{deep[..110]}/ustar") with { Content = "ustar"u8.ToArray(), Dialect = TarDialect.Ustar })
            .Add(TarMember.Of($"names/{new string('n', 255)}"))
            .Add(TarMember.Of($"names/{new string('g', 255)}") with { Dialect = TarDialect.Gnu })
            .Add(TarMember.Of("names/latin") with { Name = [.. "names/caf"u8, 0xE9, .. "-"u8, 0xFF, 0xFE] })
            .Add(TarMember.Of("names/gnu-latin") with { Name = [.. "names/gnu-"u8, 0x80, 0xC0], Dialect = TarDialect.Gnu })
            .File("names/größe-日本語", "utf-8")
            .File("names/with space and\ttab", "blank")
            .File("names/new\nline", "line")
            .File("names/back\\slash\"quote", "quote")
            .Add(old)
            .Symlink("names/long-target", new string('t', 300))
            .Add(TarMember.Of("names/long-target-gnu", '2') with { LinkTarget = Repeat('u', 300), Dialect = TarDialect.Gnu })
            .Add(TarMember.Of("names/latin-target", '2') with { LinkTarget = [.. "caf"u8, 0xE9], Dialect = TarDialect.Gnu })
            .File("implicit/parents/of/file", "nobody made my parents")
            .Sparse(TarMember.Of("sparse/v00"), 0, 1_000_000, (0, Repeat('a', 512)), (500_000, Repeat('b', 1000)))
            .Sparse(TarMember.Of("sparse/v01"), 1, 2_000_000, (4096, Repeat('c', 700)), (1_999_000, Repeat('d', 1000)))
            .Sparse(TarMember.Of("sparse/v10"), 10, 3_000_000, (0, Repeat('e', 10)), (1_048_576, Repeat('f', 5000)), (2_999_999, Repeat('g', 1)))
            .Sparse(TarMember.Of("sparse/empty"), 10, 65_536, (65_536, []))
            .Add(TarMember.Of("LiBrArY") with { Content = "case matters"u8.ToArray() })
            .File("library", "case matters")
            .ToArray();
    }

    // Hard links of every kind, entries through a lower symlink, duplicates.
    private static byte[] Links() => new TarBuilder()
        .File("lib/through-symlink", "lands in usr/lib")
        .File("absolute/through-absolute", "lands in usr/lib too")
        .File("links/first", "one inode")
        .HardLink("links/second", "links/first")
        .HardLink("links/third", "./links/second")
        .HardLink("links/lower", "bin/su")
        .HardLink("links/lower-again", "/bin/su")
        .Symlink("links/symlink", "first")
        .HardLink("links/symlink-hard", "links/symlink")
        .HardLink("links/large", "large")
        .File("links/replaced", "before")
        .HardLink("links/keeps-before", "links/replaced")
        .File("links/replaced", "after")
        .HardLink("links/sees-after", "links/replaced")
        .File("duplicate", "first version")
        .File("duplicate", "second version, longer", 0x180)
        .Directory("duplicate-dir/", 0x1C0)
        .File("duplicate-dir/kept", "kept")
        .Directory("duplicate-dir/", 0x1ED)
        .Fifo("links/fifo")
        .HardLink("links/fifo-hard", "links/fifo")
        .File("opaque-after/lower", "hidden later")
        .File("opaque-before/lower", "hidden later")
        .File("opaque-nested/a/b/lower", "hidden later")
        .File("gone/file", "whiteout")
        .File("gone-dir/a/b", "whiteout")
        .File("swap/dir-to-file/inner", "inner")
        .File("swap/file-to-dir", "file")
        .Symlink("swap/symlink-to-dir", "../usr")
        .File("swap/file-to-symlink", "file")
        .Symlink("swap/symlink-to-file", "../usr/lib/libc.so")
        .File("merge/lower", "lower", 0x180)
        .File("back/file", "first life")
        .File("both/early", "lower")
        .File("both/late", "lower")
        .ToArray(padding: 512 * 3);

    // Whiteouts in every form and order, opaque directories, changes of type.
    private static byte[] Changes() => new TarBuilder()
        .Whiteout("gone/file")
        .Whiteout("gone-dir")
        .Whiteout("never/there")
        .File("opaque-after/upper", "stays")
        .Opaque("opaque-after")
        .Opaque("opaque-before/")
        .File("opaque-before/upper", "stays")
        .Directory("opaque-nested/")
        .Directory("opaque-nested/a/")
        .Opaque("opaque-nested/a")
        .File("opaque-nested/a/new", "new")
        .Whiteout("both/early")
        .File("both/early", "upper, after its whiteout")
        .File("both/late", "upper, before its whiteout")
        .Whiteout("both/late")
        .File("swap/dir-to-file", "now a file")
        .Directory("swap/file-to-dir/")
        .File("swap/file-to-dir/inner", "inner")
        .Add(TarMember.Of("swap/symlink-to-dir", '5') with { Mode = 0x1C0 })
        .File("swap/symlink-to-dir/inner", "not in usr")
        .Symlink("swap/file-to-symlink", "dir-to-file")
        .File("swap/symlink-to-file", "a file of its own")
        .Add(TarMember.Of("merge", '5') with { Mode = 0x1C8, Uid = 5, Gid = 6, Seconds = 1_500_000_000 })
        .File("merge/upper", "upper")
        .Whiteout("back/file")
        .Whiteout("links/first")
        .File("bin/su", "rewritten", SetUserId)
        .Add(TarMember.Of("bin/ping") with { Mode = 0x1ED, Content = "no longer capable"u8.ToArray() })
        .Add(TarMember.Of("reset-me/.wh.nothing", '1') with { LinkTarget = "usr/lib/libc.so"u8.ToArray() })
        .ToArray();

    // What comes back after it was gone; an entry that only changes attributes.
    private static byte[] Returns() => new TarBuilder()
        .File("back/file", "second life")
        .File("gone-dir/c", "another life")
        .Add(TarMember.Of("xattr-dir", '5') with { Mode = 0x1C9 })
        .Add(TarMember.Of("tmp", '5') with { Mode = Sticky, Seconds = 1_650_000_000 })
        .HardLink("links/late", "links/keeps-before")
        .ToArray(zeroBlocks: 20);

    private static byte[] Repeat(char letter, int count) => Encoding.ASCII.GetBytes(new string(letter, count));
}
