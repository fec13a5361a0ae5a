using System.Buffers.Binary;

namespace Larder.Bench.Indexer;

/// <summary>
/// Blocks for <c>samples/indexer/ledger.ts</c>: a header and records of an account and an amount, drawn from so many accounts.
/// The same for the same arguments.
/// </summary>
internal static class LedgerBlocks
{
    public const int HeaderBytes = 80;
    public const int RecordBytes = 36;

    /// <summary>Writes the blocks that are not there yet and returns their paths.</summary>
    public static IReadOnlyList<string> Write(string directory, int blocks, int records, int accounts)
    {
        var folder = Path.Combine(directory, $"blocks-{records}-{accounts}");
        Directory.CreateDirectory(folder);
        var paths = new List<string>();
        for (var height = 0; height < blocks; height++)
        {
            var path = Path.Combine(folder, $"{height}.bin");
            if (!File.Exists(path))
            {
                File.WriteAllBytes(path + ".new", Make(height, records, accounts));
                File.Move(path + ".new", path);
            }

            paths.Add(path);
        }

        return paths;
    }

    /// <summary>The 20 bytes of an account.</summary>
    public static byte[] Account(int number)
    {
        var account = new byte[20];
        new Random(number).NextBytes(account);
        return account;
    }

    private static byte[] Make(int height, int records, int accounts)
    {
        var random = new Random(height);
        var block = new byte[HeaderBytes + (records * RecordBytes)];
        random.NextBytes(block.AsSpan(0, HeaderBytes));
        for (var at = HeaderBytes; at < block.Length; at += RecordBytes)
        {
            Account(random.Next(accounts)).CopyTo(block, at);
            BinaryPrimitives.WriteInt64LittleEndian(block.AsSpan(at + 20), random.NextInt64());
            random.NextBytes(block.AsSpan(at + 28, 8));
        }

        return block;
    }
}
