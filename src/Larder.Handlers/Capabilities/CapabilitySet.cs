using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace Larder.Handlers.Capabilities;

/// <summary>
/// What a handler may do: a set of tokens, <c>state:read:KEY</c>, <c>state:write:KEY</c>, <c>events:emit:NAME</c>,
/// <c>view:update:ID</c>, <c>ext:NAME</c>, <c>crypto:random</c> and <c>time:now</c>, where the last part of the first five may
/// be <c>*</c>. A wildcard covers its own family only; writing does not imply reading. A name may contain colons and is
/// compared as it is. Immutable; for any number of threads.
/// </summary>
public sealed class CapabilitySet
{
    private const string Read = "state:read:";
    private const string Write = "state:write:";
    private const string Emit = "events:emit:";
    private const string Update = "view:update:";
    private const string Call = "ext:";
    private const string Random = "crypto:random";
    private const string Time = "time:now";

    // The families whose tokens end in a name. The last one is a prefix of none of the others.
    private static readonly string[] Families = [Read, Write, Emit, Update, Call];

    private readonly Grants _read;
    private readonly Grants _write;
    private readonly Grants _emit;
    private readonly Grants _update;
    private readonly Grants _call;

    private CapabilitySet(ImmutableArray<string> tokens)
    {
        Tokens = tokens;
        _read = new Grants(tokens, Read);
        _write = new Grants(tokens, Write);
        _emit = new Grants(tokens, Emit);
        _update = new Grants(tokens, Update);
        _call = new Grants(tokens, Call);
        HasRandom = tokens.Contains(Random);
        HasTime = tokens.Contains(Time);
    }

    /// <summary>Nothing is granted.</summary>
    public static CapabilitySet None { get; } = new([]);

    /// <summary>Everything is granted.</summary>
    public static CapabilitySet All { get; } = Parse([.. Families.Select(family => family + "*"), Random, Time]);

    /// <summary>The tokens, in ordinal order, each once.</summary>
    public ImmutableArray<string> Tokens { get; }

    /// <summary>Whether the names of all keys, and every key, may be read.</summary>
    public bool CanReadAll => _read.HasAll;

    /// <summary>Whether a view may be updated without naming a component, and so every component.</summary>
    public bool CanUpdateAll => _update.HasAll;

    /// <summary>Whether random numbers are granted.</summary>
    public bool HasRandom { get; }

    /// <summary>Whether the time is granted, where it has to be.</summary>
    public bool HasTime { get; }

    /// <summary>Reads tokens. Equal tokens count once.</summary>
    /// <exception cref="FormatException">A token is none; the message says which and why.</exception>
    public static CapabilitySet Parse(IEnumerable<string> tokens) =>
        TryParse(tokens, out var capabilities, out var error) ? capabilities : throw new FormatException(error);

    /// <summary>Reads tokens. Equal tokens count once.</summary>
    /// <param name="tokens">The tokens.</param>
    /// <param name="capabilities">The set; null when a token is none.</param>
    /// <param name="error">One sentence about the first token that is none.</param>
    public static bool TryParse(
        IEnumerable<string> tokens,
        [NotNullWhen(true)] out CapabilitySet? capabilities,
        [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        var sorted = ImmutableSortedSet.CreateBuilder<string>(StringComparer.Ordinal);
        foreach (var token in tokens)
        {
            if (FaultOf(token) is { } fault)
            {
                (capabilities, error) = (null, fault);
                return false;
            }

            sorted.Add(token);
        }

        (capabilities, error) = (sorted.Count == 0 ? None : new CapabilitySet([.. sorted]), null);
        return true;
    }

    /// <summary>Whether a key of the state may be read.</summary>
    public bool CanRead(string key) => _read.Has(key);

    /// <summary>Whether a key of the state may be set and deleted.</summary>
    public bool CanWrite(string key) => _write.Has(key);

    /// <summary>Whether an event may be emitted.</summary>
    public bool CanEmit(string name) => _emit.Has(name);

    /// <summary>Whether a component may be updated.</summary>
    public bool CanUpdateView(string componentId) => _update.Has(componentId);

    /// <summary>Whether an extension may be called.</summary>
    public bool CanCall(string extension) => _call.Has(extension);

    /// <summary>The tokens, separated by spaces.</summary>
    public override string ToString() => string.Join(' ', Tokens);

    private static string? FaultOf(string? token)
    {
        if (token is Random or Time)
        {
            return null;
        }

        foreach (var family in Families)
        {
            if (token is not null && token.StartsWith(family, StringComparison.Ordinal))
            {
                return token.Length > family.Length ? null : $"The capability '{token}' lacks a name at its end; '*' stands for all.";
            }
        }

        return $"'{token}' is not a capability; there are state:read:KEY, state:write:KEY, events:emit:NAME, view:update:ID, "
            + "ext:NAME, crypto:random and time:now.";
    }

    // What is granted within one family.
    private sealed class Grants
    {
        private readonly HashSet<string>? _names;

        public Grants(ImmutableArray<string> tokens, string family)
        {
            foreach (var token in tokens)
            {
                if (token.StartsWith(family, StringComparison.Ordinal))
                {
                    var name = token[family.Length..];
                    HasAll |= name == "*";
                    (_names ??= new HashSet<string>(StringComparer.Ordinal)).Add(name);
                }
            }
        }

        public bool HasAll { get; }

        public bool Has(string name) => HasAll || (_names is not null && _names.Contains(name));
    }
}
