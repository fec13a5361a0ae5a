using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Larder.Cli.Handlers;
using Larder.Cli.Output;
using Larder.Indexer;
using Larder.Indexer.Blocks;
using Larder.Indexer.Caching;
using Larder.Node.Indexing;

namespace Larder.Cli.Indexing;

/// <summary>
/// Shows how an index gets on: lines of JSON for programs; for people a line that is written over on a terminal, else one
/// every ten seconds.
/// </summary>
/// <remarks>Called by the thread that indexes; <see cref="State"/> may be read by any.</remarks>
internal sealed class IndexProgress(Terminal terminal, BlockIndexer index, IBlockSource source, bool isJson)
{
    private static readonly TimeSpan TerminalInterval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LineInterval = TimeSpan.FromSeconds(10);

    private readonly Stopwatch _sinceLine = Stopwatch.StartNew();
    private readonly Stopwatch _total = Stopwatch.StartNew();
    private readonly Lock _gate = new();
    private volatile FollowerState _state = new();
    private uint? _first;
    private int _width;

    public FollowerState State => _state;

    public string Source => source.Description;

    /// <summary>Takes the next state.</summary>
    public void Report(FollowerState state)
    {
        var before = _state;
        _state = state;
        if (state.ReorganisationCount > before.ReorganisationCount)
        {
            Tell(state.Reorganisations[0]);
        }

        if (state.Failure is { } failure && state.Phase == FollowerPhase.WaitingForNode && failure != before.Failure)
        {
            Wait(failure);
        }

        if (state.Blocks > before.Blocks)
        {
            _first ??= index.Tip?.Height;
            Block(state.Bytes - before.Bytes, state.Busy - before.Busy);
        }
        else if (isJson && state.Phase == FollowerPhase.AtTip && before.Phase != FollowerPhase.AtTip)
        {
            Say("atTip", writer => writer.WriteNumber("height"u8, index.Tip?.Height ?? 0));
        }

        Show();
    }

    /// <summary>Says what was done before the run failed, if that is anything.</summary>
    public void Fail()
    {
        if (isJson || _state.Blocks > 0)
        {
            End();
        }
        else
        {
            Clear();
        }
    }

    /// <summary>Says what was done.</summary>
    public void End()
    {
        var state = _state;
        if (isJson)
        {
            Say("end", writer =>
            {
                writer.WriteNumber("blocks"u8, state.Blocks);
                writer.WriteNumber("bytes"u8, state.Bytes);
                writer.WriteNumber("seconds"u8, _total.Elapsed.TotalSeconds);
                writer.WriteNumber("reorganisations"u8, state.ReorganisationCount);
                if (index.GetStatistics().Cache?.Of(CachePartition.Main) is { } cache)
                {
                    writer.WriteNumber("cacheLookups"u8, cache.Lookups);
                    writer.WriteNumber("cacheHits"u8, cache.Hits);
                }

                if (index.Cache is { IsDebugging: true } reported)
                {
                    IndexJson.WriteCache(writer, reported.GetStatistics(), reported.GetKeyPrefixReport());
                }

                writer.WritePropertyName("tip"u8);
                if (index.Tip is { } tip)
                {
                    IndexJson.Write(writer, tip, index.Store.Options.Prefixes ?? []);
                }
                else
                {
                    writer.WriteNullValue();
                }
            });
            return;
        }

        Clear();
        var range = state.Blocks == 0 ? "no new block" : $"{Format.Count(state.Blocks, "block", "blocks")} from height {_first} of {Format.Bytes(state.Bytes)}";
        terminal.Say($"{range} in {Format.Duration(_total.Elapsed)}"
            + (state.ReorganisationCount > 0 ? $"; {Format.Count(state.ReorganisationCount, "reorganisation", "reorganisations")}" : string.Empty)
            + (index.Tip is { } last ? $"; the tip is block {last.Height}, root {last.Root}" : string.Empty));
        if (index.Cache is { IsDebugging: true } reported)
        {
            terminal.Out.WriteLine();
            terminal.Out.Write(reported.GetMemoryReport());
            terminal.Out.Write(reported.GetKeyPrefixReport()?.ToString());
        }

        terminal.Out.Flush();
    }

    /// <summary>Prints one event as a line of JSON.</summary>
    public void Say(string name, Action<Utf8JsonWriter> write)
    {
        lock (_gate)
        {
            terminal.Say(Encoding.UTF8.GetString(HandlerCallJson.Write(writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("event"u8, name);
                write(writer);
                writer.WriteEndObject();
            }).Span));
            terminal.Out.Flush();
        }
    }

    private void Block(long bytes, TimeSpan time)
    {
        if (!isJson || index.Tip is not { } tip)
        {
            return;
        }

        Say("block", writer =>
        {
            writer.WriteNumber("bytes"u8, bytes);
            writer.WriteNumber("seconds"u8, time.TotalSeconds);
            writer.WritePropertyName("block"u8);
            IndexJson.Write(writer, tip, index.Store.Options.Prefixes ?? []);
        });
    }

    private void Tell(Reorganisation seen)
    {
        if (isJson)
        {
            Say("reorganisation", writer =>
            {
                writer.WriteNumber("ancestor"u8, seen.Ancestor);
                writer.WriteNumber("depth"u8, seen.Depth);
                writer.WriteString("oldTip"u8, seen.OldTip.ToString());
            });
            return;
        }

        Clear();
        terminal.Remark($"larder: the chain changed its branch: {Format.Count(seen.Depth, "block", "blocks")} taken back to block {seen.Ancestor}.");
    }

    private void Wait(string failure)
    {
        if (isJson)
        {
            Say("waiting", writer => writer.WriteString("failure"u8, failure));
            return;
        }

        Clear();
        terminal.Warn($"{failure} It is asked again.");
    }

    private void Show()
    {
        if (isJson || _sinceLine.Elapsed < (terminal.ErrorIsTerminal ? TerminalInterval : LineInterval))
        {
            return;
        }

        _sinceLine.Restart();
        var line = Line();
        if (!terminal.ErrorIsTerminal)
        {
            terminal.Remark(line);
            return;
        }

        terminal.Error.Write('\r' + line + new string(' ', Math.Max(0, _width - line.Length)));
        terminal.Error.Flush();
        _width = line.Length;
    }

    private string Line()
    {
        var state = _state;
        var seconds = Math.Max(state.Busy.TotalSeconds, 0.001);
        var text = $"height {index.Tip?.Height.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "–"}: "
            + $"{Format.Rate(state.Blocks / seconds)} blocks, {Format.Bytes(state.Bytes / seconds)}/s, {Format.Count(state.Blocks)} indexed";
        if (Left() is { } left && state.Blocks > 0)
        {
            text += $", {Format.Count(left)} left ({Format.Duration(TimeSpan.FromSeconds(Math.Min(left * seconds / state.Blocks, 1e8)))})";
        }

        if (index.GetStatistics().Cache?.Of(CachePartition.Main) is { Lookups: > 0 } cache)
        {
            text += $", cache hits {Format.Ratio(cache.Hits, cache.Lookups)}";
        }

        return state.Phase == FollowerPhase.AtTip ? text + ", at the tip" : text;
    }

    private long? Left() => _state.SourceHeight is { } height ? Math.Max(0, height - (index.Tip?.Height ?? 0L))
        : source.Count is { } count ? Math.Max(0, count - _state.Blocks)
        : null;

    private void Clear()
    {
        if (_width > 0)
        {
            terminal.Error.Write('\r' + new string(' ', _width) + '\r');
            terminal.Error.Flush();
            _width = 0;
        }
    }
}
