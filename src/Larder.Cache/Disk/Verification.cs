using Larder.Cache.Disk.Io;

namespace Larder.Cache.Disk;

/// <summary>The proof that an open file held exactly the verified bytes.</summary>
/// <param name="Stamp">What the file system said of the file, before and after its bytes were checked.</param>
/// <param name="Timestamp">When, on the monotonic clock.</param>
/// <param name="Turn">Its place among lookups and verifications: it was begun after every one with a lower number.</param>
/// <param name="IsSettled">
/// Whether any later change must give another stamp. File times advance in steps: a change within the step in which
/// the stamp was taken would go unseen, so that such a proof holds for its taker only.
/// </param>
internal sealed record Verification(FileStamp Stamp, long Timestamp, long Turn, bool IsSettled);
