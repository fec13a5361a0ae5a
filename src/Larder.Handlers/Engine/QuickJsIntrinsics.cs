namespace Larder.Handlers.Engine;

/// <summary>Parts of the language that an engine can be started with, as its module numbers them.</summary>
[Flags]
internal enum QuickJsIntrinsics
{
    /// <summary>Only what is always there.</summary>
    None = 0,

    /// <summary><c>Date</c>.</summary>
    Date = 1 << 0,

    /// <summary>Compiling source: <c>eval</c>, <c>Function</c>, and the host's own compiling.</summary>
    Eval = 1 << 1,

    /// <summary>Regular expressions.</summary>
    RegExp = 1 << 2,

    /// <summary><c>JSON</c>.</summary>
    Json = 1 << 3,

    /// <summary><c>Proxy</c> and <c>Reflect</c>.</summary>
    Proxy = 1 << 4,

    /// <summary><c>Map</c>, <c>Set</c> and their weak kin.</summary>
    MapSet = 1 << 5,

    /// <summary><c>ArrayBuffer</c>, typed arrays, <c>DataView</c>.</summary>
    TypedArrays = 1 << 6,

    /// <summary>Promises and async functions.</summary>
    Promise = 1 << 7,

    /// <summary><c>BigInt</c>.</summary>
    BigInt = 1 << 8,

    /// <summary><c>WeakRef</c> and <c>FinalizationRegistry</c>.</summary>
    WeakRef = 1 << 9,

    /// <summary><c>atob</c> and <c>btoa</c>.</summary>
    Base64 = 1 << 12,

    /// <summary>All that a handler may use: everything but compiling and fine clocks.</summary>
    Handler = Date | RegExp | Json | Proxy | MapSet | TypedArrays | Promise | BigInt | WeakRef | Base64,

    /// <summary>What the compiler needs.</summary>
    Compiler = Handler | Eval,
}
