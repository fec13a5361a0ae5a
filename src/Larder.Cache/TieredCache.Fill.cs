using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Cache.Remote;
using Larder.Cache.Tiering;

namespace Larder.Cache;

/// <content>Fills.</content>
public sealed partial class TieredCache
{
    /// <summary>
    /// Looks up the artifact that <paramref name="recipe"/> names and, when no tier holds it, runs
    /// <paramref name="fill"/> once for all who ask. The recipe is kept with the artifact, and explains the misses of
    /// later ones. The caller disposes the lease.
    /// </summary>
    /// <typeparam name="TState">What the fill needs to know.</typeparam>
    /// <param name="recipe">Everything that can change the bytes.</param>
    /// <param name="state">Passed to the fill, so that it can be a static delegate.</param>
    /// <param name="fill">Makes the bytes.</param>
    /// <param name="cancellationToken">Gives up waiting, for this caller only.</param>
    /// <exception cref="CacheException">As for the overload that takes a key.</exception>
    public ValueTask<ArtifactLease> GetOrFillAsync<TState>(
        Recipe recipe, TState state, ArtifactFill<TState> fill, CancellationToken cancellationToken = default) =>
        GetOrFillAsync(
            recipe.Key,
            (Cache: this, Recipe: recipe, State: state, Fill: fill),
            static (run, target, token) => run.Cache.FillByRecipeAsync(run.Recipe, run.State, run.Fill, target, token),
            cancellationToken);

    private async ValueTask<ArtifactMetadata> FillByRecipeAsync<TState>(
        Recipe recipe, TState state, ArtifactFill<TState> fill, ArtifactWriter target, CancellationToken cancellationToken)
    {
        Explain(recipe);
        var description = await fill(state, target, cancellationToken).ConfigureAwait(false);
        return description with { Recipe = recipe.Encoded };
    }

    private async ValueTask<ArtifactLease> FillBelowMemoryAsync<TState>(
        ArtifactKey key, TState state, ArtifactFill<TState> fill, CancellationToken cancellationToken)
    {
        if (!_kinds.TryGet(key.Kind, out var kind))
        {
            throw new CacheException(
                CacheErrorKind.Configuration,
                $"There are {_options.MaxKinds} kinds already, so '{key.Kind}' is not taken; raise MaxKinds if it is yours.");
        }

        try
        {
            var lease = await FindFirstOnDiskAsync(kind, key, cancellationToken).ConfigureAwait(false);
            if (!lease.IsHit)
            {
                ThrowIfRemembered(kind, key);
                lease = await _fills.RunAsync(
                    key,
                    (Cache: this, Kind: kind, State: state, Fill: fill),
                    static (run, flight) => run.Cache.RunFillAsync(run.Kind, flight, run.State, run.Fill),
                    cancellationToken).ConfigureAwait(false);
            }

            return kind.Answer(lease);
        }
        catch
        {
            kind.CountFailure();
            throw;
        }
    }

    private void ThrowIfRemembered(KindState kind, ArtifactKey key)
    {
        if (_failures.TryGet(key, out var message))
        {
            kind.CountRememberedFailure();
            throw new CacheException(CacheErrorKind.FillFailed, message) { IsDeterministic = true };
        }
    }

    private async ValueTask<ArtifactLease> RunFillAsync<TState>(
        KindState kind, Flight flight, TState state, ArtifactFill<TState> fill)
    {
        var lease = await FindElsewhereAsync(kind, flight).ConfigureAwait(false);
        if (lease.IsHit)
        {
            return lease;
        }

        FleetTurn? turn = null;
        if (Remote is { SharesFills: true } && kind.Options.Remote)
        {
            (lease, turn) = await Remote.TakeTurnAsync(flight.Key, () => FetchAsync(kind, flight.Key, flight.Token), flight.Token)
                .ConfigureAwait(false);
            if (lease.IsHit)
            {
                return lease;
            }
        }

        kind.CountFill();
        try
        {
            lease = await MakeAsync(kind, flight, state, fill).ConfigureAwait(false);
            turn?.End(made: true);
        }
        catch (Exception exception)
        {
            turn?.End(made: false);
            kind.CountFailedFill();
            if (exception is CacheException { IsDeterministic: true } && !flight.Invalidated)
            {
                _failures.Remember(flight.Key, exception.Message, kind.Options.FailureTtl);
            }

            throw;
        }

        if (flight.Invalidated)
        {
            await RemoveLocallyAsync(flight.Key, RemovalReason.Invalidated, CancellationToken.None).ConfigureAwait(false);
        }

        return lease;
    }

    /// <summary>Looks once more where an earlier flight may have put the artifact, and then in the remote tier.</summary>
    private async ValueTask<ArtifactLease> FindElsewhereAsync(KindState kind, Flight flight)
    {
        var lease = Memory is null ? ArtifactLease.Miss : Memory.Peek(flight.Key);
        if (!lease.IsHit)
        {
            lease = await FindOnDiskAsync(kind, flight.Key, flight.Token).ConfigureAwait(false);
        }

        if (!lease.IsHit && Remote is not null && kind.Options.Remote)
        {
            lease = await FetchAsync(kind, flight.Key, flight.Token).ConfigureAwait(false);
        }

        return lease;
    }

    private async ValueTask<ArtifactLease> MakeAsync<TState>(
        KindState kind, Flight flight, TState state, ArtifactFill<TState> fill)
    {
        var writer = new TieredWriter(this, kind, flight.Key, length: -1, measuresCost: true, _time);
        await using (writer.ConfigureAwait(false))
        {
            var description = await fill(state, writer, flight.Token).ConfigureAwait(false);
            var (outcome, lease) = await writer.CommitAsync(description, flight.Token).ConfigureAwait(false);
            return lease.IsHit ? lease : throw Unstorable(flight.Key, outcome);
        }
    }

    private static CacheException Unstorable(ArtifactKey key, PutOutcome outcome) => outcome switch
    {
        PutOutcome.DigestMismatch => new CacheException(
            CacheErrorKind.Damaged, $"The fill of {key} made bytes that do not have the digest it was asked for.")
        {
            IsDeterministic = true,
        },
        PutOutcome.NoSpace => new CacheException(
            CacheErrorKind.NoSpace, $"No tier has room for {key}; free disk space or raise the capacity."),
        _ => new CacheException(
            CacheErrorKind.FillFailed, $"No tier takes {key} ({outcome}), and it is too large to hand out without one."),
    };
}
