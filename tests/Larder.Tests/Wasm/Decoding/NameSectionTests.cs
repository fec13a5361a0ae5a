using static Larder.Tests.Wasm.ModuleBytes;

namespace Larder.Tests.Wasm.Decoding;

public sealed class NameSectionTests
{
    private static byte[] NameSection(params byte[] content) => Section(0, [.. Name("name"), .. content]);

    private static ModuleNames Decode(params byte[] content) => WasmModule.Parse(
        Module(List(1, Type([], [])), List(3, [0], [0]), List(10, Body(), Body()), NameSection(content))).Names;

    [Fact]
    public void Names_of_the_module_and_its_functions_are_read()
    {
        var names = Decode(
            [
                .. Section(0, Name("mod")),
                .. Section(1, Vector([0, .. Name("first")], [1, .. Name("second")])),
                .. Section(2, 1, 2, 3), // Names of locals are not kept.
            ]);

        Assert.Equal("mod", names.Module);
        Assert.Equal(2, names.FunctionCount);
        Assert.Equal("second", names.Function(1));
        Assert.Equal("first", names.Display(0));
        Assert.Null(names.Function(2));
        Assert.Equal("func[2]", names.Display(2));
    }

    [Fact]
    public void Damage_loses_names_but_not_the_module()
    {
        byte[] good = [.. Section(0, Name("mod")), .. Section(1, Vector([0, .. Name("first")], [1, .. Name("second")]))];

        for (var length = 0; length < good.Length; length++)
        {
            var names = Decode(good[..length]);
            Assert.True(names.FunctionCount < 2);
        }

        var damaged = Decode([.. Section(1, Vector([0, 1, 0xFF], [1, .. Name("second")]))]);
        Assert.Null(damaged.Function(0));
        Assert.Equal("second", damaged.Function(1));
    }

    [Fact]
    public void Names_of_functions_that_do_not_exist_are_left_out()
    {
        var names = Decode(Section(1, Vector([7, .. Name("ghost")], [1, .. Name("second")])));

        Assert.Equal(1, names.FunctionCount);
        Assert.Null(names.Function(7));
    }

    [Fact]
    public void Custom_sections_are_kept_wherever_they_are()
    {
        var module = WasmModule.Parse(Module(
            Section(0, [.. Name("a"), 1]),
            List(1, Type([], [])),
            Section(0, Name("b")),
            Section(0, [.. Name("a"), 2, 3])));

        Assert.Equal(["a", "b", "a"], module.CustomSections.Select(static s => s.Name));
        Assert.Equal([2, 3], module.CustomSections[2].Content.ToArray());
    }
}
