using System.Text.Json;
using Larder.Node.Handlers;
using Larder.Node.Panels;

namespace Larder.Tests.Node.Panels;

public sealed class PanelDefinitionTests
{
    [Theory]
    [InlineData("""{"tools":[]}""", "'kind' is missing")]
    [InlineData("""{"kind":"x"}""", "'tools' is missing")]
    [InlineData("""{"kind":5,"tools":[]}""", "'kind' must be a text")]
    [InlineData("""{"kind":"x","tools":{}}""", "'tools' must be an array")]
    [InlineData("""{"kind":"x","tools":["a"]}""", "'tools' must be an array of objects")]
    [InlineData("""{"kind":"x","tools":[{"name":"a"}]}""", "'handler' is missing")]
    [InlineData("""{"kind":"x","tools":[{"name":"","handler":""}]}""", "must not be empty")]
    [InlineData("""{"kind":"x","tools":[{"name":"a","handler":""},{"name":"a","handler":""}]}""", "Two tools are called 'a'")]
    [InlineData("""{"kind":"x","tools":[{"name":"a","handler":"","capabilities":["state:read"]}]}""", "state:read")]
    [InlineData("""{"kind":"x","tools":[{"name":"a","handler":"","capabilities":"all"}]}""", "'capabilities' must be an array")]
    [InlineData("""{"kind":"x","tools":[{"name":"a","handler":"","trigger":"often"}]}""", "The trigger of tool 'a'")]
    [InlineData("""{"kind":"x","tools":[{"name":"a","handler":"","trigger":{"type":"interval"}}]}""", "needs 'ms'")]
    [InlineData("""{"kind":"x","tools":[{"name":"a","handler":"","trigger":{"type":"interval","ms":5}}]}""", "at least 100 ms")]
    [InlineData("""{"kind":"x","tools":[{"name":"a","handler":"","trigger":{"type":"cron","expression":"now"}}]}""", "five fields")]
    [InlineData("""{"kind":"x","tools":[{"name":"a","handler":"","trigger":{"type":"event"}}]}""", "needs 'pattern'")]
    [InlineData("""{"kind":"x","tools":[{"name":"a","handler":"","trigger":{"type":"state_change","path":""}}]}""", "needs 'path'")]
    [InlineData("""{"kind":"x","tools":[{"name":"a","handler":"","args":[{"name":"n","type":"int"}]}]}""", "not the type of an argument")]
    [InlineData("""{"kind":"x","tools":[],"id":"../x"}""", "'id' must be")]
    [InlineData("""{"kind":"x","tools":[],"id":""}""", "'id' must be")]
    [InlineData("""{"kind":"x","tools":[],"initialState":[]}""", "'initialState' must be an object")]
    public void What_is_wrong_is_a_sentence(string json, string sentence)
    {
        var error = Assert.Throws<ApiException>(() => Read(json));

        Assert.Equal(400, error.Status);
        Assert.Contains(sentence, error.Message, StringComparison.Ordinal);
        Assert.EndsWith(".", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Tools_have_the_panels_capabilities_unless_they_have_their_own()
    {
        var panel = Read("""
            {"kind":"k","capabilities":["state:read:*"],"tools":[
              {"name":"a","handler":"1","trigger":{"type":"manual"}},
              {"name":"b","handler":"2","trigger":"manual","capabilities":[]},
              {"name":"c","handler":"3","capabilities":["ext:http"]}],
             "lifecycle":{"mount":"4","unmount":{"handler":"5","capabilities":["events:emit:*"]}}}
            """);

        Assert.Equal(["state:read:*"], panel.Find("a")!.Capabilities.Tokens);
        Assert.Empty(panel.Find("b")!.Capabilities.Tokens);
        Assert.Equal(["ext:http"], panel.Find("c")!.Capabilities.Tokens);
        Assert.Equal(["state:read:*"], panel.Mount!.Capabilities.Tokens);
        Assert.Equal(["events:emit:*"], panel.Unmount!.Capabilities.Tokens);
        Assert.Equal(32, panel.Id.Length);
    }

    [Theory]
    [InlineData("*", "anything", true)]
    [InlineData("toast", "toast", true)]
    [InlineData("toast", "toasts", false)]
    [InlineData("system:*", "system:error", true)]
    [InlineData("system:*", "system", false)]
    [InlineData("*:error", "system:error", true)]
    [InlineData("a*b*c", "aXbXbXc", true)]
    [InlineData("a*b*c", "aXcXb", false)]
    [InlineData("**", "", true)]
    public void A_pattern_matches_names(string pattern, string name, bool matches)
    {
        var trigger = PanelTrigger.Read(
            JsonElement.Parse($$"""{"type":"event","pattern":{{JsonSerializer.Serialize(pattern)}}}"""), "t", TimeSpan.Zero);

        Assert.Equal(matches, trigger.MatchesEvent(name));
    }

    [Theory]
    [InlineData("a", "1")]
    [InlineData("b.c", "2")]
    [InlineData("b.c.d", null)]
    [InlineData("x.y", "3")]
    [InlineData("missing", null)]
    public void A_path_finds_a_part_of_the_state(string path, string? value)
    {
        var trigger = PanelTrigger.Read(JsonElement.Parse($$"""{"type":"state_change","path":"{{path}}"}"""), "t", TimeSpan.Zero);

        Assert.Equal(value, trigger.ValueIn(JsonElement.Parse("""{"a":1,"b":{"c":2},"x.y":3}"""))?.GetRawText());
    }

    [Fact]
    public void Arguments_are_checked_and_completed()
    {
        var tool = Read("""
            {"kind":"k","tools":[{"name":"a","handler":"","args":[
              {"name":"n","type":"number","required":true},{"name":"s","type":"string","default":"x"},{"name":"o"}]}]}
            """).Tools[0];

        Assert.Equal("""{"n":1,"s":"x"}""", ToolArgument.Complete(tool.Arguments, JsonElement.Parse("""{"n":1}""")).GetRawText());
        Assert.Equal("""{"n":1,"s":"y","z":2}""", ToolArgument.Complete(tool.Arguments, JsonElement.Parse("""{"n":1,"s":"y","z":2}""")).GetRawText());
        Assert.Throws<ApiException>(() => ToolArgument.Complete(tool.Arguments, JsonElement.Parse("{}")));
        Assert.Throws<ApiException>(() => ToolArgument.Complete(tool.Arguments, JsonElement.Parse("""{"n":"1"}""")));
        Assert.Throws<ApiException>(() => ToolArgument.Complete(tool.Arguments, default));
    }

    private static PanelDefinition Read(string json) => PanelDefinition.Read(JsonElement.Parse(json), new PanelOptions());
}
