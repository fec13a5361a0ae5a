namespace Larder.Fuse.Serving;

/// <summary>Places in a thread's array of counts: one for each operation, then these.</summary>
internal static class Counters
{
    internal const int Opcodes = 64;
    internal const int Deferred = 64;
    internal const int Failures = 65;
    internal const int Malformed = 66;
    internal const int Unknown = 67;
    internal const int PassthroughOpens = 68;
    internal const int Interrupts = 69;
    internal const int Length = 70;
}
