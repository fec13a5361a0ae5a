using System.Collections.Immutable;
using System.Text;

namespace Larder.Indexer.Guests;

/// <summary>What a module says about itself through its export <c>__meta</c>. A courtesy; nothing depends on it.</summary>
/// <param name="CompilerVersion">Version of what made it.</param>
/// <param name="LanguageVersion">Version of the language's compiler.</param>
/// <param name="Views">Its views.</param>
public sealed record IndexerMetadata(string CompilerVersion, string LanguageVersion, ImmutableArray<ViewDescription> Views)
{
    /// <summary>Reads the message <c>{ 1: compiler, 2: language compiler, repeated 3: { 1: name, 2: input, 3: output } }</c>.</summary>
    /// <exception cref="GuestDataException">The message is malformed.</exception>
    internal static IndexerMetadata Read(ReadOnlySpan<byte> message)
    {
        var texts = new string[] { "", "" };
        var views = ImmutableArray.CreateBuilder<ViewDescription>();
        var reader = new ProtobufReader(message);
        while (reader.TryReadField(out var field))
        {
            switch (field)
            {
                case 1 or 2:
                    texts[field - 1] = Encoding.UTF8.GetString(reader.ReadBytes());
                    break;
                case 3:
                    views.Add(ReadView(reader.ReadBytes()));
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return new IndexerMetadata(texts[0], texts[1], views.ToImmutable());
    }

    private static ViewDescription ReadView(ReadOnlySpan<byte> message)
    {
        var texts = new string[] { "", "", "" };
        var reader = new ProtobufReader(message);
        while (reader.TryReadField(out var field))
        {
            if (field is >= 1 and <= 3)
            {
                texts[field - 1] = Encoding.UTF8.GetString(reader.ReadBytes());
            }
            else
            {
                reader.Skip();
            }
        }

        return new ViewDescription(texts[0], texts[1], texts[2]);
    }
}
