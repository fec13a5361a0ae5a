namespace Larder.Tests.Handlers.Execution;

/// <summary>The language is that of 2023 and later, without what reaches out of it.</summary>
public sealed class LanguageTests(RuntimeFixture fixture)
{
    [Theory]
    [InlineData("const { a, ...rest } = { a: 1, b: 2, c: 3 }; const [x, , y = 9, ...z] = [1, 2, undefined, 4, 5]; return [a, rest, x, y, z]", """[1,{"b":2,"c":3},1,9,[4,5]]""")]
    [InlineData("function* count(n) { for (let i = 0; i < n; i++) { const add = yield i; if (add) i += add } } const g = count(9); return [g.next().value, g.next(3).value, [...g]]", "[0,4,[5,6,7,8]]")]
    [InlineData("async function* slow() { for (const n of [1, 2]) { await null; yield n } } const out = []; for await (const n of slow()) out.push(n); return out", "[1,2]")]
    [InlineData("return (2n ** 70n).toString()", "\"1180591620717411303424\"")]
    [InlineData("return 'x2026-11-30y'.match(/(?<y>\\d{4})-(?<m>\\d\\d)/).groups.y + 'aXbX'.replaceAll('X', '-') + [...'a1b22'.matchAll(/\\d+/g)].map(m => m[0]) + /(?<=€)\\d+/u.exec('€42')[0] + /\\p{Lu}/u.test('É')", "\"2026a-b-1,2242true\"")]
    [InlineData("const u = new Uint8ClampedArray([300, -5]); const f = Float32Array.of(0.1); const d = new DataView(new ArrayBuffer(8)); d.setBigInt64(0, -1n); return [u[0], u[1], f[0] === 0.1, d.getUint8(7), u.with(0, 7)[0]]", "[255,0,false,255,7]")]
    [InlineData("class A { #x = 1; static s = 2; static { this.t = 3 } get x() { return this.#x } has(o) { return #x in o } } class B extends A { y = super.x + 1 } const b = new B(); return [b.x, b.y, A.s, A.t, b.has({}), b.has(b)]", "[1,2,2,3,false,true]")]
    [InlineData("return [1, [2, [3]]].flat(Infinity).toSorted((a, b) => b - a).concat([1, 2, 3].at(-1), [5, 6].findLast(n => n > 4), Object.groupBy([1, 2, 3], n => n % 2 ? 'odd' : 'even').odd)", "[3,2,1,3,6,1,3]")]
    [InlineData("let a = null; a ??= { b: { c: 1 } }; return [a?.b?.c, a?.x?.y.z ?? 'none', a.b?.['c'], a.f?.()]", """[1,"none",1,null]""")]
    [InlineData("const m = new Map([[NaN, 1], ['k', 2]]); const s = new Set([1, 1, 2]); const w = new WeakMap(); w.set(m, 3); return [m.get(NaN), [...m.keys()].length, s.size, w.get(m), [...new Set([1, 2]).union(new Set([3]))]]", "[1,2,2,3,[1,2,3]]")]
    [InlineData("const log = []; const p = new Proxy({}, { get: (t, k) => (log.push(k), 1), has: () => true }); p.a; 'z' in p; return [log, Reflect.ownKeys({ b: 1, [Symbol.iterator]: 1 }).length]", """[["a"],2]""")]
    [InlineData("const tag = (s, ...v) => s.raw.join('|') + v; return tag`a${1}\\n${2}`", "\"a|\\\\n|1,2\"")]
    [InlineData("const order = []; queueMicrotask(() => order.push(1)); Promise.resolve().then(() => order.push(2)); order.push(0); await null; await null; return order", "[0,1,2]")]
    [InlineData("try { try { throw new Error('in') } finally { } } catch ({ message }) { return message } finally { $log('f') }", "\"in\"")]
    [InlineData("outer: for (let i = 0; i < 3; i++) for (let j = 0; j < 3; j++) { if (j === 1) continue outer; if (i === 2) break outer; $state.n = i } return $state.n", "1")]
    [InlineData("const e = new AggregateError([new Error('a')], 'all', { cause: 'c' }); return [e.errors[0].message, e.cause, await Promise.any([Promise.reject(1), 2])]", """["a","c",2]""")]
    [InlineData("'use strict'; try { undeclared = 1; return 'no' } catch (e) { return e.name }", "\"ReferenceError\"")]
    [InlineData("undeclared = 1; return [undeclared, this === globalThis || this === undefined]", "[1,true]")]
    [InlineData("return [new Date(0).toISOString(), new Date(2026, 10, 30, 12).getTimezoneOffset(), new Date('2026-11-30').getTime()]", """["1970-01-01T00:00:00.000Z",0,1795996800000]""")]
    [InlineData("// only a comment", "")]
    [InlineData("return", "")]
    [InlineData("return undefined", "")]
    [InlineData("return null", "null")]
    [InlineData("return { u: undefined, f() {}, n: NaN, d: new Date(0) }", """{"n":null,"d":"1970-01-01T00:00:00.000Z"}""")]
    public async Task Modern_language_works(string source, string expected) =>
        Assert.Equal(expected, await fixture.ReturnAsync(source));

    [Theory]
    [InlineData("console")]
    [InlineData("setTimeout")]
    [InlineData("setInterval")]
    [InlineData("fetch")]
    [InlineData("require")]
    [InlineData("process")]
    [InlineData("performance")]
    [InlineData("XMLHttpRequest")]
    [InlineData("WebAssembly")]
    [InlineData("eval")]
    [InlineData("std")]
    [InlineData("os")]
    [InlineData("scriptArgs")]
    [InlineData("print")]
    [InlineData("host")]
    public async Task There_is_no_way_out(string name) => Assert.Equal("\"undefined\"", await fixture.ReturnAsync($"return typeof {name}"));
}
