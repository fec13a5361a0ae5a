using System.Collections.Immutable;

namespace Larder.Wasm.Modules;

/// <summary>The parameters and results of a function. Two are equal when their types are equal in order.</summary>
public sealed class FunctionType : IEquatable<FunctionType>
{
    private readonly int _hash;

    /// <summary>Creates the type.</summary>
    public FunctionType(ImmutableArray<WasmType> parameters, ImmutableArray<WasmType> results)
    {
        Parameters = parameters.IsDefault ? [] : parameters;
        Results = results.IsDefault ? [] : results;
        var hash = new HashCode();
        hash.Add(Parameters.Length);
        foreach (var type in Parameters)
        {
            hash.Add((int)type);
        }

        foreach (var type in Results)
        {
            hash.Add((int)type);
        }

        _hash = hash.ToHashCode();
    }

    /// <summary>Types of the parameters, in order.</summary>
    public ImmutableArray<WasmType> Parameters { get; }

    /// <summary>Types of the results, in order.</summary>
    public ImmutableArray<WasmType> Results { get; }

    /// <inheritdoc/>
    public bool Equals(FunctionType? other) =>
        other is not null
        && (ReferenceEquals(this, other)
            || (_hash == other._hash
                && Parameters.AsSpan().SequenceEqual(other.Parameters.AsSpan())
                && Results.AsSpan().SequenceEqual(other.Results.AsSpan())));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as FunctionType);

    /// <inheritdoc/>
    public override int GetHashCode() => _hash;

    /// <summary>The type in the text format's words, for messages: <c>(i32 i64) -> (f32)</c>.</summary>
    public override string ToString() => $"({Join(Parameters)}) -> ({Join(Results)})";

    private static string Join(ImmutableArray<WasmType> types) =>
        string.Join(' ', types.Select(type => type.ToText()));
}
