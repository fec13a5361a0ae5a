using Larder.Cache;
using Larder.Cache.Artifacts;

namespace Larder.Handlers.Compilation;

/// <summary>Takes whole artifacts out of the cache, which are small enough for that.</summary>
internal static class ArtifactBytes
{
    /// <summary>A copy of the payload, which outlives the lease.</summary>
    /// <exception cref="CacheException">The medium failed, or the bytes are damaged.</exception>
    public static byte[] Copy(ArtifactContent content)
    {
        var bytes = GC.AllocateUninitializedArray<byte>(checked((int)content.Length));
        for (var done = 0; done < bytes.Length;)
        {
            var read = content.Read(done, bytes.AsSpan(done));
            done += read > 0 ? read : throw new CacheException(CacheErrorKind.Damaged, "An artifact is shorter than its metadata says.");
        }

        return bytes;
    }
}
