namespace Larder.Indexer.Caching;

/// <summary>
/// Decides whether what blocks write is put into the cache before anybody has read it. That pays where blocks soon read what others
/// wrote, and costs a little where they never do; which it is, the cache sees from what becomes of it. For one thread.
/// </summary>
/// <remarks>
/// An entry costs about a fifteenth of the read from the store that it may save: below that share of entries that are read, one key in
/// sixteen is put there, so that a change is seen. Keys that are known get their new values in any case.
/// </remarks>
internal sealed class WriteAdmission
{
    // One in so many keys, by bits of the hash that neither bucket nor tag is made of.
    private const ulong SampleMask = 15;
    private const int SampleShift = 24;

    // Reads of a sixteenth of the entries pay for all of them.
    private const int PayingShare = 16;

    // So many entries are looked at before anything is decided, or as many fewer of a sample.
    private const double LeastEntries = 65_536;

    // After a block the older figures count so much less.
    private const double Decay = 15.0 / 16;

    private double _written;
    private double _read;
    private long _writtenBefore;
    private long _readBefore;

    /// <summary>Whether every key that is written is put into the cache; else one in sixteen.</summary>
    internal bool TakesAll { get; private set; } = true;

    /// <summary>Whether a key that the cache does not know is put there.</summary>
    internal bool Wants(ulong hash) => TakesAll || ((hash >> SampleShift) & SampleMask) == 0;

    /// <summary>Takes the figures after a block.</summary>
    /// <param name="counters">Those of the main table, since it was made.</param>
    internal void Learn(in CacheCounters counters)
    {
        _written = (_written * Decay) + Math.Max(0, counters.Written - _writtenBefore);
        _read = (_read * Decay) + Math.Max(0, counters.WrittenReads - _readBefore);
        (_writtenBefore, _readBefore) = (counters.Written, counters.WrittenReads);
        if (_written < (TakesAll ? LeastEntries : LeastEntries / PayingShare))
        {
            return;
        }

        var pays = _read * PayingShare >= _written;
        if (pays != TakesAll)
        {
            // What is known is of the other way of taking keys.
            (TakesAll, _written, _read) = (pays, 0, 0);
        }
    }
}
