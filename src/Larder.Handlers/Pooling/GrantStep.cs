namespace Larder.Handlers.Pooling;

/// <summary>What a caller does with its <see cref="Grant{TInstance}"/>.</summary>
internal enum GrantStep : byte
{
    /// <summary>Nothing was granted.</summary>
    Refused,

    /// <summary>Use the instance.</summary>
    Use,

    /// <summary>Reset the instance, then use it.</summary>
    Reset,

    /// <summary>Make an instance; room is reserved for it.</summary>
    Create,

    /// <summary>Wait.</summary>
    Wait,
}
