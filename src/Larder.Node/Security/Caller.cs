namespace Larder.Node.Security;

/// <summary>Who sent a request, as far as its credentials say. Immutable.</summary>
/// <param name="Token">The node's token that was shown; null for none.</param>
/// <param name="Claims">The JSON Web Token that was shown; null for none.</param>
internal sealed record Caller(AccessToken? Token, WebToken? Claims)
{
    /// <summary>Everyone, where nobody needs to show anything.</summary>
    public static Caller Anyone { get; } = new(null, null);

    /// <summary>The workspace that the caller is confined to; null for none.</summary>
    public string? Workspace => Claims?.Workspace;

    /// <summary>Whose share of the instances the caller's runs use; empty for the common one.</summary>
    public string Tenant => Claims?.Workspace ?? Claims?.Subject ?? string.Empty;

    /// <summary>What the caller may do in a namespace. A web token is for handlers and panels only.</summary>
    public AccessRights RightsIn(string space) =>
        Claims is { } claims ? (space is AccessGuard.HandlerSpace or AccessGuard.PanelSpace ? claims.Rights : AccessRights.None)
        : Token is { } token ? token.RightsIn(space)
        : AccessRights.Read | AccessRights.Write | AccessRights.Execute;
}
