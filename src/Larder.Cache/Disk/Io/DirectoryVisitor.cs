namespace Larder.Cache.Disk.Io;

/// <summary>Receives one name of a directory; returns false to stop.</summary>
internal delegate bool DirectoryVisitor<in TState>(TState state, ReadOnlySpan<char> name, DirectoryEntryType type);
