using System.Text;
using System.Text.Json;
using Larder.Indexer;
using Larder.Indexer.State;
using Larder.Node.Indexing;
using Larder.Tests.Indexer.Guests;

namespace Larder.Tests.Node.Indexing;

/// <summary>The JSON-RPC of an index, request by request.</summary>
public sealed class IndexRpcTests : IDisposable
{
    private readonly BlockIndexer _index = BlockIndexer.Open(new BlockIndexerOptions
    {
        Module = Module(),
        Cache = null,
        Store = new IndexStoreOptions { Prefixes = [new KeyPrefix("all", "k"u8.ToArray()), new KeyPrefix("none", "z"u8.ToArray())] },
    });

    private readonly IndexRpc _rpc;

    public IndexRpcTests()
    {
        for (var height = 5u; height < 8; height++)
        {
            _index.ProcessBlock(height, Hash(height), Hash(height - 1), new byte[] { 1 }, TestContext.Current.CancellationToken);
        }

        _rpc = new IndexRpc(_index, new IndexRpcOptions { MaxBatch = 3, MaxBatchAnswerBytes = 150 });
    }

    public void Dispose() => _index.Dispose();

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"metashrew_height","params":[]}""", "7")]
    [InlineData("""{"id":1,"method":"metashrew_height"}""", "7")]
    [InlineData("""{"id":1,"method":"metashrew_height","params":null}""", "7")]
    [InlineData("""{"id":1,"method":"metashrew_view","params":["word","0x","latest"]}""", "0x776f7264")]
    [InlineData("""{"id":1,"method":"metashrew_view","params":["word","0xAbCd"]}""", "0x776f7264")]
    [InlineData("""{"id":1,"method":"metashrew_view","params":["word","abcd",6]}""", "0x776f7264")]
    [InlineData("""{"id":1,"method":"metashrew_view","params":["word","","5"]}""", "0x776f7264")]
    [InlineData("""{"id":1,"method":"metashrew_preview","params":["0x00","word","0x","latest"]}""", "0x776f7264")]
    [InlineData("""{"id":1,"method":"metashrew_getblockhash","params":[6]}""", "0x0000000000000000000000000000000000000000000000000000000000000006")]
    public async Task Methods_answer_with_texts(string request, string expected)
    {
        var answer = await AskAsync(request);

        Assert.Equal("2.0", answer.GetProperty("jsonrpc").GetString());
        Assert.Equal(1, answer.GetProperty("id").GetInt32());
        Assert.Equal(expected, answer.GetProperty("result").GetString());
    }

    [Fact]
    public async Task Roots_are_those_of_the_records()
    {
        Assert.Equal("0x" + _index.Tip!.Root, await ResultAsync("metashrew_stateroot", "\"latest\""));
        Assert.Equal("0x" + _index.Store.Block(5)!.Root, await ResultAsync("metashrew_stateroot", "5"));
        Assert.Equal("0x" + _index.Tip.PrefixRoots[0], await ResultAsync("metashrew_prefixroot", "\"all\""));
        Assert.Equal("0x" + new string('0', 64), await ResultAsync("metashrew_prefixroot", "\"none\", 6"));
    }

    [Theory]
    [InlineData("{", -32700, "not JSON")]
    [InlineData("""{"id":1,"id":2,"method":"metashrew_height"}""", -32700, "not JSON")]
    [InlineData("7", -32600, "is an object")]
    [InlineData("[]", -32600, "at least one call")]
    [InlineData("[1,2,3,4]", -32600, "at most 3 calls")]
    [InlineData("""{"id":1}""", -32600, "'method' must be a text")]
    [InlineData("""{"id":1,"method":7}""", -32600, "'method' must be a text")]
    [InlineData("""{"id":{},"method":"metashrew_height"}""", -32600, "'id' must be")]
    [InlineData("""{"jsonrpc":"1.0","id":1,"method":"metashrew_height"}""", -32600, "'jsonrpc' must be \"2.0\"")]
    [InlineData("""{"id":1,"method":"eth_call"}""", -32601, "no method 'eth_call'")]
    [InlineData("""{"id":1,"method":"metashrew_height","params":{}}""", -32602, "must be an array")]
    [InlineData("""{"id":1,"method":"metashrew_height","params":[1]}""", -32602, "takes no parameters; there are 1")]
    [InlineData("""{"id":1,"method":"metashrew_view","params":[]}""", -32602, "Parameter 1 of metashrew_view, the view, is missing")]
    [InlineData("""{"id":1,"method":"metashrew_view","params":["word"]}""", -32602, "Parameter 2 of metashrew_view, the input, is missing")]
    [InlineData("""{"id":1,"method":"metashrew_view","params":["word",7]}""", -32602, "the input, must be a text of hex digits")]
    [InlineData("""{"id":1,"method":"metashrew_view","params":["word","0x0"]}""", -32602, "whole bytes in hex")]
    [InlineData("""{"id":1,"method":"metashrew_view","params":["word","0xzz"]}""", -32602, "hex digits")]
    [InlineData("""{"id":1,"method":"metashrew_view","params":["word","0x","soon"]}""", -32602, "a block's number, or \"latest\"")]
    [InlineData("""{"id":1,"method":"metashrew_view","params":["word","0x",-1]}""", -32602, "a block's number")]
    [InlineData("""{"id":1,"method":"metashrew_view","params":["word","0x",1.5]}""", -32602, "a block's number")]
    [InlineData("""{"id":1,"method":"metashrew_view","params":["word","0x",6,7]}""", -32602, "at most 3; there are 4")]
    [InlineData("""{"id":1,"method":"metashrew_getblockhash"}""", -32602, "the height, is missing")]
    [InlineData("""{"id":1,"method":"metashrew_prefixroot","params":["some"]}""", -32602, "those with roots are all, none")]
    [InlineData("""{"id":1,"method":"metashrew_view","params":["word","0x",4]}""", -32000, "Block 4 is not there")]
    [InlineData("""{"id":1,"method":"metashrew_stateroot","params":[8]}""", -32000, "Block 8 is not there")]
    [InlineData("""{"id":1,"method":"metashrew_view","params":["other","0x"]}""", -32000, "other")]
    [InlineData("""{"id":1,"method":"metashrew_view","params":["trap","0x"]}""", -32000, "unreachable")]
    public async Task What_is_wrong_has_its_code_and_a_sentence(string request, int code, string expected)
    {
        var answer = await AskAsync(request);

        Assert.False(answer.TryGetProperty("result", out _));
        Assert.Equal(code, answer.GetProperty("error").GetProperty("code").GetInt32());
        Assert.Contains(expected, answer.GetProperty("error").GetProperty("message").GetString(), StringComparison.OrdinalIgnoreCase);
        Assert.Equal(code is -32000, answer.GetProperty("error").TryGetProperty("data", out _));
        Assert.True(answer.TryGetProperty("id", out _));
    }

    [Fact]
    public async Task Calls_of_a_batch_are_answered_in_order_and_notifications_are_not()
    {
        var answer = await AskAsync("""[{"id":"a","method":"metashrew_height"},{"method":"metashrew_height"},{"id":null,"method":"none"}]""");

        Assert.Equal(2, answer.GetArrayLength());
        Assert.Equal(("a", "7"), (answer[0].GetProperty("id").GetString(), answer[0].GetProperty("result").GetString()));
        Assert.Equal(JsonValueKind.Null, answer[1].GetProperty("id").ValueKind);
        Assert.True((await _rpc.AnswerAsync("""{"method":"metashrew_height"}"""u8.ToArray(), TestContext.Current.CancellationToken)).IsEmpty);
        Assert.True((await _rpc.AnswerAsync("""[{"method":"metashrew_height"}]"""u8.ToArray(), TestContext.Current.CancellationToken)).IsEmpty);
    }

    [Fact]
    public async Task A_batch_stops_where_its_answers_become_too_long()
    {
        const string Call = """{"id":1,"method":"metashrew_stateroot"}""";

        var answer = await AskAsync($"[{Call},{Call},{Call}]");

        Assert.True(answer[0].TryGetProperty("result", out _));
        Assert.Contains("ask in another request", answer[2].GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_empty_index_says_so()
    {
        using var index = BlockIndexer.Open(new BlockIndexerOptions { Module = Module(), Cache = null });
        var answer = await new IndexRpc(index).AnswerAsync("""{"id":1,"method":"metashrew_height"}"""u8.ToArray(), TestContext.Current.CancellationToken);

        Assert.Contains("Nothing is indexed yet", Encoding.UTF8.GetString(answer.Span), StringComparison.Ordinal);
    }

    // Every block writes k; the views are word, which says a word, and trap.
    private static byte[] Module() => new GuestBuilder()
        .Buffer(100, Guest.Message("k", "v"))
        .Buffer(200, Guest.Bytes("word"))
        .Block(static code => code.Call(GuestBuilder.Flush, 100))
        .View("word", static code => code.I32(200))
        .View("trap", static code => code.Op(Larder.Wasm.Modules.Opcode.Unreachable))
        .Build();

    private static BlockHash Hash(uint number)
    {
        var bytes = new byte[BlockHash.Size];
        bytes[0] = (byte)number;
        return new BlockHash(bytes);
    }

    private async Task<string?> ResultAsync(string method, string parameters) =>
        (await AskAsync($$"""{"id":1,"method":"{{method}}","params":[{{parameters}}]}""")).GetProperty("result").GetString();

    private async Task<JsonElement> AskAsync(string request)
    {
        var answer = await _rpc.AnswerAsync(Encoding.UTF8.GetBytes(request), TestContext.Current.CancellationToken);
        return JsonElement.Parse(answer.Span);
    }
}
