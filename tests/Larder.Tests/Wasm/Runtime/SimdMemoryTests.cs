using System.Runtime.Intrinsics;
using Larder.Wasm.Runtime;
using Larder.Wasm.Validation;

namespace Larder.Tests.Wasm.Runtime;

public sealed unsafe class SimdMemoryTests
{
    private const int Seed = 20261120;

    [Fact]
    public void Loads_and_stores_move_sixteen_bytes_anywhere()
    {
        var memory = Memory();
        fixed (byte* start = memory)
        {
            for (var at = 0; at <= 16; at++)
            {
                Assert.Equal(memory[at..(at + 16)], SimdReference.Bytes(Simd.V128Load(start + at)));
            }
        }

        for (var at = 0; at <= 16; at++)
        {
            var written = Memory();
            fixed (byte* start = written)
            {
                Simd.V128Store(start + at, Vector128.Create(memory.AsSpan(16, 16)));
            }

            byte[] expected = [.. memory[..at], .. memory[16..32], .. memory[(at + 16)..]];
            Assert.Equal(expected, written);
        }
    }

    [Theory]
    [InlineData("v128.load8x8_s", 8, true)]
    [InlineData("v128.load8x8_u", 8, false)]
    [InlineData("v128.load16x4_s", 16, true)]
    [InlineData("v128.load16x4_u", 16, false)]
    [InlineData("v128.load32x2_s", 32, true)]
    [InlineData("v128.load32x2_u", 32, false)]
    public void Widening_loads_read_eight_bytes(string name, int width, bool signed) =>
        CheckLoad(name, (bytes, result) =>
        {
            for (var lane = 0; lane < 64 / width; lane++)
            {
                Assert.Equal(
                    SimdReference.Lane(bytes, width, lane, signed),
                    SimdReference.Lane(result, 2 * width, lane, signed));
            }
        });

    [Theory]
    [InlineData(8)]
    [InlineData(16)]
    [InlineData(32)]
    [InlineData(64)]
    public void Splats_repeat_one_number(int width) => CheckLoad($"v128.load{width}_splat", (bytes, result) =>
        Assert.Equal(Enumerable.Repeat(bytes[..(width / 8)], 128 / width).SelectMany(one => one), result));

    [Theory]
    [InlineData(32)]
    [InlineData(64)]
    public void Zero_loads_clear_the_rest(int width) => CheckLoad($"v128.load{width}_zero", (bytes, result) =>
        Assert.Equal([.. bytes[..(width / 8)], .. new byte[16 - (width / 8)]], result));

    [Theory]
    [InlineData(8)]
    [InlineData(16)]
    [InlineData(32)]
    [InlineData(64)]
    public void Lane_accesses_touch_one_lane_and_its_bytes_only(int width)
    {
        var size = width / 8;
        var load = (delegate*<byte*, Vector128<byte>, int, Vector128<byte>>)Code($"v128.load{width}_lane");
        var store = (delegate*<byte*, Vector128<byte>, int, void>)Code($"v128.store{width}_lane");
        var vector = VectorSamples.Next(new Random(Seed));
        var bytes = SimdReference.Bytes(vector);
        for (var lane = 0; lane < 16 / size; lane++)
        {
            for (var at = 0; at < 9; at++)
            {
                var memory = Memory();
                var original = Memory();
                Vector128<byte> loaded;
                fixed (byte* start = memory)
                {
                    loaded = load(start + at, vector, lane);
                    store(start + at, vector, lane);
                }

                var (first, end) = (lane * size, (lane + 1) * size);
                byte[] expected = [.. bytes[..first], .. original[at..(at + size)], .. bytes[end..]];
                Assert.Equal(expected, SimdReference.Bytes(loaded));
                Assert.Equal([.. original[..at], .. bytes[first..end], .. original[(at + size)..]], memory);
            }
        }
    }

    private static void CheckLoad(string name, Action<byte[], byte[]> check)
    {
        var code = (delegate*<byte*, Vector128<byte>>)Code(name);
        var memory = Memory();
        fixed (byte* start = memory)
        {
            for (var at = 0; at <= 16; at++)
            {
                check(memory[at..], SimdReference.Bytes(code(start + at)));
            }
        }
    }

    private static byte[] Memory()
    {
        var bytes = new byte[40];
        new Random(Seed).NextBytes(bytes);
        return bytes;
    }

    private static void* Code(string name) => (void*)Enumerable.Range(0, 256)
        .Select(SimdInstructions.Find)
        .Single(instruction => instruction?.Name == name)!.Method!.MethodHandle.GetFunctionPointer();
}
