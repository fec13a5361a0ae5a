using Larder.Node.Dashboard;
using Larder.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace Larder.Tests.Node;

/// <summary>The dashboard alone on a loopback port, over figures that a test sets.</summary>
internal sealed class DashboardHost : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly CancellationTokenSource _draining = new();

    private DashboardHost(int maxLiveClients)
    {
        Events = new RecentEvents(Clock);
        History = new StatisticsHistory(
            () => Figures.Cache, () => Figures.Node, Events, new StatisticsHistoryOptions(), Clock, NullLogger.Instance);
        var endpoints = new DashboardEndpoints(History, Events, Clock, NullLogger.Instance, maxLiveClients);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        _application = builder.Build();
        _application.Run(async context =>
        {
            if (!await endpoints.TryHandleAsync(context, _draining.Token))
            {
                context.Response.StatusCode = StatusCodes.Status404NotFound;
            }
        });
    }

    public ManualTimeProvider Clock { get; } = new();

    public DashboardFigures Figures { get; } = new();

    public RecentEvents Events { get; }

    public StatisticsHistory History { get; }

    public HttpClient Client { get; private set; } = new();

    public static async Task<DashboardHost> StartAsync(int maxLiveClients = 4)
    {
        var host = new DashboardHost(maxLiveClients);
        host.History.Sample();
        await host._application.StartAsync();
        host.Client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(host._application.Urls.Single()) };
        return host;
    }

    public Task DrainAsync() => _draining.CancelAsync();

    public async ValueTask DisposeAsync()
    {
        await DrainAsync();
        Client.Dispose();
        await _application.StopAsync();
        await _application.DisposeAsync();
        await History.DisposeAsync();
        _draining.Dispose();
    }
}
