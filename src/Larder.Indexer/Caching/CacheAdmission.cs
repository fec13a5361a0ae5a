namespace Larder.Indexer.Caching;

/// <summary>
/// Decides whether keys of one kind are put into the cache: those that a block wrote before anybody read them, or those that were looked
/// up for the first time. That pays where they are read again, and costs a little where they never are; which it is, the cache sees
/// from what becomes of them. For one thread.
/// </summary>
/// <remarks>
/// Below the share of entries that must be read, one key in sixteen is put there, so that a change is seen. Keys that are known get their
/// new values in any case.
/// </remarks>
/// <param name="payingShare">Reads of one entry pay for so many.</param>
/// <param name="leastBlocks">So many blocks are looked at before anything is changed: what is read again may be some blocks away.</param>
/// <param name="sampleShift">Where the bits of the hash are that make the sample: neither bucket nor tag.</param>
internal sealed class CacheAdmission(int payingShare, int leastBlocks, int sampleShift)
{
    private const ulong SampleMask = 15;

    // So many entries are looked at before anything is changed, or as many fewer of a sample.
    private const double LeastEntries = 32_768;

    // After a block the older figures count so much less.
    private const double Decay = 15.0 / 16;

    private double _put;
    private double _read;
    private long _putBefore;
    private long _readBefore;
    private int _blocks;

    /// <summary>Whether every key is put into the cache; else one in sixteen.</summary>
    internal bool TakesAll { get; private set; } = true;

    /// <summary>Whether a key that the cache does not know is put there.</summary>
    internal bool Wants(ulong hash) => TakesAll || ((hash >> sampleShift) & SampleMask) == 0;

    /// <summary>Takes the figures after a block.</summary>
    /// <param name="put">Entries of the kind that were put there, since the cache was made.</param>
    /// <param name="read">Those of them that were read.</param>
    internal void Learn(long put, long read)
    {
        _put = (_put * Decay) + Math.Max(0, put - _putBefore);
        _read = (_read * Decay) + Math.Max(0, read - _readBefore);
        (_putBefore, _readBefore) = (put, read);
        _blocks++;
        if (_blocks < leastBlocks || _put < (TakesAll ? LeastEntries : LeastEntries / (SampleMask + 1)))
        {
            return;
        }

        var pays = _read * payingShare >= _put;
        if (pays != TakesAll)
        {
            // What is known is of the other way of taking keys.
            (TakesAll, _put, _read, _blocks) = (pays, 0, 0, 0);
        }
    }
}
