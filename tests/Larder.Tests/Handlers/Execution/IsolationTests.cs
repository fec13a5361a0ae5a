using System.Text;
using Larder.Handlers;
using Larder.Handlers.Contract;

namespace Larder.Tests.Handlers.Execution;

/// <summary>Nothing of one run reaches the next one in the same instance, by any way that a test can think of.</summary>
public sealed class IsolationTests(RuntimeFixture fixture)
{
    private static readonly HandlerRuntimeOptions OneInstance = new() { MinInstances = 0, MaxInstances = 1 };

    [Theory]
    [InlineData("globalThis.x = 'tenant-a'", "return typeof x")]
    [InlineData("x = 'tenant-a'", "return 'x' in globalThis")]
    [InlineData("Object.prototype.x = 'tenant-a'", "return ({}).x")]
    [InlineData("Array.prototype.map = () => 'tenant-a'", "return [1].map(n => n)")]
    [InlineData("Array.prototype[Symbol.iterator] = function* () { yield 'tenant-a' }", "return [...[1]]")]
    [InlineData("JSON.stringify = () => '\"tenant-a\"'; JSON.parse = () => 'tenant-a'", "return [JSON.stringify({}), JSON.parse('1')]")]
    [InlineData("Promise.prototype.then = function () { return 'tenant-a' }", "return await Promise.resolve(1).then(n => n + 1)")]
    [InlineData("RegExp.prototype.exec = () => ['tenant-a']", "return 'b'.replace(/b/, 'c')")]
    [InlineData("Symbol.for('shared').description; globalThis[Symbol.for('shared')] = 'tenant-a'", "return globalThis[Symbol.for('shared')]")]
    [InlineData("Error.stackTraceLimit = 77; Error.captureStackTrace = 'tenant-a'", "return [Error.stackTraceLimit, typeof Error.captureStackTrace]")]
    [InlineData("const r = /a/g; r.test('aa'); RegExp.x = r", "const r = /a/g; return [r.lastIndex, RegExp.x]")]
    [InlineData("(function f() { f.count = (f.count ?? 0) + 1; f.y = 'tenant-a' })(); handler.z = 'tenant-a'", "return typeof handler")]
    [InlineData("Math.random = () => 'tenant-a'; Date.now = () => 'tenant-a'", "return typeof Math.random() + typeof Date.now()")]
    [InlineData("Object.freeze(Object.prototype); Object.freeze(Array.prototype); Object.preventExtensions(globalThis)", "globalThis.y = 1; Object.prototype.z = 2; return [y, ({}).z, Object.isFrozen(Array.prototype)]")]
    [InlineData("delete globalThis.JSON; delete globalThis.Promise; delete Object.keys", "return [typeof JSON, typeof Promise, typeof Object.keys]")]
    [InlineData("String.prototype.at = undefined; Object.defineProperty(globalThis, 'undefinedThing', { get() { return 'tenant-a' } })", "return [typeof 'a'.at, typeof undefinedThing]")]
    [InlineData("globalThis.keep = $ext.http.get('x'); keep.then(v => { globalThis.late = v })", "return typeof late + typeof keep")]
    [InlineData("new FinalizationRegistry(() => {}).register({}, 'tenant-a'); globalThis.w = new WeakRef({})", "return typeof w")]
    [InlineData("class Evil extends Array { static get [Symbol.species]() { return Evil } }; Array.prototype.constructor = Evil", "return [1].filter(Boolean).constructor === Array")]
    [InlineData("const d = Object.getOwnPropertyDescriptor(globalThis, '$args'); d.get.call(globalThis); $args = 'tenant-a'", "return $args")]
    public async Task What_a_run_changes_is_gone(string first, string second)
    {
        await using var runtime = await fixture.StartAsync(OneInstance);
        var expected = await runtime.ExecuteAsync(second, RuntimeFixture.Context(panel: "b"));
        for (var round = 0; round < 3; round++)
        {
            await runtime.ExecuteAsync(first, RuntimeFixture.Context(panel: "a"));
            var actual = await runtime.ExecuteAsync(second, RuntimeFixture.Context(panel: "b"));

            Assert.Null(actual.Error);
            Assert.Equal(expected.ReturnValue?.GetRawText(), actual.ReturnValue?.GetRawText());
            Assert.DoesNotContain("tenant-a", actual.ReturnValue?.GetRawText() ?? "", StringComparison.Ordinal);
        }

        Assert.Equal(1, runtime.Statistics().InstancesCreated);
    }

    [Theory]
    [InlineData("return 1")]
    [InlineData("throw new Error('x')")]
    [InlineData("for (;;) {}")]
    [InlineData("(function f() { f() })()")]
    [InlineData("const more = []; for (;;) more.push(new Uint8Array(65536).fill(7))")]
    public async Task Memory_that_was_freed_holds_nothing(string ending)
    {
        await using var runtime = await fixture.StartAsync(OneInstance with { MemoryLimitBytes = 16 * 1024 * 1024 });

        // Put together at run time, so that it is nowhere in the code.
        const string Fill =
            """
            const word = ['Kenn', 'zeichen', '-'].join('') + $args.secret;
            const kept = []; for (let i = 0; i < 500; i++) kept.push(word + i);
            globalThis.kept = kept; globalThis.bytes = Uint8Array.from(word.repeat(2000), c => c.charCodeAt(0));
            $state.copy = word; $log(word); Symbol.for(word); globalThis[word] = { [word]: word }; kept.map(w => w.toUpperCase());
            """;
        var limits = new ExecutionLimits { Timeout = TimeSpan.FromMilliseconds(500) };
        const string Secret = """{"secret":"4711-geheim"}""";
        await runtime.ExecuteAsync(Fill + ending, RuntimeFixture.Context(arguments: Secret, panel: "a"), limits);
        await runtime.ExecuteAsync(Fill + ending, RuntimeFixture.Context(arguments: Secret, panel: "a"), limits);

        // From the host: the whole memory, in both encodings of strings.
        var lease = await runtime.Pool.AcquireAsync("b", null, TimeSpan.FromSeconds(30));
        try
        {
            var memory = lease.Instance.Engine.Memory();
            foreach (var pattern in new[] { "4711-geheim", "4711-GEHEIM", "Kennzeichen-" })
            {
                Assert.Equal(-1, memory.IndexOf(Encoding.UTF8.GetBytes(pattern)));
                Assert.Equal(-1, memory.IndexOf(Encoding.Unicode.GetBytes(pattern)));
            }
        }
        finally
        {
            runtime.Pool.Release(lease, Larder.Handlers.Pooling.InstanceVerdict.Reuse);
        }

        // From another tenant: fresh buffers are zero, strings and tables of names hold nothing.
        var seen = await runtime.ExecuteAsync(
            """
            let dirty = 0;
            for (let i = 0; i < 40; i++) { const b = new Uint8Array(100000); for (let j = 0; j < b.length; j += 97) dirty += b[j] }
            const names = new Set(); for (let o = globalThis; o; o = Object.getPrototypeOf(o)) for (const key of Reflect.ownKeys(o)) names.add(String(key));
            return [dirty, [...names].some(name => name.includes('zeichen-4')), typeof kept, typeof bytes, new Array(1000).join() === ','.repeat(999)]
            """,
            RuntimeFixture.Context(panel: "b"),
            new ExecutionLimits { Timeout = TimeSpan.FromSeconds(60) });
        Assert.Equal("""[0,false,"undefined","undefined",true]""", seen.ReturnValue?.GetRawText());
    }

    [Fact]
    public async Task A_sequence_of_handlers_is_what_each_is_alone()
    {
        string[] sources =
        [
            "$state.n = ($state.n ?? 0) + 1; return $state.n",
            "globalThis.seen = (globalThis.seen ?? 0) + 1; return seen",
            "throw new Error(String(globalThis.seen))",
            "Array.prototype.push = function () { throw 1 }; return [1, 2].concat(3)",
            "const a = []; for (let i = 0; i < 5000; i++) a.push({ i }); return a.length",
            "Object.prototype.polluted = 1; return Object.keys($args).length",
            "const keys = []; for (const key in { a: 1 }) keys.push(key); return keys",
            "return await Promise.all([1, 2].map(async n => n * 2))",
            "let s = ''; for (let i = 0; i < 2000; i++) s += i; return s.length",
            "return /(\\d+)-(\\d+)/.exec('12-34').slice(1)",
            "Promise.reject(new Error('nobody')); return 1",
            "return new Uint8Array(50000).reduce((a, b) => a + b, 0)",
            "(function f() { f() })()",
            "return 10n",
            "return await $ext.none.get()",
        ];
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        await using var shared = await fixture.StartAsync(OneInstance);
        var alone = new Dictionary<string, string>();
        foreach (var source in sources)
        {
            await using var fresh = await fixture.StartAsync(OneInstance);
            alone[source] = Seen(await fresh.ExecuteAsync(source, RuntimeFixture.Context()));
        }

        for (var round = 0; round < 150; round++)
        {
            var source = sources[random.Next(sources.Length)];
            Assert.True(
                alone[source] == Seen(await shared.ExecuteAsync(source, RuntimeFixture.Context())), $"seed {seed}, round {round}: {source}");
        }
    }

    [Fact]
    public async Task Runs_at_the_same_time_do_not_meet()
    {
        await using var runtime = await fixture.StartAsync(new HandlerRuntimeOptions { MinInstances = 0, MaxInstances = 4 });
        var runs = Enumerable.Range(0, 200).Select(index => Task.Run(async () =>
        {
            var context = RuntimeFixture.Context($"{{\"id\":{index}}}", panel: $"p{index % 7}");
            var result = await runtime.ExecuteAsync(
                index % 10 == 0
                    ? "globalThis.id = $state.id; throw new Error(String(id))"
                    : "if (typeof id !== 'undefined') throw new Error('met'); globalThis.id = $state.id; await null; $state.seen = id; return id",
                context);
            Assert.Equal(index % 10 == 0 ? $"{index}" : null, result.Error?.Message);
            Assert.Equal(index % 10 == 0 ? null : $"{index}", result.ReturnValue?.GetRawText());
        }));

        await Task.WhenAll(runs);
        runtime.Pool.CheckIntegrity();
    }

    // Everything that must not depend on what ran before, the instructions included.
    private static string Seen(HandlerResult result) =>
        $"{result.Status} {result.ReturnValue?.GetRawText()} {result.Error?.Code} {result.Error?.Message} {result.Error?.Stack} "
        + $"{string.Join(',', result.StateMutations)} {string.Join(',', result.Log)} {result.Metrics.InstructionCount} {result.Metrics.MemoryUsedBytes}";
}
