using System.Collections.Immutable;
using System.Text.Json;
using Larder.Symbols.Caching;

namespace Larder.Symbols.Json;

/// <summary>What is known of symbols as JSON, the same from the command and from a node. docs/HTTP-symbols.md has the members.</summary>
public static class SymbolJson
{
    /// <summary>A word of an enumeration as it stands in JSON: <c>camelHump</c>.</summary>
    public static string Word<TWord>(TWord word)
        where TWord : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(word.ToString());

    /// <summary>Takes a word of an enumeration, without regard to case; false when it is none.</summary>
    public static bool TryParseWord<TWord>(string text, out TWord word)
        where TWord : struct, Enum =>
        Enum.TryParse(text, ignoreCase: true, out word) && Enum.IsDefined(word) && text.Length > 0 && char.IsAsciiLetter(text[0]);

    /// <summary>Writes the result of a search.</summary>
    public static void Write(Utf8JsonWriter writer, SymbolSearchResult result)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(result);
        writer.WriteStartObject();
        writer.WriteStartArray("symbols"u8);
        foreach (var hit in result.Hits)
        {
            writer.WriteStartObject();
            writer.WriteString("id"u8, hit.Key.Id);
            writer.WriteString("name"u8, hit.Name);
            WriteNature(writer, hit.Kind, hit.Form, hit.Visibility, hit.Traits);
            writer.WriteString("module"u8, hit.Module);
            writer.WriteString("path"u8, hit.Key.Module.Path);
            writer.WriteString("match"u8, Word(hit.Match));
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteNumber("total"u8, result.Total);
        writer.WriteNumber("modules"u8, result.Modules);
        writer.WriteNumber("searched"u8, result.Searched);
        writer.WriteNumber("elapsedUs"u8, Math.Round(result.Elapsed.TotalMicroseconds, 1));
        writer.WriteEndObject();
    }

    /// <summary>Writes symbols with everything that is known of them.</summary>
    public static void Write(Utf8JsonWriter writer, IEnumerable<SymbolData> symbols)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(symbols);
        writer.WriteStartObject();
        writer.WriteStartArray("symbols"u8);
        foreach (var symbol in symbols)
        {
            Write(writer, symbol);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>Writes the modules that are loaded.</summary>
    public static void Write(Utf8JsonWriter writer, IEnumerable<ModuleInfo> modules)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(modules);
        writer.WriteStartObject();
        WriteModules(writer, modules);
        writer.WriteEndObject();
    }

    /// <summary>Writes how loading went.</summary>
    public static void Write(Utf8JsonWriter writer, LoadReport report)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(report);
        writer.WriteStartObject();
        WriteModules(writer, report.Modules);
        writer.WriteStartArray("failures"u8);
        foreach (var failure in report.Failures)
        {
            writer.WriteStringValue(failure.Message);
        }

        writer.WriteEndArray();
        writer.WriteNumber("symbols"u8, report.Symbols);
        writer.WriteNumber("elapsedUs"u8, Math.Round(report.Elapsed.TotalMicroseconds, 1));
        writer.WriteEndObject();
    }

    /// <summary>Writes what the caches did and hold.</summary>
    public static void Write(Utf8JsonWriter writer, SymbolCache cache, IReadOnlyList<ModuleInfo> modules)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(cache);
        ArgumentNullException.ThrowIfNull(modules);
        writer.WriteStartObject();
        writer.WriteNumber("modules"u8, modules.Count);
        writer.WriteNumber("symbols"u8, modules.Sum(static module => (long)module.Symbols));
        writer.WriteNumber("mappedBytes"u8, modules.Where(static module => module.IsMapped).Sum(static module => module.TableBytes));
        writer.WriteNumber("tableBytes"u8, modules.Where(static module => !module.IsMapped).Sum(static module => module.TableBytes));
        writer.WriteNumber("cacheBytes"u8, cache.EstimateMemoryUsage());
        writer.WriteNumber("memoryLimitBytes"u8, cache.MemoryLimitBytes);
        writer.WriteStartArray("caches"u8);
        foreach (var statistics in cache.GetStatistics())
        {
            Write(writer, statistics);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>Writes a change of a module.</summary>
    public static void Write(Utf8JsonWriter writer, ModuleChange change)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(change);
        writer.WriteStartObject();
        writer.WriteString("path"u8, change.Path);
        writer.WriteString("change"u8, Word(change.Kind));
        if (change.Problem is { } problem)
        {
            writer.WriteString("problem"u8, problem);
        }

        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, SymbolCacheStatistics statistics)
    {
        writer.WriteStartObject();
        writer.WriteString("cache"u8, Word(statistics.Cache));
        writer.WriteNumber("lookups"u8, statistics.Lookups);
        writer.WriteNumber("hits"u8, statistics.Hits);
        writer.WriteNumber("misses"u8, statistics.Misses);
        writer.WriteNumber("hitRatio"u8, Math.Round(statistics.HitRatio, 4));
        writer.WriteNumber("evictions"u8, statistics.Evictions);
        writer.WriteNumber("replaced"u8, statistics.Replaced);
        writer.WriteNumber("invalidated"u8, statistics.Invalidated);
        writer.WriteNumber("notCached"u8, statistics.NotCached);
        writer.WriteNumber("entries"u8, statistics.Entries);
        writer.WriteNumber("maxEntries"u8, statistics.MaxEntries);
        writer.WriteNumber("bytes"u8, statistics.Bytes);
        writer.WriteNumber("capacityBytes"u8, statistics.CapacityBytes);
        writer.WriteNumber("averageLookupNs"u8, Math.Round(statistics.AverageLookupTime.TotalNanoseconds, 0));
        writer.WriteNumber("totalLookupUs"u8, Math.Round(statistics.TotalLookupTime.TotalMicroseconds, 1));
        writer.WriteString("since"u8, statistics.Since);
        writer.WriteString("advice"u8, Word(statistics.Advice));
        writer.WriteEndObject();
    }

    private static void WriteModules(Utf8JsonWriter writer, IEnumerable<ModuleInfo> modules)
    {
        writer.WriteStartArray("modules"u8);
        foreach (var module in modules)
        {
            writer.WriteStartObject();
            writer.WriteString("name"u8, module.Name);
            writer.WriteString("version"u8, module.Version);
            writer.WriteString("kind"u8, Word(module.Kind));
            writer.WriteString("path"u8, module.Id.Path);
            writer.WriteString("digest"u8, module.Id.Digest.ToString());
            if (module.Id.Mvid != Guid.Empty)
            {
                writer.WriteString("mvid"u8, module.Id.Mvid);
            }

            writer.WriteNumber("symbols"u8, module.Symbols);
            writer.WriteNumber("exports"u8, module.Exports);
            writer.WriteNumber("tableBytes"u8, module.TableBytes);
            writer.WriteBoolean("mapped"u8, module.IsMapped);
            writer.WriteString("origin"u8, Word(module.Origin));
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter writer, SymbolData symbol)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, symbol.Key.Id);
        writer.WriteString("name"u8, symbol.Name);
        WriteNature(writer, symbol.Kind, symbol.Form, symbol.Visibility, symbol.Traits);
        writer.WriteString("path"u8, symbol.Key.Module.Path);
        WriteTexts(writer, "attributes", symbol.Attributes);
        WriteText(writer, "valueType", symbol.ValueType);
        WriteText(writer, "documentation", symbol.Documentation);
        if (symbol.Location is { } location)
        {
            writer.WriteStartObject("location"u8);
            writer.WriteString("file"u8, location.File);
            writer.WriteNumber("line"u8, location.Line);
            writer.WriteNumber("column"u8, location.Column);
            writer.WriteNumber("length"u8, location.Length);
            writer.WriteEndObject();
        }

        if (symbol.Function is { } function)
        {
            WriteText(writer, "signature", function.Signature);
            WriteText(writer, "returnType", function.ReturnType);
            WriteTexts(writer, "parameters", function.Parameters);
        }

        if (symbol.Type is { } type)
        {
            WriteText(writer, "definition", type.Definition);
            WriteText(writer, "baseType", type.BaseType);
            WriteTexts(writer, "typeParameters", type.TypeParameters);
            WriteTexts(writer, "constructors", type.Constructors);
            WriteTexts(writer, "methods", type.Methods);
            writer.WriteNumber("members"u8, type.MemberCount);
        }

        if (symbol.Constant is { } constant)
        {
            writer.WriteString("type"u8, constant.Type);
            writer.WriteString("value"u8, constant.Value);
        }

        if (symbol.Module is { } module)
        {
            WriteText(writer, "version", module.Version);
            writer.WriteNumber("symbols"u8, module.Symbols);
            writer.WriteNumber("exports"u8, module.Exports);
        }

        writer.WriteEndObject();
    }

    private static void WriteNature(
        Utf8JsonWriter writer, SymbolKind kind, SymbolForm form, SymbolVisibility visibility, SymbolTraits traits)
    {
        writer.WriteString("kind"u8, Word(kind));
        if (form != SymbolForm.Plain)
        {
            writer.WriteString("form"u8, Word(form));
        }

        writer.WriteString("visibility"u8, Word(visibility));
        writer.WriteStartArray("traits"u8);
        foreach (var trait in Enum.GetValues<SymbolTraits>())
        {
            if (trait != SymbolTraits.None && (traits & trait) != 0)
            {
                writer.WriteStringValue(Word(trait));
            }
        }

        writer.WriteEndArray();
    }

    private static void WriteText(Utf8JsonWriter writer, string name, string? text)
    {
        if (text is { Length: > 0 })
        {
            writer.WriteString(name, text);
        }
    }

    private static void WriteTexts(Utf8JsonWriter writer, string name, ImmutableArray<string> texts)
    {
        if (texts.IsDefaultOrEmpty)
        {
            return;
        }

        writer.WriteStartArray(name);
        foreach (var text in texts)
        {
            writer.WriteStringValue(text);
        }

        writer.WriteEndArray();
    }
}
