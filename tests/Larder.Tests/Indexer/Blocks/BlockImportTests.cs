using Larder.Indexer;
using Larder.Indexer.Blocks;
using Larder.Tests.Indexer.Blocks.Support;

namespace Larder.Tests.Indexer.Blocks;

public sealed class BlockImportTests : IDisposable
{
    private static readonly List<byte[]> Chain = BlockBuilder.Chain(10);

    private readonly BlockFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Blocks_that_do_not_follow_one_another_are_taken_unless_they_must()
    {
        string[] paths = [_folder.Raw("a", Chain[0]), _folder.Raw("b", Chain[5]), _folder.Raw("c", Chain[9])];
        var index = new ChainIndex();

        await ImportAsync(index, paths);
        Assert.Equal(2u, index.Tip!.Height);

        var linked = new ChainIndex();
        var e = await Assert.ThrowsAsync<IndexerException>(() => ImportAsync(linked, paths, new BlockImportOptions { IsLinked = true }));
        Assert.Equal(IndexerErrorKind.BadBlock, e.Kind);
        Assert.Contains($"b follows {BlockBuilder.NameOf(Chain[4])}", e.Message, StringComparison.Ordinal);
        Assert.Equal(0u, linked.Tip!.Height);
    }

    [Fact]
    public async Task A_second_run_passes_over_what_the_index_has()
    {
        var text = string.Join('\n', Chain.Select(Convert.ToHexStringLower));
        var index = new ChainIndex();
        await ImportAsync(index, [_folder.Text("x", text[..text.IndexOf('\n', 3000)])], new BlockImportOptions { StartHeight = 100 });
        var first = index.Tip!.Height;

        var import = await ImportAsync(index, [_folder.Text("x", text)]);

        Assert.Equal(109u, index.Tip!.Height);
        Assert.Equal((first - 99, 109 - first), (import.Passed, import.State.Blocks));
    }

    [Fact]
    public async Task Other_files_go_on_above_the_tip()
    {
        var index = new ChainIndex();
        await ImportAsync(index, [_folder.Raw("a", Chain[0])], new BlockImportOptions { StartHeight = 7 });

        await ImportAsync(index, [_folder.Raw("b", Chain[1])]);

        Assert.Equal((8u, BlockBuilder.NameOf(Chain[1])), (index.Tip!.Height, index.Tip.Hash.ToString()));
    }

    [Fact]
    public async Task Another_block_at_a_height_that_the_index_has_is_refused()
    {
        var index = new ChainIndex();
        await ImportAsync(index, [_folder.Raw("a", Chain[0]), _folder.Raw("b", Chain[1])]);

        var e = await Assert.ThrowsAsync<IndexerException>(() =>
            ImportAsync(index, [_folder.Raw("a", Chain[0]), _folder.Raw("b", Chain[2])], new BlockImportOptions { StartHeight = 0 }));

        Assert.Contains("Roll the index back", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Heights_with_a_gap_are_refused_with_what_to_do()
    {
        _folder.Raw("0.bin", Chain[0]);
        _folder.Raw("170.bin", Chain[1]);
        var index = new ChainIndex();

        var e = await Assert.ThrowsAsync<IndexerException>(() => ImportAsync(index, [_folder.Path]));

        Assert.Contains("of height 170, and the index continues with 1", e.Message, StringComparison.Ordinal);
        Assert.Equal(0u, index.Tip!.Height);
    }

    [Fact]
    public async Task It_stops_at_the_height_that_is_given()
    {
        var index = new ChainIndex();

        await ImportAsync(index, [_folder.Text("x", string.Join('\n', Chain.Select(Convert.ToHexStringLower)))], new BlockImportOptions { StopHeight = 4 });

        Assert.Equal(4u, index.Tip!.Height);
    }

    [Fact]
    public async Task A_damaged_block_ends_it_with_the_blocks_before_it()
    {
        var index = new ChainIndex();

        var e = await Assert.ThrowsAsync<IndexerException>(() =>
            ImportAsync(index, [_folder.Raw("a", Chain[0]), _folder.Raw("b", Chain[1][..^1]), _folder.Raw("c", Chain[2])]));

        Assert.Equal(IndexerErrorKind.BadBlock, e.Kind);
        Assert.Contains("b: The block of ", e.Message, StringComparison.Ordinal);
        Assert.Equal(0u, index.Tip!.Height);
    }

    private static async Task<BlockImport> ImportAsync(ChainIndex index, string[] paths, BlockImportOptions? options = null)
    {
        await using var source = BlockSources.Open(paths, new BlockSourceOptions(), cancellationToken: Token);
        var import = new BlockImport(index, source, options ?? new BlockImportOptions());
        await import.RunAsync(Token);
        return import;
    }
}
