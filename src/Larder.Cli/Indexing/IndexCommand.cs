using System.CommandLine;

namespace Larder.Cli.Indexing;

/// <summary><c>larder index</c>: runs a WebAssembly module over blocks, and reads what it made of them.</summary>
internal static class IndexCommand
{
    public static Command Create(Terminal terminal) =>
        new DocumentedCommand("index", "Index blocks of a chain with a WebAssembly module, and ask what it made of them.")
        {
            IndexRunCommand.Create(terminal),
            IndexViewCommand.Create(terminal),
            IndexPreviewCommand.Create(terminal),
            IndexStatsCommand.Create(terminal),
            IndexVerifyCommand.Create(terminal),
            IndexRollbackCommand.Create(terminal),
            IndexPruneCommand.Create(terminal),
            IndexSnapshotCommand.Create(terminal),
        };
}
