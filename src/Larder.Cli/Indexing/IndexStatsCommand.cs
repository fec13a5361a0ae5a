using System.CommandLine;
using System.Text;
using System.Text.Json;
using Larder.Cli.Handlers;
using Larder.Cli.Output;
using Larder.Indexer.State;
using Larder.Node.Indexing;

namespace Larder.Cli.Indexing;

/// <summary><c>larder index stats</c>: what an index holds.</summary>
internal static class IndexStatsCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new DocumentedCommand("stats", "Show what an index holds: heights, roots, keys, bytes; also while it runs.")
        {
            Examples =
            [
                ("larder index stats --dir idx", "of the last block"),
                ("larder index stats --dir idx --height 840000 --json", "the record of a block, for a program"),
            ],
        };
        var directory = IndexDirectoryOption.Create();
        var height = IndexDirectoryOption.Height();
        var json = IndexDirectoryOption.Json();
        command.Options.Add(directory);
        command.Options.Add(height);
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            var opened = IndexDirectory.Open(parsed.GetRequiredValue(directory));
            using var store = IndexStore.OpenReadOnly(opened.StateDirectory, new IndexStoreOptions());
            var block = parsed.GetValue(height) is { } asked
                ? store.Block(asked) ?? throw CommandException.NotFound($"Block {asked} is not there: the index has {Range(store)}.")
                : store.Tip;
            var statistics = store.GetStatistics();
            if (parsed.GetValue(json))
            {
                terminal.Say(Encoding.UTF8.GetString(HandlerCallJson.Write(writer => Write(writer, opened, store, statistics, block)).Span));
            }
            else
            {
                Print(terminal, opened, store, statistics, block);
            }

            return ExitCodes.Ok;
        });
        return command;
    }

    private static string Range(IndexStore store) => store.Tip is { } tip ? $"blocks {store.LowestHeight} to {tip.Height}" : "no blocks yet";

    private static void Write(Utf8JsonWriter writer, IndexDirectory directory, IndexStore store, IndexStoreStatistics statistics, BlockRecord? block)
    {
        writer.WriteStartObject();
        writer.WriteString("directory"u8, directory.Path);
        if (statistics.LowestHeight is { } lowest && statistics.TipHeight is { } tip)
        {
            writer.WriteNumber("lowestHeight"u8, lowest);
            writer.WriteNumber("tipHeight"u8, tip);
        }

        writer.WritePropertyName("block"u8);
        if (block is null)
        {
            writer.WriteNullValue();
        }
        else
        {
            IndexJson.Write(writer, block, store.Options.Prefixes ?? []);
        }

        writer.WriteNumber("keys"u8, statistics.Keys);
        writer.WriteNumber("stateBytes"u8, statistics.StateBytes);
        writer.WriteNumber("commits"u8, statistics.NextSequence - 1);
        writer.WriteNumber("unsweptCommits"u8, statistics.UnsweptCommits);
        writer.WriteStartArray("families"u8);
        foreach (var family in statistics.Families)
        {
            writer.WriteStartObject();
            writer.WriteString("name"u8, family.Name);
            writer.WriteNumber("entries"u8, family.Entries);
            writer.WriteNumber("bytes"u8, family.Bytes);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void Print(Terminal terminal, IndexDirectory directory, IndexStore store, IndexStoreStatistics statistics, BlockRecord? block)
    {
        terminal.Say($"{directory.Path}: {Range(store)}; {Format.Count(statistics.Keys, "key", "keys")} with {Format.Bytes(statistics.StateBytes)} at the tip");
        if (block is not null)
        {
            terminal.Say($"  block      {block.Height}  {block.Hash}");
            terminal.Say($"  root       {block.Root}");
            var prefixes = store.Options.Prefixes ?? [];
            for (var i = 0; i < prefixes.Count; i++)
            {
                terminal.Say($"  root of    {prefixes[i].Name}: {block.PrefixRoots[i]}");
            }

            terminal.Say($"  run        {Format.Count(block.Writes, "key", "keys")} written, {Format.Count(block.Run.Fuel)} fuel, {Format.Count(block.Run.MemoryPages)} pages of memory");
            terminal.Say($"  flushes    {block.Run.FlushDigest}");
        }

        var columns = new Columns("FAMILY", ">ENTRIES", ">BYTES");
        foreach (var family in statistics.Families)
        {
            columns.Add(family.Name, Format.Count(family.Entries), Format.Bytes(family.Bytes));
        }

        columns.Write(terminal);
    }
}
