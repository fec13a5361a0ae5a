using System.Security.Cryptography;
using System.Text;
using Larder.Handlers.Engine;

namespace Larder.Tests.Handlers.Engine;

public sealed class HandlerScriptTests
{
    [Theory]
    [InlineData("return 1", "return 1")]
    [InlineData("a\r\nb\rc\nd", "a\nb\nc\nd")]
    [InlineData("a\r\r\n\r", "a\n\n\n")]
    [InlineData("\uFEFFreturn 1", "return 1")]
    [InlineData("#!/usr/bin/env larder\nreturn 1", "///usr/bin/env larder\nreturn 1")]
    [InlineData("\uFEFF#!x\r\ny", "//x\ny")]
    [InlineData(" #!x", " #!x")]
    [InlineData("'\u00e9\u20ac\U0001f600'\r\n", "'\u00e9\u20ac\U0001f600'\n")]
    public void A_source_is_wrapped_in_lines_of_its_own(string source, string body)
    {
        var script = Encoding.UTF8.GetString(HandlerScript.For(Encoding.UTF8.GetBytes(source)));

        Assert.Equal($"(async function handler() {{\n{body}\n}})", script);
    }

    [Fact]
    public void The_digest_is_that_of_the_source_as_utf8()
    {
        var source = "return '\u00e9\u20ac\U0001f600'";
        var large = string.Concat(Enumerable.Repeat(source, 5000));

        Assert.Equal(SHA256.HashData(Encoding.UTF8.GetBytes(source)), Digest(source, out var length));
        Assert.Equal(Encoding.UTF8.GetByteCount(source), length);
        Assert.Equal(SHA256.HashData(Encoding.UTF8.GetBytes(large)), Digest(large, out _));
    }

    [Fact]
    public void Half_a_surrogate_pair_is_not_text()
    {
        foreach (var source in new[] { "a\ud800", "\udc00b", "\udc00\ud800" })
        {
            Assert.False(HandlerScript.TryDigest(source, new byte[32], out _));
        }
    }

    private static byte[] Digest(string source, out int length)
    {
        var digest = new byte[32];
        Assert.True(HandlerScript.TryDigest(source, digest, out length));
        return digest;
    }
}
