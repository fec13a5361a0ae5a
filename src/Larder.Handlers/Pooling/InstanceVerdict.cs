namespace Larder.Handlers.Pooling;

/// <summary>What becomes of an instance that is released.</summary>
internal enum InstanceVerdict
{
    /// <summary>It is reset and used again.</summary>
    Reuse,

    /// <summary>It is destroyed.</summary>
    Discard,
}
