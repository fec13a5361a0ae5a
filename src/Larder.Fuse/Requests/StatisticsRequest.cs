using Larder.Fuse.Serving;

namespace Larder.Fuse.Requests;

/// <summary>STATFS: how large is the file system?</summary>
public readonly ref struct StatisticsRequest
{
    private readonly RequestContext _context;

    internal StatisticsRequest(RequestContext context) => _context = context;

    /// <summary>The node that was asked about.</summary>
    public ulong Node => _context.Node;

    /// <summary>Answers.</summary>
    /// <param name="statistics">The figures.</param>
    public void Reply(in FuseFileSystemStatistics statistics) => _context.ReplyStatistics(statistics);

    /// <summary>Answers with an error.</summary>
    /// <param name="error">The error.</param>
    public void Fail(FuseErrno error) => _context.Fail(error);
}
