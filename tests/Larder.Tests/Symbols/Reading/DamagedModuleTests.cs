using System.Reflection.PortableExecutable;
using System.Text;
using Larder.Symbols;
using Larder.Symbols.Modules;
using Larder.Symbols.Tables;
using Larder.Tests.Symbols.Support;
using static Larder.Tests.Wasm.ModuleBytes;

namespace Larder.Tests.Symbols.Reading;

/// <summary>Damaged, truncated, foreign, hostile and huge modules: one clear error that names the file, and nothing else.</summary>
public sealed class DamagedModuleTests
{
    private const string Path = "/some/where/module.dll";

    private static readonly byte[] Assembly = Sample.Assembly("Sample", "Some.Class", [.. Enumerable.Range(0, 40).Select(static i => $"Method{i}")]);

    [Fact]
    public void Truncated_at_every_length_an_assembly_is_refused_or_read()
    {
        for (var length = 0; length < Assembly.Length; length += length < 1024 ? 1 : 37)
        {
            Check(Assembly.AsSpan(0, length));
        }
    }

    [Fact]
    public void Flipped_bytes_are_refused_or_read()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        var metadata = MetadataOf(Assembly);
        for (var round = 0; round < 4000; round++)
        {
            var bytes = (byte[])Assembly.Clone();
            for (var flips = random.Next(1, 6); flips > 0; flips--)
            {
                var at = random.Next(4) > 0 ? random.Next(metadata.Start, metadata.End) : random.Next(bytes.Length);
                bytes[at] = (byte)random.Next(256);
            }

            Check(bytes, $"seed {seed}, round {round}");
        }
    }

    [Fact]
    public void Real_assemblies_with_flipped_bytes_are_refused_or_read()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        var real = File.ReadAllBytes(typeof(Larder.Cache.TieredCache).Assembly.Location);
        var metadata = MetadataOf(real);
        for (var round = 0; round < 150; round++)
        {
            var bytes = (byte[])real.Clone();
            for (var flips = random.Next(1, 40); flips > 0; flips--)
            {
                bytes[random.Next(metadata.Start, metadata.End)] ^= (byte)(1 << random.Next(8));
            }

            Check(bytes, $"seed {seed}, round {round}");
        }
    }

    [Theory]
    [InlineData("", SymbolsErrorKind.NotAModule)]
    [InlineData("MZ", SymbolsErrorKind.NotAModule)]
    [InlineData("hello, world", SymbolsErrorKind.NotAModule)]
    [InlineData("\0asm", SymbolsErrorKind.Damaged)]
    public void What_is_no_module_is_told_with_its_file(string text, SymbolsErrorKind kind)
    {
        var failure = Assert.Throws<SymbolsException>(() => Table(Encoding.Latin1.GetBytes(text)));

        Assert.Equal(kind, failure.Kind);
        Assert.Contains($"'{Path}'", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_program_without_metadata_is_told_so()
    {
        var bytes = (byte[])Assembly.Clone();
        var headers = new PEHeaders(new MemoryStream(bytes));

        // The directory of the runtime's header, the fifteenth.
        var directory = headers.PEHeaderStartOffset + (headers.PEHeader!.Magic == PEMagic.PE32 ? 96 : 112) + (14 * 8);
        bytes.AsSpan(directory, 8).Clear();

        var failure = Assert.Throws<SymbolsException>(() => Table(bytes));

        Assert.Equal((SymbolsErrorKind.NotAModule, $"'{Path}' is a program without .NET metadata."), (failure.Kind, failure.Message));
    }

    [Fact]
    public void Flipped_bytes_of_a_WebAssembly_module_are_refused_or_read()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        var module = WasmReaderTests.Everything();
        for (var length = 0; length < module.Length; length++)
        {
            Check(module.AsSpan(0, length));
        }

        for (var round = 0; round < 4000; round++)
        {
            var bytes = (byte[])module.Clone();
            for (var flips = random.Next(1, 5); flips > 0; flips--)
            {
                bytes[random.Next(HeaderLength, bytes.Length)] = (byte)random.Next(256);
            }

            Check(bytes, $"seed {seed}, round {round}");
        }
    }

    [Fact]
    public void Types_nested_in_a_circle_end()
    {
        // Rows of the table of nested types that name each other are found by flipping every byte of it to every row.
        var bytes = File.ReadAllBytes(typeof(Larder.Wasm.WasmException).Assembly.Location);
        var metadata = MetadataOf(bytes);
        var random = new Random(1);
        for (var round = 0; round < 60; round++)
        {
            var changed = (byte[])bytes.Clone();
            var at = random.Next(metadata.Start, metadata.Start + ((metadata.End - metadata.Start) / 3));
            changed.AsSpan(at, 64).Fill(changed[at]);
            Check(changed);
        }
    }

    [Fact]
    public void Endless_equal_names_are_refused_in_time()
    {
        var writer = new TableWriter(1000);
        for (var i = 0; i < 300_000; i++)
        {
            writer.Add(default, "same"u8, "M:same"u8);
        }

        Assert.Equal(SymbolsErrorKind.LimitExceeded, Assert.Throws<SymbolsException>(() => writer.Write(new byte[32])).Kind);
    }

    [Fact]
    public void A_name_longer_than_is_taken_is_refused()
    {
        var failure = Assert.Throws<SymbolsException>(() => Table(Sample.Assembly("Sample", "Class", new string('x', TableWriter.MaxNameBytes + 1))));

        Assert.Equal(SymbolsErrorKind.LimitExceeded, failure.Kind);
        Assert.Contains($"'{Path}'", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_too_large_is_refused_unread()
    {
        using var directory = new TestFolder();
        var file = directory["huge.dll"];
        await using (var stream = File.Create(file))
        {
            stream.SetLength(ModuleReader.MaxModuleBytes + 1);
        }

        await using var workspace = new SymbolWorkspace();
        var report = await workspace.LoadAsync([file]);

        var failure = Assert.Single(report.Failures);
        Assert.Equal(SymbolsErrorKind.LimitExceeded, failure.Kind);
        Assert.Contains(file, failure.Message, StringComparison.Ordinal);
        Assert.Empty(workspace.Modules);
    }

    [Fact]
    public async Task One_damaged_file_of_many_hinders_no_other_and_is_named()
    {
        using var directory = new TestFolder();
        await File.WriteAllBytesAsync(directory["a.dll"], Assembly);
        await File.WriteAllBytesAsync(directory["b.dll"], Assembly[..300]);
        await using var workspace = new SymbolWorkspace();

        var report = await workspace.LoadAsync([directory["a.dll"], directory["b.dll"], directory["missing.dll"], directory.Path]);

        Assert.Equal(directory["a.dll"], Assert.Single(report.Modules).Id.Path);
        Assert.Equal(3, report.Failures.Count);
        Assert.All(report.Failures, failure => Assert.Contains(directory.Path, failure.Message, StringComparison.Ordinal));
    }

    private static (int Start, int End) MetadataOf(byte[] assembly)
    {
        var headers = new PEHeaders(new MemoryStream(assembly));
        return (headers.MetadataStartOffset, headers.MetadataStartOffset + headers.MetadataSize);
    }

    private static void Check(ReadOnlySpan<byte> bytes, string what = "")
    {
        try
        {
            using var table = SymbolTable.Open(TableMemory.Copy(Table(bytes)));
            for (var symbol = 0; symbol < table.Count; symbol++)
            {
                table.IdentifierOf(symbol);
            }
        }
        catch (SymbolsException e)
        {
            Assert.Contains($"'{Path}'", e.Message, StringComparison.Ordinal);
        }
        catch (Exception e)
        {
            Assert.Fail($"{what}: {e}");
        }
    }

    private static byte[] Table(ReadOnlySpan<byte> bytes)
    {
        using var module = new ModuleBytes(bytes);
        return ModuleReader.MakeTable(module, Path, ModuleReader.Digest(module));
    }
}
