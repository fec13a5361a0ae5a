using Larder.Wasm.Modules;

namespace Larder.Indexer.Guests;

/// <summary>The memory that a module is given, worked out from what it says and what its profile says.</summary>
/// <param name="InitialPages">Pages that it begins with, all counted.</param>
/// <param name="MaximumPages">Pages at which growing is refused.</param>
/// <param name="HeapBase">The global that is moved and its new value; null when none is.</param>
internal sealed record MemoryPlan(uint InitialPages, uint MaximumPages, (int Global, uint Value)? HeapBase)
{
    // A module that wants 4 GiB must say so.
    private const uint MostUndeclaredPages = MemoryProfile.MostPages - 1;

    /// <summary>Works it out for a valid module with one memory.</summary>
    /// <exception cref="GuestDataException">The module cannot have that memory; the text says why and what to do.</exception>
    public static MemoryPlan Create(WasmModule module, MemoryProfile profile)
    {
        var declared = module.Memories[0].Limits;
        var least = (uint)declared.Minimum;
        var most = declared.Maximum is { } maximum ? (uint)maximum : Math.Max(MostUndeclaredPages, least);
        var initial = profile.InitialPages ?? least;
        if (initial < least)
        {
            throw new GuestDataException(
                $"its memory begins with {least} pages, and the profile gives it {initial}; raise {nameof(profile.InitialPages)}");
        }

        var limit = profile.MaximumPages ?? most;
        if (limit > most)
        {
            throw new GuestDataException(
                $"its memory may have {most} pages, and the profile gives it {limit}; lower {nameof(profile.MaximumPages)}");
        }

        if (limit < initial || limit - initial < profile.PreallocatedPages)
        {
            var origin = profile.MaximumPages is null ? "the module" : $"the profile's {nameof(profile.MaximumPages)}";
            var preallocated = profile.PreallocatedPages == 0 ? "" : $" and {profile.PreallocatedPages} preallocated";
            var advice = profile.PreallocatedPages == 0
                ? $"change {nameof(profile.InitialPages)} or {nameof(profile.MaximumPages)}"
                : $"lower {nameof(profile.PreallocatedPages)}, or build the module with a larger maximum";
            throw new GuestDataException(
                $"{initial} pages to begin with{preallocated} do not fit into the {limit} that {origin} allows; {advice}");
        }

        RequireData(module, initial);
        return new MemoryPlan(
            initial + profile.PreallocatedPages, limit, profile.PreallocatedPages == 0 ? null : HeapPlacement.Move(module, profile));
    }

    // What the engine would find when an instance starts.
    private static void RequireData(WasmModule module, uint pages)
    {
        foreach (var segment in module.Data)
        {
            if (HeapPlacement.End(segment) is { } end && end > (ulong)pages * MemoryProfile.PageBytes)
            {
                throw new GuestDataException(
                    $"its data reach to address {end}, beyond the {pages} pages that its memory begins with");
            }
        }
    }
}
