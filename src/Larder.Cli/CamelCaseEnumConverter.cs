using System.Text.Json;
using System.Text.Json.Serialization;

namespace Larder.Cli;

/// <summary>Writes enumeration members as <c>camelCase</c> words and reads them in any case.</summary>
/// <typeparam name="TEnum">The enumeration.</typeparam>
internal sealed class CamelCaseEnumConverter<TEnum> : JsonStringEnumConverter<TEnum>
    where TEnum : struct, Enum
{
    public CamelCaseEnumConverter()
        : base(JsonNamingPolicy.CamelCase, allowIntegerValues: false)
    {
    }
}
