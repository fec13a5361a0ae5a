namespace Larder.Handlers.Engine;

/// <summary>Kinds of <see cref="JsValue"/>, as the engine numbers them.</summary>
internal enum JsTag
{
    /// <summary>A large integer.</summary>
    BigInt = -9,

    /// <summary>A symbol.</summary>
    Symbol = -8,

    /// <summary>A string.</summary>
    String = -7,

    /// <summary>A string that is put together when it is needed.</summary>
    StringRope = -6,

    /// <summary>An object, also a function or an array.</summary>
    Object = -1,

    /// <summary>A number that is a small integer.</summary>
    Int32 = 0,

    /// <summary>A boolean.</summary>
    Boolean = 1,

    /// <summary><c>null</c>.</summary>
    Null = 2,

    /// <summary><c>undefined</c>.</summary>
    Undefined = 3,

    /// <summary>What a function gives that threw.</summary>
    Exception = 6,
}
