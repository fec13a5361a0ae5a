using System.Collections.Immutable;
using System.Globalization;
using Larder.Wasm;

namespace Larder.Handlers.Engine;

/// <summary>
/// Which functions of the known engine run first where everything is saved: when a handler is loaded into an image and
/// called. Recorded with <c>DOTNET_JitDisasmSummary</c> on one processor; a wrong list costs time and nothing else.
/// </summary>
internal static class EngineModuleFunctions
{
    private const string ResourceName = "first-functions.txt";

    /// <summary>Their numbers, in the order in which they are first called.</summary>
    public static ImmutableArray<int> First { get; } = Read();

    /// <summary>
    /// Makes machine code for them on a second thread: it takes longer than the first run itself. That thread begins in
    /// the middle, for whoever runs the engine makes what it needs at the beginning.
    /// </summary>
    /// <param name="module">The known engine.</param>
    /// <param name="cancellationToken">Ends it early.</param>
    public static Task PrepareAsync(CompiledModule module, CancellationToken cancellationToken)
    {
        var middle = First.Length / 2;
        return Environment.ProcessorCount < 2
            ? Task.CompletedTask
            : module.PrepareAsync([.. First[middle..], .. First[..middle]], cancellationToken);
    }

    private static ImmutableArray<int> Read()
    {
        using var stream = typeof(EngineModuleFunctions).Assembly.GetManifestResourceStream(ResourceName)
            ?? throw new InvalidOperationException($"The resource {ResourceName} is missing.");
        using var reader = new StreamReader(stream);
        return [.. reader.ReadToEnd().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
            .Select(number => int.Parse(number, CultureInfo.InvariantCulture))];
    }
}
