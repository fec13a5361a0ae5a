using Microsoft.Extensions.Options;

namespace Larder.Cache.Hosting;

/// <summary>Checks <see cref="LarderOptions"/> before anything is opened.</summary>
internal sealed class LarderOptionsCheck : IValidateOptions<LarderOptions>
{
    public ValidateOptionsResult Validate(string? name, LarderOptions options)
    {
        var problems = new List<string>();
        if (options.FlushTimeout < TimeSpan.Zero)
        {
            problems.Add("FlushTimeout must not be negative.");
        }

        if (options.HybridExpiration <= TimeSpan.Zero)
        {
            problems.Add("HybridExpiration must be positive.");
        }

        if (options.HybridMaxPayloadBytes < 0)
        {
            problems.Add("HybridMaxPayloadBytes must not be negative.");
        }

        if (options.HybridMaxKeyLength < 1)
        {
            problems.Add("HybridMaxKeyLength must be at least 1.");
        }

        try
        {
            options.Complete().Validate();
            options.Cache.Remote?.Validate();
        }
        catch (CacheException exception)
        {
            problems.Add(exception.Message);
        }

        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
