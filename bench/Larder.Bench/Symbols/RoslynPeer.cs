using System.Diagnostics;
using System.Globalization;
using Larder.Symbols.Modules;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Larder.Bench.Symbols;

/// <summary>A Roslyn compilation over the same files, which resolves the same identifiers.</summary>
internal static class RoslynPeer
{
    public static Task RunAsync(string store)
    {
        var began = Stopwatch.GetTimestamp();
        var references = ModuleFiles.OfFramework().Select(static file => MetadataReference.CreateFromFile(file)).ToArray();
        var compilation = CSharpCompilation.Create(
            "peer",
            references: references,
            options: new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, metadataImportOptions: MetadataImportOptions.All));
        var one = DocumentationCommentId.GetFirstSymbolForDeclarationId("M:System.String.Trim", compilation);
        var ready = Stopwatch.GetElapsedTime(began);
        var names = SymbolsRunner.ReadNames(store);
        var first = Stopwatch.GetTimestamp();
        var found = Resolve(names, compilation);
        var firstTime = Stopwatch.GetElapsedTime(first);
        var passes = new List<double>();
        for (var pass = 0; pass < 3; pass++)
        {
            var again = Stopwatch.GetTimestamp();
            Resolve(names, compilation);
            passes.Add(Stopwatch.GetElapsedTime(again).TotalSeconds);
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"roslyn lookup  first answer after {ready.TotalMilliseconds:N0} ms; by name {names.Length / firstTime.TotalSeconds:N0}/s at first, {names.Length / passes.Min():N0}/s again ({found:N0} of {names.Length:N0} found); private {SymbolsRunner.PrivateBytes() / 1048576.0:N0} MiB, resident {SymbolsRunner.ResidentBytes() / 1048576.0:N0} MiB{(one is null ? " WRONG" : "")}"));
        GC.KeepAlive(compilation);
        return Task.CompletedTask;
    }

    // With the signature, as a tool needs it: Roslyn reads a symbol's own parts when they are asked for.
    private static int Resolve(string[] names, CSharpCompilation compilation)
    {
        var found = 0;
        foreach (var name in names)
        {
            if (DocumentationCommentId.GetFirstSymbolForDeclarationId(name, compilation) is { } symbol)
            {
                found++;
                _ = symbol is IMethodSymbol method ? method.ReturnType : null;
            }
        }

        return found;
    }
}
