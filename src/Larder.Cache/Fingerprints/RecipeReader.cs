using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;
using Larder.Cache.Artifacts;

namespace Larder.Cache.Fingerprints;

/// <summary>
/// Walks over the encoding of a recipe without allocating, checking every length, limit and order on the way.
/// Whether a value is canonical for its type is left to <see cref="RecipeValue.Decode"/>.
/// </summary>
internal ref struct RecipeReader
{
    private readonly ReadOnlySpan<byte> _encoded;
    private ReadOnlySpan<byte> _lastName;
    private int _position;
    private int _left;

    public RecipeReader(ReadOnlySpan<byte> encoded) => _encoded = encoded;

    /// <summary>Why reading stopped; null after the last component of a well-formed encoding.</summary>
    public string? Problem { get; private set; }

    public bool TryReadHeader(out ArtifactKind kind, out uint formatVersion, out int count)
    {
        kind = default;
        formatVersion = 0;
        count = 0;
        if (_encoded.Length > Recipe.MaxEncodedBytes)
        {
            return Fail("it is too long");
        }

        if (!Recipe.HasMagic(_encoded, out _position))
        {
            return Fail("it does not begin as one");
        }

        if (!TryTake(1, out var kindLength) || !TryTake(kindLength[0], out var kindName))
        {
            return Fail("it ends in the kind");
        }

        if (!ArtifactKind.TryParse(Encoding.Latin1.GetString(kindName), out kind))
        {
            return Fail("its kind is not one");
        }

        if (!TryTake(sizeof(uint) + sizeof(ushort), out var numbers))
        {
            return Fail("it ends in the format version or the count");
        }

        formatVersion = BinaryPrimitives.ReadUInt32LittleEndian(numbers);
        count = _left = BinaryPrimitives.ReadUInt16LittleEndian(numbers[sizeof(uint)..]);
        return count <= Recipe.MaxComponents || Fail("it has too many components");
    }

    /// <summary>Reads on; false after the last component, or when there is a <see cref="Problem"/>.</summary>
    public bool TryReadComponent(out ReadOnlySpan<byte> name, out byte type, out Range value)
    {
        name = default;
        type = 0;
        value = default;
        if (_left == 0)
        {
            return _position != _encoded.Length && Fail("something follows the last component");
        }

        var nameStart = _position + 1;
        if (!TryTake(1, out var nameLength) || !TryTake(nameLength[0], out name))
        {
            return Fail("it ends in a component's name");
        }

        if (name.Length is 0 or > Recipe.MaxNameBytes || !Utf8.IsValid(name))
        {
            return Fail("a component's name is empty, too long or not UTF-8");
        }

        // Strictly ascending names: sorted, and no name twice.
        if (_lastName.SequenceCompareTo(name) >= 0)
        {
            return Fail("its components are not in ascending order of their names");
        }

        if (!TryTake(1 + sizeof(uint), out var header))
        {
            return Fail("it ends in a component's header");
        }

        type = header[0];
        var length = BinaryPrimitives.ReadUInt32LittleEndian(header[1..]);
        if (length > Recipe.MaxValueBytes)
        {
            return Fail("a value is too long");
        }

        var start = _position;
        if (!TryTake((int)length, out _))
        {
            return Fail("it ends in a value");
        }

        value = start.._position;
        _lastName = _encoded.Slice(nameStart, name.Length);
        _left--;
        return true;
    }

    private bool TryTake(int count, out ReadOnlySpan<byte> taken)
    {
        if (count > _encoded.Length - _position)
        {
            taken = default;
            return false;
        }

        taken = _encoded.Slice(_position, count);
        _position += count;
        return true;
    }

    private bool Fail(string problem)
    {
        Problem = problem;
        return false;
    }
}
