using System.Security.Cryptography;
using System.Text;
using Larder.Cache.Fingerprints;
using Larder.Handlers.Compilation;
using Larder.Handlers.Contract;

namespace Larder.Tests.Handlers.Compilation;

public sealed class HandlerArtifactTests
{
    private const string Source = "// \u00e9\nreturn 1;\n";

    // A file of version 1, made by another program after docs/FORMATS.md: engine 01 01.., tag "t", key 07 07..
    private const string Fixture =
        "TFJEUlFKU0MBAAMA3wAAAAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBCtPLnIQ03rKeRNj+UjEeUTv0xEIDtUm7261zaVQtUm4vCp"
        + "ioGzAg0VwPvqVMTnqPYPCqfT35QQNmPw5YeqYZvwgAAAAHAAAAEAAAAAAAAAAUAQIDBAUGBwMkAgwFSQEvLyDDqQpyZXR1cm4gMTsK3zk42/SB"
        + "55KsEQMSobepWUEBT/qqUFJ6/wp1MDTp9LfgbxqTAn2oATsRsjpdKRoI951JLwarTj0canGiTwHzDw==";

    private static readonly byte[] Bytecode = [20, 1, 2, 3, 4, 5, 6, 7];
    private static readonly byte[] Key = [.. Enumerable.Repeat((byte)7, 32)];
    private static readonly Fingerprint Digest = Fingerprint.OfContent(Encoding.UTF8.GetBytes(Source));

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void What_is_written_is_read_back(bool keyed, bool keepsText)
    {
        var build = Build(key: keyed ? Key : null, keepsText: keepsText);

        var handler = Good(build, Write(build, keepsText));

        Assert.Equal(Bytecode, handler.Bytecode.ToArray());
        Assert.Equal(Digest, handler.SourceDigest);
        Assert.Equal(keepsText ? Source : null, handler.Source);
        Assert.Equal(new SourceLocation(1, 5), handler.Map.FromEngine(2, 6));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_truncation_is_found(bool keyed)
    {
        var build = Build(key: keyed ? Key : null);
        var file = Write(build);

        for (var length = 0; length < file.Length; length++)
        {
            Assert.Equal(ArtifactFault.Truncated, Read(build, file[..length]));
        }

        Assert.Equal(ArtifactFault.Damaged, Read(build, [.. file, 0]));
        Assert.Equal(ArtifactFault.NotAnArtifact, Read(build, Encoding.UTF8.GetBytes(Source)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_flipped_bit_is_found(bool keyed)
    {
        var build = Build(key: keyed ? Key : null);
        var file = Write(build);

        for (var position = 0; position < file.Length; position++)
        {
            for (var bit = 1; bit < 256; bit <<= 1)
            {
                file[position] ^= (byte)bit;
                Assert.NotEqual(ArtifactFault.None, Read(build, file));
                file[position] ^= (byte)bit;
            }
        }

        Assert.Equal(ArtifactFault.None, Read(build, file));
    }

    [Fact]
    public void Files_of_others_are_refused_with_the_reason()
    {
        var build = Build();
        var file = Write(build);

        Assert.Equal(ArtifactFault.ForeignEngine, Read(Build(engine: new string('2', 64)), file));
        Assert.Equal(ArtifactFault.ForeignOptions, Read(Build(tag: "other"), file));
        Assert.Equal(ArtifactFault.ForeignOptions, Read(Build(keepsText: false), file));
        Assert.Equal(ArtifactFault.ForeignSource, HandlerArtifact.Read(file, build, Fingerprint.OfContent([1]), out _));
        Assert.Equal(ArtifactFault.UnknownVersion, Read(build, Patch(file, 8, 2)));
    }

    [Fact]
    public void With_a_key_only_files_of_that_key_are_taken()
    {
        var keyed = Build(key: Key);
        var other = Build(key: [.. Key.Select(value => (byte)(value + 1))]);
        var plain = Build();

        Assert.Equal(ArtifactFault.NotAuthentic, Read(keyed, Write(plain)));
        Assert.Equal(ArtifactFault.NotAuthentic, Read(keyed, Write(other)));
        Assert.Equal(ArtifactFault.None, Read(keyed, Write(keyed)));

        // Whoever has no key cannot ask for proof, and says so in the name under which handlers are kept.
        Assert.Equal(ArtifactFault.None, Read(plain, Write(keyed)));
        Assert.Equal(3, new[] { keyed, other, plain }.Select(build => build.RecipeOf(HandlerCompiler.Kind, Digest).Fingerprint).Distinct().Count());
    }

    [Fact]
    public void Changed_bytes_with_a_right_checksum_do_not_pass_without_the_key()
    {
        var build = Build(key: Key);
        var file = Write(build);

        for (var position = 0; position < file.Length - 32; position++)
        {
            var forged = Patch(file, position, (byte)(file[position] ^ 1));
            SHA256.HashData(forged.AsSpan(..^32), forged.AsSpan(^32..));
            Assert.NotEqual(ArtifactFault.None, Read(build, forged));
        }
    }

    [Fact]
    public void Lengths_that_contradict_each_other_are_damage_also_under_a_right_checksum()
    {
        var build = Build();
        var file = Write(build);

        foreach (var position in new[] { 10, 11, 12, 112, 115, 116, 119, 120, 123, 124, 127 })
        {
            foreach (var value in new byte[] { 0x7F, 0x80, 0xFF })
            {
                var forged = Patch(file, position, value);
                SHA256.HashData(forged.AsSpan(..^32), forged.AsSpan(^32..));
                Assert.NotEqual(ArtifactFault.None, Read(build, forged));
            }
        }
    }

    [Fact]
    public void Version_1_is_read_for_ever()
    {
        var build = Build(key: Key);

        Assert.Equal(Fixture, Convert.ToBase64String(Write(build)));
        Assert.Equal(Source, Good(build, Convert.FromBase64String(Fixture)).Source);
    }

    [Fact]
    public void A_stack_is_told_in_the_words_of_the_source()
    {
        var handler = Good(Build(), Write(Build()));

        var stack = handler.StackOf("    at f (handler.js:3:8)\n    at map (native)\n    at handler (handler.js:2:6)\n");

        Assert.Equal("    at f (handler.js:2:8)\n    at handler (handler.js:1:5)", stack.Text);
        Assert.Equal(new SourceLocation(2, 8), stack.Location);
        Assert.Null(handler.StackOf("at map (native)\nat f (handler.js:99999999999999:8)").Location);
    }

    private static HandlerBuild Build(string? engine = null, string tag = "t", byte[]? key = null, bool keepsText = true) =>
        new(engine ?? string.Concat(Enumerable.Repeat("01", 32)), tag, keepsText, key);

    private static byte[] Write(HandlerBuild build, bool keepsText = true) => HandlerArtifact.Write(
        build, Digest, Bytecode, SourceMap.Of(Source).Encode(), keepsText ? Encoding.UTF8.GetBytes(Source) : null);

    private static ArtifactFault Read(HandlerBuild build, byte[] file) => HandlerArtifact.Read(file, build, Digest, out _);

    private static CompiledHandler Good(HandlerBuild build, byte[] file)
    {
        Assert.Equal(ArtifactFault.None, HandlerArtifact.Read(file, build, Digest, out var handler));
        return handler!;
    }

    private static byte[] Patch(byte[] file, int position, byte value)
    {
        var copy = file.ToArray();
        copy[position] = value;
        return copy;
    }
}
