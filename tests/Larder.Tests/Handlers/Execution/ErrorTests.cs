using Larder.Handlers.Contract;

namespace Larder.Tests.Handlers.Execution;

/// <summary>What a handler does wrong ends as the right code, with the place in its own source.</summary>
public sealed class ErrorTests(RuntimeFixture fixture)
{
    [Theory]
    [InlineData("throw new Error('boom')", HandlerErrorCode.ExecutionError, "boom")]
    [InlineData("return missing", HandlerErrorCode.ExecutionError, "ReferenceError: missing is not defined")]
    [InlineData("null.x", HandlerErrorCode.ExecutionError, "TypeError: cannot read property 'x' of null")]
    [InlineData("throw 'text'", HandlerErrorCode.ExecutionError, "text")]
    [InlineData("throw 42", HandlerErrorCode.ExecutionError, "42")]
    [InlineData("throw null", HandlerErrorCode.ExecutionError, "null")]
    [InlineData("throw undefined", HandlerErrorCode.ExecutionError, "undefined")]
    [InlineData("throw { a: 1 }", HandlerErrorCode.ExecutionError, "{\"a\":1}")]
    [InlineData("throw Symbol('s')", HandlerErrorCode.ExecutionError, "Symbol(s)")]
    [InlineData("throw 10n", HandlerErrorCode.ExecutionError, "10")]
    [InlineData("throw () => 1", HandlerErrorCode.ExecutionError, "function")]
    [InlineData("const e = new Error('x'); Object.defineProperty(e, 'message', { get() { throw 1 } }); throw e", HandlerErrorCode.ExecutionError, "something that has no text")]
    [InlineData("const o = { toString() { throw 1 }, toJSON() { throw 2 } }; throw o", HandlerErrorCode.ExecutionError, "something that has no text")]
    [InlineData("await Promise.reject(new Error('later'))", HandlerErrorCode.ExecutionError, "later")]
    [InlineData("await new Promise(() => {})", HandlerErrorCode.ExecutionError, "waits for a promise that nothing settles")]
    [InlineData("return 10n", HandlerErrorCode.SerializationError, "BigInt")]
    [InlineData("const a = {}; a.a = a; return a", HandlerErrorCode.SerializationError, "circular")]
    [InlineData("return () => 1", HandlerErrorCode.SerializationError, "function")]
    [InlineData("return { toJSON() { throw new Error('no') } }", HandlerErrorCode.SerializationError, "no")]
    [InlineData("$state.x = 10n", HandlerErrorCode.SerializationError, "$state.x")]
    [InlineData("const a = []; a.push(a); $emit('e', a)", HandlerErrorCode.SerializationError, "the payload of e")]
    [InlineData("$state.x = () => 1", HandlerErrorCode.SerializationError, "function")]
    [InlineData("let a = []; for (let i = 0; i < 100; i++) a = [a]; return a", HandlerErrorCode.SerializationError, "nested deeper")]
    [InlineData("$state.set(1, 2)", HandlerErrorCode.InvalidArgument, "a state key must be a string")]
    [InlineData("$state['x'.repeat(5000)]", HandlerErrorCode.InvalidArgument, "at most 4096")]
    [InlineData("$emit('x'.repeat(2e6))", HandlerErrorCode.InvalidArgument, "at most 4096")]
    [InlineData("$emit()", HandlerErrorCode.InvalidArgument, "the name of an event")]
    [InlineData("$view.focus(7)", HandlerErrorCode.InvalidArgument, "the id of a component")]
    [InlineData("await $ext.none.get()", HandlerErrorCode.ExtensionNotFound, "'none'")]
    [InlineData("await $ext.http.none()", HandlerErrorCode.MethodNotFound, "'none'")]
    [InlineData("", HandlerErrorCode.InvalidHandler, "empty")]
    [InlineData("return 1 +", HandlerErrorCode.CompilationError, "")]
    [InlineData("return }; {", HandlerErrorCode.CompilationError, "")]
    [InlineData("const x = ;", HandlerErrorCode.CompilationError, "")]
    public async Task Each_mistake_has_its_code(string source, HandlerErrorCode code, string message)
    {
        var result = await fixture.RunAsync(source);

        Assert.Equal(HandlerStatus.Error, result.Status);
        Assert.Equal(code, result.Error!.Code);
        Assert.Contains(message, result.Error.Message, StringComparison.Ordinal);
        Assert.Null(result.ReturnValue);
    }

    [Fact]
    public async Task The_place_is_that_in_the_source()
    {
        var result = await fixture.RunAsync(
            """
            const a = 1;

            function inner(value) {
              return value.x.y;
            }
            function outer() { return inner({}); }
            $log(outer());
            """);

        Assert.Equal(new SourceLocation(4, 10), result.Error?.Location);
        Assert.Equal(
            "    at inner (handler.js:4:10)\n    at outer (handler.js:6:27)\n    at handler (handler.js:7:6)",
            result.Error?.Stack);
        Assert.Equal(4, result.Error?.Snippet?.HighlightLine);
        Assert.Contains(">    4 |   return value.x.y;", result.Error!.Snippet!.Code, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("const é = '日本'; null.x", 1, 17)]
    [InlineData("\r\n\r\n  throw new Error('x')", 3, 13)]
    [InlineData("await null;\nthrow new Error('after')", 2, 11)]
    [InlineData("const f = async () => {\n  await null\n  missing()\n}\nawait f()", 3, 3)]
    [InlineData("await $ext.files\n  .none()", 2, 4)]
    public async Task Lines_and_columns_are_true(string source, int line, int column) =>
        Assert.Equal(new SourceLocation(line, column), (await fixture.RunAsync(source)).Error?.Location);

    [Fact]
    public async Task A_place_is_true_from_a_compiled_form_too()
    {
        var runtime = await fixture.GetAsync();
        var compiled = await runtime.PrecompileAsync("const only = 'here'\nnull.x");

        var result = await runtime.ExecuteCompiledAsync(compiled.Artifact, RuntimeFixture.Context());

        Assert.Equal(2, result.Error?.Location?.Line);
        Assert.Contains("null.x", result.Error!.Snippet!.Code, StringComparison.Ordinal);
        Assert.Equal(HandlerOrigin.Given, result.Metrics.Origin);
    }

    [Fact]
    public async Task Rejections_that_nobody_sees_are_in_the_log()
    {
        var result = await fixture.RunAsync(
            "\nPromise.reject(new TypeError('lost')); Promise.reject(1).catch(() => {}); const late = Promise.reject(2); await null; late.catch(() => {}); return 1");

        Assert.Equal("1", result.ReturnValue?.GetRawText());
        var line = Assert.Single(result.Log);
        Assert.Equal(HandlerLogLevel.Error, line.Level);
        Assert.StartsWith("unhandled rejection: TypeError: lost (line 2", line.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("return eval('1')")]
    [InlineData("return new Function('return 1')()")]
    [InlineData("return Function('return 1')()")]
    [InlineData("return (async () => {}).constructor('return 1')()")]
    [InlineData("return (function* () {}).constructor('yield 1')().next()")]
    [InlineData("return (async function* () {}).constructor('yield 1')()")]
    [InlineData("return (0, globalThis['ev' + 'al'])('1')")]
    [InlineData("return [].constructor.constructor('return 1')()")]
    [InlineData("return await import('x')")]
    public async Task Source_is_not_compiled_at_run_time(string source) =>
        Assert.Equal(HandlerErrorCode.ExecutionError, (await fixture.RunAsync(source)).Error?.Code);

    [Theory]
    [InlineData("} globalThis.leaked = 1; {")]
    [InlineData("}); globalThis.leaked = 1; (async function () {")]
    [InlineData("}, globalThis.leaked = 1, async function () {")]
    [InlineData("}(globalThis.leaked = 1)/{")]
    [InlineData("}[globalThis.leaked = 1]={")]
    [InlineData("}\nglobalThis.leaked = 1\n{")]
    [InlineData("} : globalThis.leaked ? async () => {")]
    public async Task A_source_cannot_leave_its_function(string source) =>
        Assert.Equal(HandlerErrorCode.CompilationError, (await fixture.RunAsync(source)).Error?.Code);

    [Fact]
    public async Task What_the_host_throws_cannot_be_made_up()
    {
        var result = await fixture.RunAsync(
            """
            let made;
            try { $emit(7) } catch (error) { made = error.constructor }
            try { throw new made('TIMEOUT', 'x') } catch (error) { $log(error.name, error.code) }
            const error = new Error('mine'); error.code = 'TIMEOUT'; throw error
            """);

        Assert.Equal((HandlerErrorCode.ExecutionError, "mine"), (result.Error!.Code, result.Error.Message));
        Assert.Equal("TypeError undefined", Assert.Single(result.Log).Message);
    }

    [Fact]
    public async Task Frames_of_a_stack_are_text_and_no_functions() => Assert.Equal(
        "[true,true]",
        await fixture.ReturnAsync(
            """
            try { Error.prepareStackTrace = (_, frames) => frames } catch {}
            try { $emit(1) } catch (error) { return [typeof error.stack === 'string', Error.prepareStackTrace === undefined] }
            """));
}
