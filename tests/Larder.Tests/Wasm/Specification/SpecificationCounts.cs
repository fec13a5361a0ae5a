using System.Globalization;

namespace Larder.Tests.Wasm.Specification;

/// <summary>How many commands of each sort a file of the suite has, as the suite's own table says.</summary>
internal readonly record struct SpecificationCounts(
    int Modules,
    int Returns,
    int Traps,
    int Links,
    int Invalid,
    int Malformed,
    int UnconvertedAssertions,
    int UnconvertedModules)
{
    /// <summary>Assertions of every sort.</summary>
    public int Assertions => Returns + Traps + Links + Invalid + Malformed + UnconvertedAssertions;

    public static SpecificationCounts operator +(SpecificationCounts left, SpecificationCounts right) => new(
        left.Modules + right.Modules,
        left.Returns + right.Returns,
        left.Traps + right.Traps,
        left.Links + right.Links,
        left.Invalid + right.Invalid,
        left.Malformed + right.Malformed,
        left.UnconvertedAssertions + right.UnconvertedAssertions,
        left.UnconvertedModules + right.UnconvertedModules);

    /// <summary>The numbers of one line of the table, whose first two columns are group and file.</summary>
    public static SpecificationCounts Parse(ReadOnlySpan<string> columns)
    {
        Span<int> numbers = stackalloc int[8];
        for (var index = 0; index < numbers.Length; index++)
        {
            numbers[index] = int.Parse(columns[index + 2], CultureInfo.InvariantCulture);
        }

        return new(numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5], numbers[6], numbers[7]);
    }

    /// <summary>The count of one command. The table leaves definitions without an instance out.</summary>
    public static SpecificationCounts Of(string command) => command switch
    {
        "module" => new() { Modules = 1 },
        "assert_return" => new() { Returns = 1 },
        "assert_trap" or "assert_exhaustion" or "assert_exception" => new() { Traps = 1 },
        "assert_unlinkable" or "assert_uninstantiable" => new() { Links = 1 },
        "assert_invalid" => new() { Invalid = 1 },
        "assert_malformed" => new() { Malformed = 1 },
        "unconverted" => new() { UnconvertedAssertions = 1 },
        "module_unconverted" => new() { UnconvertedModules = 1 },
        _ => default,
    };
}
