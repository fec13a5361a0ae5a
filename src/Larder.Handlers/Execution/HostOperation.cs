namespace Larder.Handlers.Execution;

/// <summary>
/// What the prelude asks the host for, by the first argument of its calls. The numbers stand in prelude.js too. A value that
/// is given itself and cannot be read where it lies is answered with false; nothing is done then, nor counted.
/// </summary>
internal enum HostOperation
{
    /// <summary>A key of the state: its value, or undefined.</summary>
    StateGet = 1,

    /// <summary>A key and its new value as JSON, or undefined and the value itself.</summary>
    StateSet = 2,

    /// <summary>A key to delete; whether it was there.</summary>
    StateDelete = 3,

    /// <summary>Whether a key is there.</summary>
    StateHas = 4,

    /// <summary>All keys.</summary>
    StateKeys = 5,

    /// <summary>An event's name and its payload as JSON, or undefined and the payload itself, which is undefined for none.</summary>
    EmitEvent = 6,

    /// <summary>The type of a view command, a component or undefined, an object or its JSON.</summary>
    ViewCommand = 7,

    /// <summary>Extension, method, arguments or their JSON; the number of the call.</summary>
    ExtensionCall = 8,

    /// <summary>Whether there is an extension.</summary>
    ExtensionExists = 9,

    /// <summary>The names of all extensions.</summary>
    ExtensionList = 10,

    /// <summary>The names of an extension's methods.</summary>
    ExtensionMethods = 11,

    /// <summary>A level and a line.</summary>
    Log = 12,

    /// <summary>The time in milliseconds since 1970.</summary>
    Now = 13,

    /// <summary>A number from 0 to below 1.</summary>
    Random = 14,

    /// <summary>So many random bytes, in hex.</summary>
    RandomBytes = 15,

    /// <summary>The handler's arguments; not counted.</summary>
    Arguments = 16,

    /// <summary>The handler's scope; not counted.</summary>
    Scope = 17,

    /// <summary>Whether the clock may be read; not counted.</summary>
    Clock = 18,

    /// <summary>One more than the last.</summary>
    Count = 19,
}
