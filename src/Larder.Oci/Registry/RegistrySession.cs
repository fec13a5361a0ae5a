using System.Net.Http.Headers;

namespace Larder.Oci.Registry;

/// <summary>What one repository on one server was last entered with.</summary>
internal sealed class RegistrySession : IDisposable
{
    /// <summary>Held by whoever gets a new token; all others wait for that one.</summary>
    public SemaphoreSlim Gate { get; } = new(1, 1);

    /// <summary>What to send; null before the first challenge.</summary>
    public AuthenticationHeaderValue? Header { get; set; }

    /// <summary>When the header is to be replaced, in timestamps of the clock; <see cref="long.MaxValue"/> for never.</summary>
    public long RenewAt { get; set; } = long.MaxValue;

    /// <summary>What the server last wanted to see.</summary>
    public AuthenticateChallenge? Challenge { get; set; }

    /// <summary>A token that the token server gave for getting further ones.</summary>
    public string? RefreshToken { get; set; }

    public void Dispose() => Gate.Dispose();
}
