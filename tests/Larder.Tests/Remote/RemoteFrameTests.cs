using System.Collections.Immutable;
using Larder.Cache.Artifacts;
using Larder.Cache.Remote;

namespace Larder.Tests.Remote;

public sealed class RemoteFrameTests
{
    private static readonly ArtifactKey Key = TestArtifacts.KeyOf("a");

    [Fact]
    public void A_header_comes_back_as_it_was()
    {
        var metadata = TestArtifacts.Describe(TestArtifacts.Payload(1_000));

        var header = RemoteFrame.Encode(Key, metadata);

        Assert.True(RemoteFrame.TryReadPrefix(header, out var length));
        Assert.Equal(header.Length, length);
        TestArtifacts.AssertSame(metadata, RemoteFrame.Decode(Key, header)!);
    }

    [Fact]
    public void Nothing_but_length_and_digest_is_enough_and_no_owner_is_not_an_empty_one()
    {
        var bare = new ArtifactMetadata { Length = 0, Digest = Larder.Cache.Fingerprints.Fingerprint.OfNothing };

        TestArtifacts.AssertSame(bare, RemoteFrame.Decode(Key, RemoteFrame.Encode(Key, bare))!);
        var empty = bare with { Owner = string.Empty };
        TestArtifacts.AssertSame(empty, RemoteFrame.Decode(Key, RemoteFrame.Encode(Key, empty))!);
    }

    [Fact]
    public void Every_flipped_bit_and_every_shorter_length_is_noticed()
    {
        var header = RemoteFrame.Encode(Key, TestArtifacts.Describe(TestArtifacts.Payload(10)));

        for (var i = 0; i < header.Length; i++)
        {
            for (var bit = 0; bit < 8; bit++)
            {
                header[i] ^= (byte)(1 << bit);
                Assert.Null(RemoteFrame.Decode(Key, header));
                header[i] ^= (byte)(1 << bit);
            }

            Assert.Null(RemoteFrame.Decode(Key, header.AsSpan(0, i)));
        }

        Assert.NotNull(RemoteFrame.Decode(Key, header));
    }

    [Fact]
    public void The_header_of_another_artifact_or_kind_is_refused()
    {
        var header = RemoteFrame.Encode(Key, TestArtifacts.Describe([]));

        Assert.Null(RemoteFrame.Decode(TestArtifacts.KeyOf("b"), header));
        Assert.Null(RemoteFrame.Decode(Key with { Kind = ArtifactKind.Parse("layer") }, header));
    }

    [Fact]
    public void Metadata_at_its_limits_fits()
    {
        var attributes = Enumerable.Range(0, ArtifactMetadata.MaxAttributes)
            .ToImmutableSortedDictionary(i => $"n{i:x}", _ => new string('v', (ArtifactMetadata.MaxAttributeBytes / ArtifactMetadata.MaxAttributes) - 2));
        var metadata = TestArtifacts.Describe([]) with
        {
            Attributes = attributes,
            Recipe = new byte[Larder.Cache.Fingerprints.Recipe.MaxEncodedBytes],
            Owner = new string('o', 256),
        };

        TestArtifacts.AssertSame(metadata, RemoteFrame.Decode(Key, RemoteFrame.Encode(Key, metadata))!);
    }
}
