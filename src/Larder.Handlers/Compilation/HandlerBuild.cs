using System.Security.Cryptography;
using System.Text;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Handlers.Engine;

namespace Larder.Handlers.Compilation;

/// <summary>
/// What compiled handlers are made by and with, besides their source: all of it is part of their names and stands in their
/// files. Immutable.
/// </summary>
internal sealed class HandlerBuild
{
    // The only proof of a key that a name may carry.
    private const int KeyIdBytes = 8;

    private readonly string _versionTag;
    private readonly bool _keepsText;
    private readonly byte[] _keyId;

    /// <summary>Describes a build.</summary>
    /// <param name="engineDigest">SHA-256 of the engine module in hex.</param>
    /// <param name="versionTag">What the caller wants to tell its handlers from others by.</param>
    /// <param name="keepsText">Whether files hold the source's text.</param>
    /// <param name="key">The key of the MAC; null for none.</param>
    public HandlerBuild(string engineDigest, string versionTag, bool keepsText, ReadOnlyMemory<byte> key)
    {
        EngineDigest = Convert.FromHexString(engineDigest);
        _versionTag = versionTag;
        _keepsText = keepsText;
        Key = key.IsEmpty ? null : key.ToArray();
        _keyId = Key is null ? [] : HMACSHA256.HashData(Key, "larder handler key"u8)[..KeyIdBytes];
        OptionsDigest = SHA256.HashData(
        [
            .. HandlerScript.Digest,
            keepsText ? (byte)1 : (byte)0,
            .. Encoding.UTF8.GetBytes(versionTag),
        ]);
    }

    /// <summary>SHA-256 of the engine module.</summary>
    public byte[] EngineDigest { get; }

    /// <summary>SHA-256 of wrapper, options and version tag.</summary>
    public byte[] OptionsDigest { get; }

    /// <summary>The key of the MAC; null for none.</summary>
    public byte[]? Key { get; }

    /// <summary>The recipe of a handler.</summary>
    public Recipe RecipeOf(ArtifactKind kind, Fingerprint sourceDigest)
    {
        var recipe = Recipe.For(kind, HandlerArtifact.Version)
            .Add("source", sourceDigest)
            .Add("engine", new Fingerprint(EngineDigest))
            .Add("wrapper", new Fingerprint(HandlerScript.Digest))
            .Add("wrapper-version", HandlerScript.Version)
            .Add("keeps-text", _keepsText)
            .Add("version-tag", _versionTag);
        if (_keyId.Length > 0)
        {
            recipe.Add("key", _keyId);
        }

        return recipe.Build();
    }
}
