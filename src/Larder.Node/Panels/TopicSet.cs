using System.Collections.Immutable;

namespace Larder.Node.Panels;

/// <summary>
/// What a client of a panel wants to hear of: <c>state</c>, <c>events</c>, <c>views</c> and <c>progress</c>, or single keys
/// and names as <c>state:KEY</c> and <c>events:NAME</c>. Immutable.
/// </summary>
internal sealed class TopicSet
{
    /// <summary>Most topics of one client.</summary>
    public const int MaxTopics = 256;

    private const int MaxLength = 256;

    private static readonly ImmutableHashSet<string> Known =
        ImmutableHashSet.Create(StringComparer.Ordinal, "state", "events", "views", "progress");

    private readonly ImmutableHashSet<string> _topics;

    private TopicSet(ImmutableHashSet<string> topics) => _topics = topics;

    /// <summary>Everything.</summary>
    public static TopicSet Default { get; } = new(Known);

    /// <summary>Whether every change of the state is wanted.</summary>
    public bool HasState => _topics.Contains("state");

    /// <summary>Whether commands for views are wanted.</summary>
    public bool HasViews => _topics.Contains("views");

    /// <summary>Whether it is wanted how calls of extensions go.</summary>
    public bool HasProgress => _topics.Contains("progress");

    /// <summary>The topics, in ordinal order.</summary>
    public IEnumerable<string> Names => _topics.Order(StringComparer.Ordinal);

    /// <summary>Whether changes of this key are wanted.</summary>
    public bool HasKey(string key) => HasState || _topics.Contains("state:" + key);

    /// <summary>Whether events of this name are wanted.</summary>
    public bool HasEvent(string name) => _topics.Contains("events") || _topics.Contains("events:" + name);

    /// <summary>With more topics; null when one is unknown or there are too many.</summary>
    public TopicSet? With(IEnumerable<string> topics)
    {
        var all = _topics.Union(topics);
        return all.Count <= MaxTopics && all.All(IsKnown) ? new TopicSet(all) : null;
    }

    /// <summary>Without these topics.</summary>
    public TopicSet Without(IEnumerable<string> topics) => new(_topics.Except(topics));

    private static bool IsKnown(string topic) =>
        Known.Contains(topic)
        || (topic.Length <= MaxLength
            && (topic.StartsWith("state:", StringComparison.Ordinal) || topic.StartsWith("events:", StringComparison.Ordinal)));
}
