using Larder.Cache.Fingerprints;
using Larder.Node.Protocols;

namespace Larder.Tests.Node;

public sealed class ActionResultReaderTests
{
    private static readonly byte[] File1 = [1];
    private static readonly byte[] File2 = [2, 2];

    [Fact]
    public void Every_reference_is_found()
    {
        var tree = ProtobufBytes.Tree(ProtobufBytes.DirectoryOf(File1));
        byte[] message = [
            .. ProtobufBytes.OutputFile("a", File1),
            .. ProtobufBytes.InlineFile("b", [3, 3, 3]),
            .. ProtobufBytes.OutputDirectory("d", tree),
            .. ProtobufBytes.Number(4, 1),
            .. ProtobufBytes.Field(5, "stdout inline"),
            .. ProtobufBytes.Field(8, ProtobufBytes.Digest(File2)),
            .. ProtobufBytes.Field(99, "from the future")];

        var found = Read(message);

        Assert.Equal(
            [
                new Reference(ReferenceKind.File, Fingerprint.OfContent(File1), 1),
                new Reference(ReferenceKind.Tree, Fingerprint.OfContent(tree), tree.Length),
                new Reference(ReferenceKind.File, Fingerprint.OfContent(File2), 2),
            ],
            found);
    }

    [Fact]
    public void A_tree_names_the_files_of_all_its_directories()
    {
        var found = new List<Reference>();

        Assert.True(ActionResultReader.TryReadTree(
            ProtobufBytes.Tree(ProtobufBytes.DirectoryOf(File1), ProtobufBytes.DirectoryOf(File2), ProtobufBytes.DirectoryOf()),
            static (list, reference) => list.Add(reference),
            found));

        Assert.Equal([Fingerprint.OfContent(File1), Fingerprint.OfContent(File2)], found.Select(static reference => reference.Hash));
    }

    [Fact]
    public void Nothing_is_a_result_without_outputs() => Assert.Empty(Read([])!);

    [Theory]
    [InlineData(new byte[] { 0x12 })] // A length that is missing.
    [InlineData(new byte[] { 0x12, 0x05, 0x00 })] // A length past the end.
    [InlineData(new byte[] { 0x12, 0x00 })] // A file without a digest.
    [InlineData(new byte[] { 0x00, 0x00 })] // Field number 0.
    [InlineData(new byte[] { 0x13 })] // A group.
    [InlineData(new byte[] { 0x17 })] // No such wire type.
    [InlineData(new byte[] { 0x20, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F })] // A number past 64 bits.
    [InlineData(new byte[] { 0x10, 0x05 })] // An output file that is a number.
    [InlineData(new byte[] { 0x32, 0x02, 0x0A, 0x00 })] // A digest whose hash is empty.
    public void A_malformed_message_is_refused(byte[] message) => Assert.Null(Read(message));

    [Fact]
    public void Every_truncation_is_refused_or_a_shorter_message()
    {
        byte[] message = [.. ProtobufBytes.OutputFile("path/to/a", File1), .. ProtobufBytes.Field(6, ProtobufBytes.Digest(File2))];
        var border = ProtobufBytes.OutputFile("path/to/a", File1).Length;

        for (var length = 0; length < message.Length; length++)
        {
            var found = Read(message[..length]);

            Assert.Equal(length == 0 || length == border, found is not null);
        }
    }

    [Fact]
    public void Random_bytes_end_in_an_answer()
    {
        var seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        byte[] template = [.. ProtobufBytes.OutputFile("a", File1), .. ProtobufBytes.OutputDirectory("d", File2)];

        for (var round = 0; round < 20_000; round++)
        {
            var bytes = (byte[])template.Clone();
            for (var change = random.Next(1, 8); change > 0; change--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            Read(bytes);
            ActionResultReader.TryReadTree(bytes, static (_, _) => { }, 0);
        }
    }

    private static List<Reference>? Read(byte[] message)
    {
        var found = new List<Reference>();
        return ActionResultReader.TryRead(message, static (list, reference) => list.Add(reference), found) ? found : null;
    }
}
