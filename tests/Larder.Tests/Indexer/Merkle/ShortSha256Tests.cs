using System.Security.Cryptography;
using Larder.Indexer.Merkle;

namespace Larder.Tests.Indexer.Merkle;

/// <summary>Our way to SHA-256 against .NET's own, at every length around the borders of blocks.</summary>
public sealed class ShortSha256Tests
{
    [Fact]
    public void Every_length_gives_what_the_library_gives()
    {
        var message = new byte[3000];
        new Random(1).NextBytes(message);
        var digest = new byte[32];
        for (var length = 0; length <= message.Length; length += length < 1100 ? 1 : 97)
        {
            ShortSha256.Hash(message.AsSpan(0, length), digest);

            Assert.Equal(SHA256.HashData(message.AsSpan(0, length)), digest);
        }
    }
}
