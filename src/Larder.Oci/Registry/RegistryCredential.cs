namespace Larder.Oci.Registry;

/// <summary>What a registry is shown to let somebody in.</summary>
public sealed record RegistryCredential
{
    /// <summary>The user's name; empty when there is only a token.</summary>
    public string User { get; init; } = string.Empty;

    /// <summary>The password, or an access token in its place.</summary>
    public string Password { get; init; } = string.Empty;

    /// <summary>A token that is exchanged for shorter ones (OAuth 2); null for none. Goes before the password.</summary>
    public string? IdentityToken { get; init; }

    /// <summary>A token that is sent to the registry as it is; null for none. Goes before everything else.</summary>
    public string? RegistryToken { get; init; }

    /// <summary>Whether there is nothing in it.</summary>
    internal bool IsEmpty => User.Length == 0 && Password.Length == 0 && IdentityToken is null && RegistryToken is null;

    /// <summary>Returns the user, never a secret.</summary>
    public override string ToString() => User.Length == 0 ? "a token" : User;
}
