using System.Collections.Immutable;
using System.Security.Cryptography;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;

namespace Larder.Tests.Remote;

/// <summary>Artifacts for tests of the remote tier, with every field of their metadata set.</summary>
internal static class TestArtifacts
{
    public static readonly ArtifactKind Kind = ArtifactKind.Parse("handler");

    public static ArtifactKey KeyOf(string name) => new(Kind, Fingerprint.OfContent(System.Text.Encoding.UTF8.GetBytes(name)));

    public static byte[] Payload(int length, int seed = 1)
    {
        var payload = new byte[length];
        new Random(seed).NextBytes(payload);
        return payload;
    }

    public static ArtifactMetadata Describe(byte[] payload) => new()
    {
        Length = payload.Length,
        Digest = Fingerprint.OfContent(payload),
        CreatedAt = new DateTimeOffset(2026, 3, 4, 5, 6, 7, TimeSpan.Zero),
        Cost = TimeSpan.FromMilliseconds(1234),
        Owner = "tenant/ü 1",
        Recipe = Recipe.For(Kind, 1).Add("n", 1).Build().Encoded,
        Attributes = ImmutableSortedDictionary<string, string>.Empty
            .Add("content-type", "text/plain; charset=\"ü\"")
            .Add("tag", "a,b\n%41"),
    };

    public static void AssertSame(ArtifactMetadata expected, ArtifactMetadata actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.Equal(expected.Digest, actual.Digest);
        Assert.Equal(expected.CreatedAt, actual.CreatedAt);
        Assert.Equal(expected.Cost, actual.Cost);
        Assert.Equal(expected.Owner, actual.Owner);
        Assert.Equal(expected.Recipe.ToArray(), actual.Recipe.ToArray());
        Assert.Equal(expected.Attributes, actual.Attributes);
    }
}

/// <summary>Counted content, so that a test sees whether every lease was given back.</summary>
internal sealed class LeasedContent(byte[] payload, ArtifactMetadata metadata) : ArtifactContent(metadata, counted: true)
{
    public LeasedContent(byte[] payload)
        : this(payload, TestArtifacts.Describe(payload))
    {
    }

    public bool IsFreed { get; private set; }

    /// <summary>Thrown by reads from this offset on; null for none.</summary>
    public (long Offset, Exception Failure)? Fault { get; init; }

    public ArtifactLease Lease()
    {
        Assert.True(TryAcquire());
        return new ArtifactLease(this, TierKind.Disk);
    }

    public override int Read(long offset, Span<byte> destination)
    {
        if (Fault is { } fault && offset >= fault.Offset)
        {
            throw fault.Failure;
        }

        var count = (int)Math.Min(destination.Length, payload.Length - offset);
        payload.AsSpan((int)offset, count).CopyTo(destination);
        return count;
    }

    protected override void Free() => IsFreed = true;
}

/// <summary>A writer into memory that keeps the contract of <see cref="ArtifactWriter"/>.</summary>
internal sealed class MemoryWriter(ArtifactKey key) : ArtifactWriter
{
    private readonly MemoryStream _bytes = new();
    private PutOutcome _state = PutOutcome.Stored;

    /// <summary>Refuses with this outcome once so many bytes have come.</summary>
    public (long Bytes, PutOutcome Outcome)? RefuseAt { get; init; }

    public LeasedContent? Committed { get; private set; }

    public override ArtifactKey Key => key;

    public override long BytesWritten => _bytes.Length;

    public override ValueTask<PutOutcome> WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _bytes.Write(data.Span);
        if (RefuseAt is { } refusal && _bytes.Length >= refusal.Bytes)
        {
            _state = refusal.Outcome;
        }

        return ValueTask.FromResult(_state);
    }

    public override ValueTask<CommitResult> CommitAsync(ArtifactMetadata description, CancellationToken cancellationToken)
    {
        if (_state != PutOutcome.Stored)
        {
            return ValueTask.FromResult(new CommitResult(_state, ArtifactLease.Miss));
        }

        var payload = _bytes.ToArray();
        if (description.Length != payload.Length || !description.Digest.ToArray().AsSpan().SequenceEqual(SHA256.HashData(payload)))
        {
            return ValueTask.FromResult(new CommitResult(PutOutcome.DigestMismatch, ArtifactLease.Miss));
        }

        Committed = new LeasedContent(payload, description);
        return ValueTask.FromResult(new CommitResult(PutOutcome.Stored, Committed.Lease()));
    }

    public override ValueTask DisposeAsync()
    {
        _bytes.Dispose();
        return ValueTask.CompletedTask;
    }
}
