using System.Text.Json;
using System.Text.Json.Serialization;
using Larder.Oci.References;

namespace Larder.Oci.Sources;

/// <summary>
/// A small file that remembers what tags stood for, so that an image that was used before can be used while its registry
/// cannot be asked.
/// </summary>
/// <remarks>
/// Several processes may share the file: each change reads it anew under a lock and replaces it at once. A damaged file is
/// begun anew. Safe for use by many threads.
/// </remarks>
public sealed partial class TagPins
{
    private const int MaxPins = 4096;
    private const int MaxFileBytes = 16 * 1024 * 1024;
    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(5);

    private readonly string _path;
    private readonly TimeProvider _time;

    /// <summary>Uses a file, which is made when the first tag is remembered.</summary>
    /// <param name="path">The file.</param>
    /// <param name="timeProvider">The clock; null for the system's.</param>
    public TagPins(string path, TimeProvider? timeProvider = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        _path = path;
        _time = timeProvider ?? TimeProvider.System;
    }

    /// <summary>Everything that is remembered, the newest first.</summary>
    /// <exception cref="OciException">The file cannot be read.</exception>
    public async ValueTask<IReadOnlyList<TagPin>> ListAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            if (!File.Exists(_path) || new FileInfo(_path).Length > MaxFileBytes)
            {
                return [];
            }

            var content = await File.ReadAllBytesAsync(_path, cancellationToken).ConfigureAwait(false);
            var pins = JsonSerializer.Deserialize(content, PinsJson.Default.TagPinArray) ?? [];
            return [.. pins.OfType<TagPin>().OrderByDescending(static pin => pin.At)];
        }
        catch (JsonException)
        {
            return [];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new OciException(OciErrorKind.Storage, $"{_path} cannot be read: {exception.Message}", exception);
        }
    }

    /// <summary>What a reference stood for the last time; null when it was never asked for.</summary>
    internal async ValueTask<OciDigest?> FindAsync(ImageReference reference, CancellationToken cancellationToken)
    {
        var text = reference.ToString();
        var pins = await ListAsync(cancellationToken).ConfigureAwait(false);
        return OciDigest.TryParse(pins.FirstOrDefault(pin => pin.Reference == text)?.Digest, out var digest) ? digest : null;
    }

    /// <summary>Remembers what a reference stands for now.</summary>
    /// <exception cref="OciException">The file cannot be written.</exception>
    internal async ValueTask RememberAsync(ResolvedImage image, CancellationToken cancellationToken)
    {
        var pin = new TagPin
        {
            Reference = image.Reference.ToString(),
            Platform = image.Config.Platform.ToString(),
            Digest = image.Digest.ToString(),
            Manifest = image.ManifestDescriptor.Digest.ToString(),
            Layers = image.Layers.Length,
            Bytes = image.Manifest.Layers.Sum(static layer => layer.Size),
            At = _time.GetUtcNow(),
        };
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(_path))!); // Not null: a file has a directory.
            var holder = await LockAsync(cancellationToken).ConfigureAwait(false);
            await using (holder.ConfigureAwait(false))
            {
                var others = (await ListAsync(cancellationToken).ConfigureAwait(false))
                    .Where(other => other.Reference != pin.Reference || other.Platform != pin.Platform);
                TagPin[] pins = [pin, .. others.Take(MaxPins - 1)];
                var aside = $"{_path}.{Guid.NewGuid():N}";
                await File.WriteAllBytesAsync(aside, JsonSerializer.SerializeToUtf8Bytes(pins, PinsJson.Default.TagPinArray), cancellationToken)
                    .ConfigureAwait(false);
                File.Move(aside, _path, overwrite: true);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new OciException(OciErrorKind.Storage, $"{_path} cannot be written: {exception.Message}", exception);
        }
    }

    private async ValueTask<FileStream> LockAsync(CancellationToken cancellationToken)
    {
        var startedAt = _time.GetTimestamp();
        while (true)
        {
            try
            {
                return new FileStream(_path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (_time.GetElapsedTime(startedAt) < LockPatience)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), _time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
    [JsonSerializable(typeof(TagPin[]))]
    private sealed partial class PinsJson : JsonSerializerContext;
}
