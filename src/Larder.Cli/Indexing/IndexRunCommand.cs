using System.CommandLine;

namespace Larder.Cli.Indexing;

/// <summary><c>larder index run</c>: runs the module over blocks.</summary>
internal static class IndexRunCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new DocumentedCommand(
            "run",
            "Run a module over blocks and keep what it writes. May be ended at any time, and goes on from where it was: Ctrl+C lets the "
            + "block at hand be finished.")
        {
            Examples =
            [
                ("larder index run --module m.wasm --dir idx blocks/", "a directory of blocks; numbers in names are heights"),
                ("larder index run --dir idx", "later: the directory knows its module, settings and blocks"),
                ("larder index run --module m.wasm --dir idx a.hex b.hex --start-height 840000", "files in the order given"),
                ("zcat blocks.hex.gz | larder index run --dir idx -", "standard input, a block in hex on each line"),
                ("larder index run --module m.wasm --dir idx --rpc http://127.0.0.1:8332 --rpc-cookie ~/.bitcoin/.cookie", "follow a node, reorganisations too"),
                ("larder index run --dir idx --listen 127.0.0.1:8080", "and answer JSON-RPC meanwhile"),
                ("larder index run --module m.wasm --dir idx blocks/ --prefix-root balances:0x2f62616c/ --json", "a root for some keys; each block is a line"),
            ],
        };
        var options = IndexRunOptions.AddTo(command, terminal);
        command.SetAction((parsed, cancellationToken) => new IndexRun(terminal, options.Read(parsed)).RunAsync(cancellationToken));
        return command;
    }
}
