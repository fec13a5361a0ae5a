namespace Larder.Cache.Redis.Protocol;

/// <summary>What an operation does with the reply.</summary>
internal enum RespWant : byte
{
    /// <summary>A status, a number, null or an error; a bulk is passed over.</summary>
    Short,

    /// <summary>A bulk into a rented buffer.</summary>
    Rented,

    /// <summary>A bulk straight into the place that the operation names.</summary>
    InPlace,

    /// <summary>Whatever comes, as a tree.</summary>
    Tree,
}
