namespace Larder.Cache.Memory;

/// <summary>
/// Which slots of one shard belong to which owner. Entries without an owner are not in it and cost nothing. Used
/// under the shard's lock.
/// </summary>
internal sealed class OwnerIndex
{
    private readonly Dictionary<string, HashSet<int>> _slots = new(StringComparer.Ordinal);
    private readonly Dictionary<int, string> _owners = [];

    /// <summary>How many slots have an owner.</summary>
    public int Count => _owners.Count;

    /// <summary>Makes <paramref name="owner"/> the owner of a slot; null takes the slot's owner away.</summary>
    public void Set(int slot, string? owner)
    {
        Remove(slot);
        if (owner is null)
        {
            return;
        }

        if (!_slots.TryGetValue(owner, out var slots))
        {
            _slots[owner] = slots = [];
        }

        slots.Add(slot);
        _owners[slot] = owner;
    }

    /// <summary>Forgets a slot.</summary>
    public void Remove(int slot)
    {
        if (!_owners.Remove(slot, out var owner))
        {
            return;
        }

        var slots = _slots[owner];
        slots.Remove(slot);
        if (slots.Count == 0)
        {
            _slots.Remove(owner);
        }
    }

    /// <summary>Adds the slots of an owner to <paramref name="destination"/>.</summary>
    public void CopySlots(string owner, List<int> destination)
    {
        if (_slots.TryGetValue(owner, out var slots))
        {
            destination.AddRange(slots);
        }
    }

    /// <summary>Throws unless exactly slots that <paramref name="lives"/> says live are indexed, both ways.</summary>
    public void CheckIntegrity(Func<int, bool> lives)
    {
        foreach (var (slot, owner) in _owners)
        {
            if (!lives(slot) || !_slots.TryGetValue(owner, out var slots) || !slots.Contains(slot))
            {
                throw new InvalidOperationException($"The owner index names slot {slot} wrongly.");
            }
        }

        if (_slots.Values.Sum(slots => slots.Count) != _owners.Count)
        {
            throw new InvalidOperationException("The owner index counts differ.");
        }
    }
}
