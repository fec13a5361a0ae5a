namespace System.Runtime.CompilerServices;

/// <summary>
/// On an assembly: its code may use what is internal to the named one. The runtime knows the attribute by its name and
/// leaves its definition to those who use it; generated assemblies carry it.
/// </summary>
[AttributeUsage(AttributeTargets.Assembly, AllowMultiple = true)]
internal sealed class IgnoresAccessChecksToAttribute(string assemblyName) : Attribute
{
    /// <summary>Name of the assembly that is opened.</summary>
    public string AssemblyName { get; } = assemblyName;
}
