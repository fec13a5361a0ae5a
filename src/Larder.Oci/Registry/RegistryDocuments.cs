using System.Text.Json;
using System.Text.Json.Serialization;

namespace Larder.Oci.Registry;

/// <summary>What registries, token servers, Docker and its helpers write.</summary>
internal static class RegistryDocuments
{
    /// <summary>Docker's <c>config.json</c>, as far as it is about credentials.</summary>
    internal sealed record DockerConfig
    {
        [JsonPropertyName("auths")]
        public Dictionary<string, Auth?>? Auths { get; init; }

        [JsonPropertyName("credsStore")]
        public string? Store { get; init; }

        [JsonPropertyName("credHelpers")]
        public Dictionary<string, string?>? Helpers { get; init; }
    }

    internal sealed record Auth
    {
        [JsonPropertyName("auth")]
        public string? Pair { get; init; }

        [JsonPropertyName("username")]
        public string? User { get; init; }

        [JsonPropertyName("password")]
        public string? Password { get; init; }

        [JsonPropertyName("identitytoken")]
        public string? IdentityToken { get; init; }

        [JsonPropertyName("registrytoken")]
        public string? RegistryToken { get; init; }
    }

    internal sealed record HelperAnswer
    {
        public string? Username { get; init; }

        public string? Secret { get; init; }
    }

    internal sealed record TokenAnswer
    {
        [JsonPropertyName("token")]
        public string? Token { get; init; }

        [JsonPropertyName("access_token")]
        public string? AccessToken { get; init; }

        [JsonPropertyName("refresh_token")]
        public string? RefreshToken { get; init; }

        [JsonPropertyName("expires_in")]
        public double? ExpiresIn { get; init; }
    }

    internal sealed record ErrorAnswer
    {
        [JsonPropertyName("errors")]
        public ErrorEntry?[]? Errors { get; init; }
    }

    internal sealed record ErrorEntry
    {
        [JsonPropertyName("code")]
        public string? Code { get; init; }

        [JsonPropertyName("message")]
        public string? Message { get; init; }

        [JsonPropertyName("detail")]
        public JsonElement? Detail { get; init; }
    }
}
