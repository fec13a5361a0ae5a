using System.Text.Json;
using Larder.Handlers.Contract;
using Larder.Node.Panels;

namespace Larder.Tests.Node.Panels;

public sealed class PanelStateTests
{
    [Fact]
    public void Changes_are_applied_in_their_order()
    {
        var state = new PanelState(Json("""{"a":1,"b":{"c":[1]},"d":null}"""), 1000);

        Assert.True(state.TryApply([Set("b", "2"), Delete("a"), Set("e", "\"x\""), Set("a", "3"), Delete("e"), Set("f", "false")]));

        Assert.Equal("""{"a":3,"b":2,"d":null,"f":false}""", state.Current.State.GetRawText());
        Assert.Equal(1, state.Current.Version);
        Assert.Equal(state.Current.State.GetRawText().Length, state.Current.Bytes);
    }

    [Fact]
    public void Odd_keys_and_values_come_through()
    {
        var state = new PanelState(Json("{}"), 1000);
        var keys = (string[])["", "__proto__", "a.b", "\"", "ä\u2028", "constructor"];

        Assert.True(state.TryApply([.. keys.Select(key => Set(key, JsonSerializer.Serialize(key)))]));

        Assert.All(keys, key => Assert.Equal(key, state.Current.State.GetProperty(key).GetString()));
        Assert.True(state.TryApply([.. keys.Select(Delete), Delete("never there")]));
        Assert.Equal("{}", state.Current.State.GetRawText());
    }

    [Fact]
    public void A_state_that_would_be_too_large_stays_as_it_was()
    {
        var state = new PanelState(Json("""{"a":1}"""), 30);
        var before = state.Current;

        Assert.False(state.TryApply([Delete("a"), Set("b", $"\"{new string('x', 30)}\"")]));

        Assert.Same(before, state.Current);
        Assert.True(state.TryApply([]));
        Assert.Same(before, state.Current);
    }

    private static StateMutation Set(string key, string json) => new(key, MutationOperation.Set, Json(json));

    private static StateMutation Delete(string key) => new(key, MutationOperation.Delete, null);

    private static JsonElement Json(string text) => JsonElement.Parse(text);
}
