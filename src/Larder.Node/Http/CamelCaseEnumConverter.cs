using System.Text.Json;
using System.Text.Json.Serialization;

namespace Larder.Node.Http;

/// <summary>Writes enumeration members as <c>camelCase</c> words.</summary>
/// <typeparam name="TEnum">The enumeration.</typeparam>
internal sealed class CamelCaseEnumConverter<TEnum> : JsonStringEnumConverter<TEnum>
    where TEnum : struct, Enum
{
    public CamelCaseEnumConverter()
        : base(JsonNamingPolicy.CamelCase, allowIntegerValues: false)
    {
    }
}
