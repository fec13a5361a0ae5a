using Larder.Handlers.Contract;

namespace Larder.Tests.Handlers.Compilation;

public sealed class CompileErrorTests : IAsyncDisposable
{
    private readonly CompilerFixture _fixture = new();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Theory]
    [InlineData("let a = 1;\nlet b = @;\n", 2, 9)]
    [InlineData("let a = 1;\r\nlet b = @;\r\n", 2, 9)]
    [InlineData("let a = 1;\rlet b = @;\r", 2, 9)]
    [InlineData("\tlet b = @;", 1, 10)]
    [InlineData("\t\t@", 1, 3)]
    [InlineData("let s = '\u00e9'; let b = @;", 1, 22)]
    [InlineData("let s = '\U0001f600\u00e9'; let b = @;", 1, 24)]
    [InlineData("let s = '\u20ac';\r\n  let \u00e9 = '\U0001f600' + @", 2, 18)]
    [InlineData("\uFEFFlet b = @;", 1, 9)]
    [InlineData("\uFEFF\nlet b = @;", 2, 9)]
    [InlineData("#!/usr/bin/env larder\nlet b = @;", 2, 9)]
    [InlineData("\uFEFF#! x\r\n\r\n@", 3, 1)]
    [InlineData("let x = `a\nb\r\nc\rd`; @", 4, 5)]
    [InlineData("/* a\n b\r\n c\r d */ @", 4, 7)]
    [InlineData("let a; let a;", 1, 13)]
    [InlineData("1 = 2;", 1, 5)]
    [InlineData("return 1 */", 1, 11)]
    [InlineData("let ab cd", 1, 8)]
    [InlineData("let r = /(/;", 1, 9)]
    [InlineData("return [\r\n  '\u20ac', /a[/]/, /[b-a]/gi, /)/]", 2, 16)]
    public async Task Errors_are_at_their_place_in_the_source(string source, int line, int column)
    {
        await using var cache = await _fixture.OpenAsync();
        await using var compiler = _fixture.Compiler(cache);

        var error = (await compiler.CompileAsync(source)).Error!;

        Assert.Equal(HandlerErrorCode.CompilationError, error.Code);
        Assert.Equal(new SourceLocation(line, column), error.Location);
        Assert.Equal(line, error.Snippet!.HighlightLine);
        Assert.Contains($">{line,5} | ", error.Snippet.Code, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("if (1) {", 1, 9)]
    [InlineData("foo(", 1, 5)]
    [InlineData("let a = 1;\nif (a) {\n", 3, 1)]
    public async Task What_is_not_closed_is_missing_at_the_end(string source, int line, int column)
    {
        await using var cache = await _fixture.OpenAsync();
        await using var compiler = _fixture.Compiler(cache);

        var error = (await compiler.CompileAsync(source)).Error!;

        Assert.Equal(new SourceLocation(line, column), error.Location);
        Assert.Contains("ends too early", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("} evil(); {")]
    [InlineData("}); evil(); (async function () {")]
    [InlineData("}(1), async function () {")]
    [InlineData("}, async function () {")]
    [InlineData("}[evil()] = async function () {")]
    [InlineData("} : evil(), async () => {")]
    [InlineData("} : 0 ? async () => {")]
    [InlineData("} : 0 }); evil(); (function () { 0 ? async () => {")]
    [InlineData("}`${evil()}`, async function () {")]
    [InlineData("} + async function () {")]
    [InlineData("}\n) ; evil() ; (function () {")]
    [InlineData("}\u2028); evil(); (async function () {")]
    [InlineData("/* } */ } /* ")]
    [InlineData("return `abc")]
    [InlineData("return 1 /* abc")]
    [InlineData("return '")]
    [InlineData("return /")]
    [InlineData("return 1 */")]
    [InlineData("*/ } evil() /*")]
    [InlineData("return `${`")]
    [InlineData("}")]
    [InlineData("{")]
    [InlineData(")")]
    [InlineData("import x from 'y'")]
    [InlineData("export default 1")]
    [InlineData("super.x")]
    public async Task A_source_that_is_no_body_is_refused(string source)
    {
        await using var cache = await _fixture.OpenAsync();
        await using var compiler = _fixture.Compiler(cache);

        var answer = await compiler.CompileAsync(source);

        Assert.Equal(HandlerErrorCode.CompilationError, answer.Error?.Code);
    }

    [Theory]
    [InlineData("return 1 //")]
    [InlineData("return 1 // }")]
    [InlineData("return 1 <!-- }")]
    [InlineData("return 1\n--> }")]
    [InlineData("#! }")]
    [InlineData("await 1; for await (const x of []) {} return 1")]
    [InlineData("var x = 1; function x() {} function x() {} return x")]
    [InlineData("return new.target")]
    [InlineData("return arguments.length")]
    [InlineData("'use strict'; return this")]
    [InlineData("return { a: 1 }.a, [`${'}'}`], /[}]/.test('}')")]
    [InlineData("const handler = 1; return handler")]
    [InlineData("l: { break l }")]
    [InlineData("class A { #x = 1; static { this.y = 1 } } return new A")]
    [InlineData("return async function* () { yield* [1n, ...[2n]] }")]
    [InlineData("let { a = 1, ...rest } = $args; return a ?? rest?.b")]
    [InlineData("return '\\u{1F600}' + `\r\n`")]
    public async Task A_source_that_is_a_body_is_taken_however_odd_it_looks(string source)
    {
        await using var cache = await _fixture.OpenAsync();
        await using var compiler = _fixture.Compiler(cache);

        var answer = await compiler.CompileAsync(source);

        Assert.Null(answer.Error);
    }

    [Fact]
    public async Task What_is_no_text_is_an_invalid_handler()
    {
        await using var cache = await _fixture.OpenAsync();
        await using var compiler = _fixture.Compiler(cache);

        foreach (var source in new[] { "", " \n\t", "return '\ud800'" })
        {
            Assert.Equal(HandlerErrorCode.InvalidHandler, (await compiler.CompileAsync(source)).Error?.Code);
        }

        Assert.Equal((3, 0), (compiler.Statistics().Misses, compiler.Statistics().Compilations));
    }

    [Fact]
    public async Task Sources_that_are_too_long_too_deep_or_too_slow_are_errors_and_leave_the_compiler_well()
    {
        await using var cache = await _fixture.OpenAsync();
        await using var compiler = _fixture.Compiler(cache, _fixture.Options with { MaxSourceBytes = 400_000 });

        var longOne = await compiler.CompileAsync("return '" + new string('\u20ac', 200_000) + "'");
        var deep = await compiler.CompileAsync("return " + new string('(', 150_000) + "1" + new string(')', 150_000));
        var nested = await compiler.CompileAsync(string.Concat(Enumerable.Repeat("function f(){", 25_000)));
        var good = await compiler.CompileAsync("return 1");

        Assert.Equal(HandlerErrorCode.InvalidHandler, longOne.Error?.Code);
        Assert.Equal(HandlerErrorCode.CompilationError, deep.Error?.Code);
        Assert.Equal(HandlerErrorCode.CompilationError, nested.Error?.Code);
        Assert.True(good.Succeeded);

        await using var hurried = _fixture.Compiler(cache, _fixture.Options with { Timeout = TimeSpan.FromMilliseconds(1), VersionTag = "hurried" });
        var slow = await hurried.CompileAsync(string.Concat(Enumerable.Repeat("x = [1, 2, { a: () => 1 }];\n", 30_000)));
        Assert.Equal(HandlerErrorCode.Timeout, slow.Error?.Code);
    }

    [Fact]
    public async Task Errors_are_remembered_for_a_while()
    {
        await using var cache = await _fixture.OpenAsync();
        await using var compiler = _fixture.Compiler(cache);

        var first = await compiler.CompileAsync("return (");
        var second = await compiler.CompileAsync("return (");
        _fixture.Time.Advance(TimeSpan.FromSeconds(6));
        var third = await compiler.CompileAsync("return (");

        Assert.Equal(first.Error, second.Error);
        Assert.Equal(first.Error!.Message, third.Error!.Message);
        var statistics = compiler.Statistics();
        Assert.Equal((2, 2, 1), (statistics.Compilations, statistics.FailedCompilations, statistics.RememberedErrors));
        Assert.Equal((0, 3), (statistics.Hits, statistics.Misses));
    }
}
