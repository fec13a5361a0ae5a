namespace Larder.Indexer.Blocks;

/// <summary>Where a transaction is in its block: version, marker and flag if it has witnesses, inputs and outputs, witnesses, lock time.</summary>
/// <param name="Start">Offset of its first byte.</param>
/// <param name="Body">Offset of the number of its inputs.</param>
/// <param name="BodyEnd">Offset behind its outputs.</param>
/// <param name="End">Offset behind its last byte.</param>
internal readonly record struct TransactionExtent(int Start, int Body, int BodyEnd, int End)
{
    public const int VersionBytes = 4;

    public const int LockTimeBytes = 4;

    /// <summary>Whether there is a marker in front of the inputs.</summary>
    public bool HasWitness => Body - Start > VersionBytes;
}
