using System.Text;
using Larder.Cache.Fingerprints;

namespace Larder.Tests.Node;

public sealed class BazelProtocolTests
{
    private static readonly byte[] File1 = Encoding.UTF8.GetBytes("the first output");
    private static readonly byte[] File2 = Encoding.UTF8.GetBytes("the second output");
    private static readonly string Action = new('1', 64);

    [Theory]
    [InlineData("")]
    [InlineData("/bazel/main")]
    [InlineData("/some/prefix")]
    public async Task Content_is_stored_and_returned_under_any_prefix(string prefix)
    {
        await using var node = await TestNode.StartAsync();

        var put = await PutContentAsync(node, File1, prefix);
        var hit = await node.GetAsync($"{prefix}/cas/{Fingerprint.OfContent(File1)}");

        Assert.Equal(201, put.Status);
        Assert.Equal(File1, hit.Body);
        Assert.Equal(File1.Length, hit.Length);
    }

    [Fact]
    public async Task Content_with_another_digest_is_refused_and_nothing_is_stored()
    {
        await using var node = await TestNode.StartAsync();
        var name = Fingerprint.OfContent(File2);

        var put = await node.PutAsync($"/cas/{name}", File1);

        Assert.Equal(400, put.Status);
        Assert.Equal(404, (await node.GetAsync($"/cas/{name}")).Status);
        Assert.Equal(404, (await node.GetAsync($"/cas/{Fingerprint.OfContent(File1)}")).Status);
    }

    [Fact]
    public async Task Content_of_no_bytes_is_always_present()
    {
        await using var node = await TestNode.StartAsync();
        var path = $"/cas/{Fingerprint.OfNothing}";

        var get = await node.GetAsync(path);
        var head = await node.HeadAsync(path);
        var put = await node.PutAsync(path, []);
        var wrong = await node.PutAsync(path, [1]);

        Assert.Equal((200, 0), (get.Status, get.Length));
        Assert.Equal(200, head.Status);
        Assert.Equal(200, put.Status);
        Assert.Equal(400, wrong.Status);
    }

    [Fact]
    public async Task A_result_is_given_out_only_while_all_its_files_are_here()
    {
        await using var node = await TestNode.StartAsync();
        byte[] result = [
            .. ProtobufBytes.OutputFile("a", File1),
            .. ProtobufBytes.OutputFile("b", File2),
            .. ProtobufBytes.Field(6, ProtobufBytes.Digest([])),
            .. ProtobufBytes.Field(8, ProtobufBytes.Digest([]))];
        Assert.Equal(201, (await PutActionAsync(node, result)).Status);

        var withNone = await node.GetAsync($"/ac/{Action}");
        await PutContentAsync(node, File1);
        var withOne = await node.GetAsync($"/ac/{Action}");
        await PutContentAsync(node, File2);
        var withBoth = await node.GetAsync($"/ac/{Action}");
        await node.DeleteAsync($"/cas/{Fingerprint.OfContent(File1)}");
        var afterLoss = await node.GetAsync($"/ac/{Action}");

        Assert.Equal(404, withNone.Status);
        Assert.Equal(404, withOne.Status);
        Assert.Equal(200, withBoth.Status);
        Assert.Equal(result, withBoth.Body);
        Assert.Equal(404, afterLoss.Status);
    }

    [Fact]
    public async Task A_result_with_a_directory_needs_its_tree_and_the_trees_files()
    {
        await using var node = await TestNode.StartAsync();
        var tree = ProtobufBytes.Tree(ProtobufBytes.DirectoryOf(File1), ProtobufBytes.DirectoryOf(File2));
        await PutActionAsync(node, ProtobufBytes.OutputDirectory("dir", tree));

        var withNothing = await node.GetAsync($"/ac/{Action}");
        await PutContentAsync(node, tree);
        await PutContentAsync(node, File1);
        var withoutChild = await node.GetAsync($"/ac/{Action}");
        await PutContentAsync(node, File2);
        var complete = await node.GetAsync($"/ac/{Action}");

        Assert.Equal(404, withNothing.Status);
        Assert.Equal(404, withoutChild.Status);
        Assert.Equal(200, complete.Status);
    }

    [Fact]
    public async Task Standard_output_counts_as_an_output_and_inline_content_needs_no_store()
    {
        await using var node = await TestNode.StartAsync();
        await PutActionAsync(node, [.. ProtobufBytes.InlineFile("a", File2), .. ProtobufBytes.Field(6, ProtobufBytes.Digest(File1))]);

        var without = await node.GetAsync($"/ac/{Action}");
        await PutContentAsync(node, File1);
        var with = await node.GetAsync($"/ac/{Action}");

        Assert.Equal(404, without.Status);
        Assert.Equal(200, with.Status);
    }

    [Fact]
    public async Task Results_belong_to_an_instance_and_content_to_all()
    {
        await using var node = await TestNode.StartAsync();
        await PutContentAsync(node, File1, "/bazel/one");

        await node.PutAsync($"/bazel/one/ac/{Action}", ProtobufBytes.OutputFile("a", File1));

        Assert.Equal(200, (await node.GetAsync($"/bazel/one/ac/{Action}")).Status);
        Assert.Equal(404, (await node.GetAsync($"/bazel/two/ac/{Action}")).Status);
        Assert.Equal(404, (await node.GetAsync($"/ac/{Action}")).Status);
        Assert.Equal(200, (await node.GetAsync($"/cas/{Fingerprint.OfContent(File1)}")).Status);
    }

    [Theory]
    [InlineData("not a message")]
    [InlineData("\u0012\u0004\u000a\u0001a")] // An output file whose inner message is cut short.
    public async Task A_malformed_result_is_refused(string body)
    {
        await using var node = await TestNode.StartAsync();

        var put = await PutActionAsync(node, Encoding.Latin1.GetBytes(body));

        Assert.Equal(400, put.Status);
        Assert.Equal(404, (await node.GetAsync($"/ac/{Action}")).Status);
    }

    [Theory]
    [InlineData("/ac/1234")]
    [InlineData("/cas/zz00000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("/cas/")]
    public async Task A_malformed_hash_is_said_to_be_one(string path)
    {
        await using var node = await TestNode.StartAsync();

        var answer = await node.GetAsync(path);

        Assert.Equal(400, answer.Status);
        Assert.Contains("64 hexadecimal digits", answer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Content_in_chunks_is_taken()
    {
        await using var node = await TestNode.StartAsync();
        var content = new byte[300_000];
        new Random(7).NextBytes(content);

        var put = await node.PutChunkedAsync($"/cas/{Fingerprint.OfContent(content)}", content);

        Assert.Equal(201, put.Status);
        Assert.Equal(content, (await node.GetAsync($"/cas/{Fingerprint.OfContent(content)}")).Body);
    }

    private static Task<RawAnswer> PutContentAsync(TestNode node, byte[] content, string prefix = "") =>
        node.PutAsync($"{prefix}/cas/{Fingerprint.OfContent(content)}", content);

    private static Task<RawAnswer> PutActionAsync(TestNode node, byte[] result) =>
        node.PutAsync($"/ac/{Action}", result);
}
