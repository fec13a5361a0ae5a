using System.CommandLine;

namespace Larder.Cli;

/// <summary>A command that teaches by examples at the end of its help.</summary>
internal sealed class DocumentedCommand : Command
{
    public DocumentedCommand(string name, string description)
        : base(name, description)
    {
    }

    /// <summary>Command lines, each with what it does.</summary>
    public IReadOnlyList<(string Line, string Meaning)> Examples { get; init; } = [];
}
