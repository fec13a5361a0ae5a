using System.Diagnostics;
using System.Globalization;
using System.Text;
using Larder.Oci;
using Larder.Oci.Archives;
using Larder.Oci.Indexes;
using Larder.Tests.Oci.Compression;
using Larder.Tests.Oci.Support;

namespace Larder.Tests.Oci.Archives;

public sealed class TarReaderTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(511)]
    [InlineData(512)]
    [InlineData(513)]
    [InlineData(100_000)]
    public void Pieces_of_any_size_give_the_same_entries(int piece)
    {
        foreach (var archive in OddLayers.All)
        {
            Assert.Equal(Describe(archive, archive.Length), Describe(archive, piece));
        }
    }

    [Fact]
    public void Types_modes_owners_times_and_devices_are_read()
    {
        var entries = Read(OddLayers.All[0]).ToDictionary(static entry => entry.Name, static entry => entry.Fixed);

        Assert.Equal(LayerEntryType.Directory, entries["./"].Type);
        Assert.Equal((ushort)0x9ED, entries["bin/su"].Mode);
        Assert.Equal((LayerEntryType.CharacterDevice, 511u, 1_048_575u), (entries["dev/large"].Type, entries["dev/large"].DeviceMajor, entries["dev/large"].DeviceMinor));
        Assert.Equal(LayerEntryType.BlockDevice, entries["dev/loop7"].Type);
        Assert.Equal(LayerEntryType.Fifo, entries["dev/pipe"].Type);
        Assert.Equal((3_000_000_000, 4_000_000_001), (entries["ids-pax"].UserId, entries["ids-pax"].GroupId));
        Assert.Equal((3_000_000_002, 2_500_000_003), (entries["ids-gnu"].UserId, entries["ids-gnu"].GroupId));
        Assert.Equal((1_600_000_000, 123_456_789u), (entries["time-ns"].ModifiedSeconds, entries["time-ns"].ModifiedNanoseconds));
        Assert.Equal((-86_400, 500_000_000u), (entries["time-1969"].ModifiedSeconds, entries["time-1969"].ModifiedNanoseconds));
        Assert.Equal(-1_000_000_000, entries["time-old"].ModifiedSeconds);
        Assert.Equal(-1_000, entries["time-gnu-old"].ModifiedSeconds);
    }

    [Fact]
    public void Extended_attributes_hold_any_bytes()
    {
        var entries = Read(OddLayers.All[0]).ToDictionary(static entry => entry.Name);

        var xattrs = entries["xattrs"].Xattrs.ToDictionary(static xattr => Encoding.UTF8.GetString(xattr.Name), static xattr => xattr.Value);
        Assert.Equal("value"u8.ToArray(), xattrs["user.text"]);
        Assert.Equal([0, 1, 0xFF, (byte)'\n', (byte)'=', 0], xattrs["user.binary"]);
        Assert.Equal(1000, xattrs["user.long"].Length);
        Assert.Equal(20, entries["bin/ping"].Xattrs.Single().Value.Length);
        Assert.Empty(entries["bin/su"].Xattrs);
    }

    [Fact]
    public void Names_of_every_dialect_are_the_bytes_that_were_written()
    {
        var deep = string.Concat(Enumerable.Range(0, 12).Select(static i => $"directory-{i:D2}/"));
        var names = Read(OddLayers.All[1]).Select(static entry => entry.Name).ToHashSet();

        foreach (var name in (string[])
            [$"names/{deep}pax", $"names/{deep}gnu", $"names/{deep[..110]}/ustar", $"names/{new string('n', 255)}",
             $"names/{new string('g', 255)}", "names/caf\u00E9-\u00FF\u00FE", "names/gnu-\u0080\u00C0", "names/new\nline", "names/v7", "sparse/v10"])
        {
            Assert.Contains(name, names);
        }
    }

    [Fact]
    public void Global_records_hold_until_an_entry_says_otherwise()
    {
        var archive = new TarBuilder()
            .Global(("uid", "77"u8.ToArray()), ("SCHILY.xattr.user.all", "g"u8.ToArray()))
            .File("first", "1")
            .Add(TarMember.Of("second") with { PaxRecords = [("uid", "78"u8.ToArray()), ("SCHILY.xattr.user.all", [])] })
            .File("third", "3")
            .ToArray();

        var entries = Read(archive);

        Assert.Equal([77u, 78u, 77u], entries.Select(static entry => entry.Fixed.UserId));
        Assert.Equal([1, 0, 1], entries.Select(static entry => entry.Xattrs.Length));
    }

    [Theory]
    [InlineData("gnu")]
    [InlineData("oldgnu")]
    [InlineData("pax")]
    [InlineData("posix --sparse")]
    [InlineData("gnu --sparse")]
    [InlineData("oldgnu --sparse")]
    [InlineData("pax --sparse --sparse-version=0.0")]
    [InlineData("pax --sparse --sparse-version=0.1")]
    [InlineData("pax --sparse --sparse-version=1.0")]
    public void What_GNU_tar_writes_is_what_was_in_the_directory(string format)
    {
        using var folder = new TestFolder();
        var root = Directory.CreateDirectory(folder["root"]).FullName;
        var files = new Dictionary<string, byte[]>
        {
            ["empty"] = [],
            ["small"] = InflaterTests.Random(1, 777),
            ["large"] = InflaterTests.Random(2, 300_000),
            [new string('l', 200)] = InflaterTests.Random(3, 5),
            ["sparse-end"] = [.. new byte[1_000_000], .. InflaterTests.Random(4, 3_000)],
            ["sparse-many"] = [.. Enumerable.Range(0, 60).SelectMany(static i => (byte[])[.. InflaterTests.Random(i, 4_096), .. new byte[65_536]])],
            ["hole"] = new byte[500_000],
        };
        foreach (var (name, content) in files)
        {
            WriteWithHoles(Path.Combine(root, name), content);
        }

        File.CreateSymbolicLink(Path.Combine(root, "link"), new string('t', 150));
        Run("/usr/bin/tar", $"--format={format} -cf {folder["archive.tar"]} -C {root} .");

        var entries = Read(File.ReadAllBytes(folder["archive.tar"])).ToDictionary(static entry => entry.Name);

        foreach (var (name, content) in files)
        {
            Assert.True(content.AsSpan().SequenceEqual(entries[$"./{name}"].Content), $"{name} differs.");
        }

        Assert.Equal(new string('t', 150), entries["./link"].Target);
        Assert.Equal(files.Count + 2, entries.Count);
    }

    [Fact]
    public void What_follows_the_end_does_not_matter()
    {
        var archive = new TarBuilder().File("a", "1").ToArray();

        Assert.Single(Read([.. archive, .. InflaterTests.Random(5, 10_000)]));
        Assert.Single(Read(archive[..1024]));
        Assert.Single(Read(archive[..1536]));
        Assert.Empty(Read([]));
        Assert.Empty(Read(new byte[10_240]));
        Assert.Throws<InvalidDataException>(() => Read([.. archive[..1536], .. archive]));
    }

    [Fact]
    public void An_archive_that_is_cut_short_is_refused()
    {
        var archive = new TarBuilder().Add(TarMember.Of(new string('n', 200)) with { Content = new byte[2_000] }).ToArray();

        // Behind the data only padding and the end are missing, which some writers leave out.
        var dataEnd = (3 * 512) + 2_000;
        for (var length = 1; length < dataEnd; length++)
        {
            Assert.Throws<InvalidDataException>(() => Read(archive[..length]));
        }

        Assert.Single(Read(archive[..dataEnd]));
    }

    [Fact]
    public void Sums_of_signed_bytes_are_taken_and_wrong_ones_refused()
    {
        var archive = new TarBuilder().Add(TarMember.Of("x") with { Name = [0xE9, 0xFF], Dialect = TarDialect.Gnu }).ToArray();
        var header = archive.AsSpan(0, 512);
        var signed = 0;
        for (var i = 0; i < 512; i++)
        {
            signed += i is >= 148 and < 156 ? ' ' : (sbyte)header[i];
        }

        Encoding.ASCII.GetBytes(Convert.ToString(signed, 8).PadLeft(6, '0') + "\0 ").CopyTo(header[148..]);
        Assert.Single(Read(archive));
        archive[10] ^= 1;
        Assert.Throws<InvalidDataException>(() => Read(archive));
    }

    [Fact]
    public void Limits_are_kept()
    {
        var limits = new TarLimits { MaxEntries = 10, MaxHeaderBytes = 4_096, MaxPathBytes = 300, MaxXattrBytes = 1_000, MaxSparsePieces = 5 };
        var many = new TarBuilder();
        for (var i = 0; i < 30; i++)
        {
            many.File($"f{i}", string.Empty);
        }

        AssertLimited(many.ToArray());
        AssertLimited(new TarBuilder().Add(TarMember.Of("a") with { PaxRecords = [("comment", new byte[5_000])] }).ToArray());
        AssertLimited(new TarBuilder().Add(TarMember.Of(new string('p', 301))).ToArray());
        AssertLimited(new TarBuilder().Add(TarMember.Of("a") with { Xattrs = [("user.a", new byte[600]), ("user.b", new byte[600])] }).ToArray());
        var pieces = Enumerable.Range(0, 6).Select(static i => (i * 1000L, new byte[] { 1 })).ToArray();
        foreach (var minor in (int[])[0, 1, 10])
        {
            AssertLimited(new TarBuilder().Sparse(TarMember.Of("s"), minor, 10_000, pieces).ToArray());
        }

        void AssertLimited(byte[] archive) =>
            Assert.Equal(OciErrorKind.LimitExceeded, Assert.Throws<OciException>(() => Read(archive, limits: limits)).Kind);
    }

    [Theory]
    [InlineData("12 path=x\n")]
    [InlineData("9 path=x")]
    [InlineData("99999 path=x\n")]
    [InlineData("7 =xyz\n")]
    [InlineData("path=x\n")]
    [InlineData("11 uid=abc\n")]
    [InlineData("12 mtime=1.x\n")]
    [InlineData("32 GNU.sparse.map=0,1,2000,1,7\n\n")]
    public void Malformed_records_are_refused(string records)
    {
        var archive = new TarBuilder()
            .Add(TarMember.Of("PaxHeaders/x", 'x') with { Content = Encoding.UTF8.GetBytes(records) })
            .File("x", "1")
            .ToArray();

        Assert.Throws<InvalidDataException>(() => Read(archive));
    }

    [Fact]
    public void Pieces_that_overlap_or_lie_outside_are_refused()
    {
        Assert.Throws<InvalidDataException>(() => Read(new TarBuilder().Sparse(TarMember.Of("s"), 1, 100, (0, [1, 2]), (1, [3])).ToArray()));
        Assert.Throws<InvalidDataException>(() => Read(new TarBuilder().Sparse(TarMember.Of("s"), 10, 100, (99, [1, 2])).ToArray()));
    }

    [Fact]
    public void Damage_of_any_kind_ends_in_one_of_two_exceptions()
    {
        const int Seed = 4_711;
        var random = new Random(Seed);
        for (var round = 0; round < 6_000; round++)
        {
            var archive = OddLayers.All[random.Next(5)].ToArray();
            for (var changes = random.Next(1, 6); changes > 0; changes--)
            {
                // Changes in headers whose sums are then made right again reach further.
                var block = random.Next(Math.Min(archive.Length / 512, 150)) * 512;
                archive[block + random.Next(512)] = (byte)random.Next(256);
                if (random.Next(3) > 0)
                {
                    Resum(archive.AsSpan(block, 512));
                }
            }

            try
            {
                Read(random.Next(4) == 0 ? archive[..random.Next(archive.Length)] : archive, random.Next(1, 5_000));
            }
            catch (Exception exception) when (exception is InvalidDataException or OciException)
            {
                // Both are what the importer turns into a clear refusal.
            }
            catch (Exception exception)
            {
                Assert.Fail($"Round {round}, seed {Seed}: {exception}");
            }
        }
    }

    [Theory]
    [InlineData("0000644\0", 420)]
    [InlineData("    644 ", 420)]
    [InlineData("\0\0\0\0\0\0\0\0", 0)]
    [InlineData("777777777777", 68_719_476_735)]
    public void Octal_numbers_are_padded_in_many_ways(string field, long expected)
    {
        Assert.True(TarNumber.TryRead(Encoding.Latin1.GetBytes(field), out var value));
        Assert.Equal(expected, value);
    }

    [Theory]
    [InlineData("1.5", 1, 500_000_000)]
    [InlineData("-1.5", -2, 500_000_000)]
    [InlineData("-0.25", -1, 750_000_000)]
    [InlineData("7", 7, 0)]
    [InlineData("1.0000000019", 1, 1)]
    [InlineData("-3", -3, 0)]
    public void Times_are_rounded_down(string text, long seconds, uint nanoseconds)
    {
        Assert.True(TarNumber.TryReadTime(Encoding.ASCII.GetBytes(text), out var readSeconds, out var readNanoseconds));
        Assert.Equal((seconds, nanoseconds), (readSeconds, readNanoseconds));
    }

    private static void Resum(Span<byte> header)
    {
        header.Slice(148, 8).Fill((byte)' ');
        var sum = 0;
        foreach (var value in header)
        {
            sum += value;
        }

        Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(header[148..]);
    }

    private static List<ReadEntry> Read(byte[] archive, int piece = 10_000, TarLimits? limits = null)
    {
        var reader = new TarReader(limits ?? new TarLimits());
        List<ReadEntry> entries = [];
        var stored = new MemoryStream();
        for (var offset = 0; offset < archive.Length; offset += piece)
        {
            ReadOnlyMemory<byte> input = archive.AsMemory(offset, Math.Min(piece, archive.Length - offset));
            TarToken token;
            while ((token = reader.Read(ref input, out var data)) != TarToken.NeedsInput)
            {
                if (token == TarToken.Entry)
                {
                    stored.SetLength(0);
                    entries.Add(ReadEntry.Of(reader.Entry));
                }
                else if (token == TarToken.Data)
                {
                    stored.Write(data.Span);
                }
                else
                {
                    entries[^1].Fill(stored.ToArray());
                }
            }

            Assert.True(input.IsEmpty);
        }

        reader.Complete();
        return entries;
    }

    private static string Describe(byte[] archive, int piece) => string.Join('\n', Read(archive, piece).Select(static entry =>
        $"{entry.Name}|{entry.Target}|{entry.Fixed}|{entry.Xattrs.Length}|{Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(entry.Content))}"));

    private static void WriteWithHoles(string path, byte[] content)
    {
        using var file = File.Create(path);
        file.SetLength(content.Length);
        for (var offset = 0; offset < content.Length; offset += 4_096)
        {
            var block = content.AsSpan(offset, Math.Min(4_096, content.Length - offset));
            if (block.ContainsAnyExcept((byte)0))
            {
                file.Position = offset;
                file.Write(block);
            }
        }
    }

    private static void Run(string program, string arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }

    private sealed class ReadEntry
    {
        private long _dataOffset;

        public required string Name { get; init; }

        public required string Target { get; init; }

        public required LayerEntry Fixed { get; init; }

        public required LayerXattr[] Xattrs { get; init; }

        public required SparsePiece[]? Pieces { get; init; }

        public byte[] Content { get; private set; } = [];

        public static ReadEntry Of(TarEntry entry) => new()
        {
            Name = NameOf(entry.Path),
            Target = NameOf(entry.LinkTarget),
            Fixed = entry.Fixed,
            Xattrs = [.. entry.Xattrs],
            Pieces = entry.IsSparse ? [.. entry.Pieces] : null,
            _dataOffset = entry.DataOffset,
        };

        // What the index would make of it.
        public void Fill(byte[] stored)
        {
            Assert.True(_dataOffset % 512 == 0, string.Create(CultureInfo.InvariantCulture, $"{Name} begins at {_dataOffset}."));
            if (Pieces is null)
            {
                Content = stored;
                return;
            }

            Content = new byte[Fixed.Size < 50_000_000 ? Fixed.Size : 0];
            var done = 0;
            foreach (var piece in Pieces)
            {
                if (Content.Length > 0)
                {
                    stored.AsSpan(done, (int)piece.Length).CopyTo(Content.AsSpan((int)piece.Offset));
                }

                done += (int)piece.Length;
            }
        }

        private static string NameOf(ReadOnlySpan<byte> bytes)
        {
            var text = new UTF8Encoding(false, throwOnInvalidBytes: true);
            try
            {
                return text.GetString(bytes);
            }
            catch (DecoderFallbackException)
            {
                return Encoding.Latin1.GetString(bytes);
            }
        }
    }
}
