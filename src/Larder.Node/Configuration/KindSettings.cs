using System.Globalization;
using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Cache.Disk;

namespace Larder.Node.Configuration;

/// <summary>The settings that exist once for every kind: <c>kinds.NAME.memory</c> and so on.</summary>
internal static class KindSettings
{
    /// <summary>What every name of these begins with.</summary>
    public const string Group = "kinds.";

    private const string OnOff = "true or false";

    private static readonly (string Name, string Form, Func<KindOptions, string, KindOptions?> Apply)[] Table =
    [
        ("memory", OnOff, static (options, text) => bool.TryParse(text, out var value) ? options with { Memory = value } : null),
        ("disk", OnOff, static (options, text) => bool.TryParse(text, out var value) ? options with { Disk = value } : null),
        ("remote", OnOff, static (options, text) => bool.TryParse(text, out var value) ? options with { Remote = value } : null),
        ("contentaddressed", OnOff, static (options, text) =>
            bool.TryParse(text, out var value) ? options with { ContentAddressed = value } : null),
        ("maxmemoryentry", "a size such as 1MiB", static (options, text) =>
            Quantity.TryParseBytes(text, out var value) ? options with { MaxMemoryEntryBytes = value } : null),
        ("maxentry", "a size such as 16GiB", static (options, text) =>
            Quantity.TryParseBytes(text, out var value) ? options with { MaxEntryBytes = value } : null),
        ("diskform", "framed or raw", static (options, text) =>
            Enum.TryParse<DiskForm>(text, ignoreCase: true, out var value) ? options with { DiskForm = value } : null),
    ];

    /// <summary>Takes over one setting of a kind.</summary>
    /// <param name="options">The options so far.</param>
    /// <param name="name">The name, such as <c>kinds.bazel-cas.memory</c>.</param>
    /// <param name="text">The value.</param>
    /// <param name="problem">A sentence when the name or the value is wrong; null when nothing is.</param>
    public static NodeOptions Apply(NodeOptions options, string name, string text, out string? problem)
    {
        problem = null;
        var last = name.LastIndexOf('.');
        var kind = last > Group.Length ? name[Group.Length..last].Replace('_', '-').ToLowerInvariant() : string.Empty;
        if (!ArtifactKind.TryParse(kind, out _))
        {
            problem = $"{name} is not a setting: write kinds.KIND.SETTING, such as kinds.bazel-cas.memory.";
            return options;
        }

        var wanted = Setting.Normalize(name[(last + 1)..]);
        foreach (var (known, form, apply) in Table)
        {
            if (known == wanted)
            {
                var changed = apply(options.Kinds.GetValueOrDefault(kind) ?? new KindOptions(), text);
                problem = changed is null ? $"{name} must be {form}; it is '{text}'." : null;
                return changed is null ? options : options with { Kinds = options.Kinds.SetItem(kind, changed) };
            }
        }

        problem = $"{name} is not a setting of a kind; those are memory, disk, remote, content-addressed, max-memory-entry, "
            + "max-entry and disk-form.";
        return options;
    }

    /// <summary>What is set for kinds, as rows for people.</summary>
    public static IEnumerable<(string Name, string Value)> Show(NodeOptions options)
    {
        foreach (var (kind, treatment) in options.Kinds)
        {
            yield return (Group + kind, string.Create(
                CultureInfo.InvariantCulture,
                $"memory={Word(treatment.Memory)} disk={Word(treatment.Disk)} remote={Word(treatment.Remote)} ")
                + $"content-addressed={Word(treatment.ContentAddressed)} "
                + $"max-memory-entry={Quantity.FormatBytes(treatment.MaxMemoryEntryBytes)} "
                + $"max-entry={Quantity.FormatBytes(treatment.MaxEntryBytes)} "
                + $"disk-form={treatment.DiskForm.ToString().ToLowerInvariant()}");
        }
    }

    private static string Word(bool value) => value ? "true" : "false";
}
