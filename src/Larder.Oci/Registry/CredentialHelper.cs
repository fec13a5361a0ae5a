using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;

namespace Larder.Oci.Registry;

/// <summary>Runs <c>docker-credential-NAME get</c>, which keeps credentials for Docker.</summary>
/// <remarks>Source: the protocol of github.com/docker/docker-credential-helpers.</remarks>
internal static class CredentialHelper
{
    private const string TokenUser = "<token>";
    private const int MaxOutputLength = 64 * 1024;

    /// <summary>Asks a helper for credentials; null when it has none for this server.</summary>
    /// <param name="name">The helper's name, without the prefix.</param>
    /// <param name="server">What the credentials are kept under.</param>
    /// <param name="timeout">When the helper is killed.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="OciException">There is no such helper, or it failed, or did not end in time.</exception>
    public static async Task<RegistryCredential?> GetAsync(
        string name, string server, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var program = $"docker-credential-{name}";
        if (name.Length is 0 or > 64 || !name.All(static letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.'))
        {
            throw Failed($"'{Printable.Shorten(name)}' in Docker's config.json is not the name of a credential helper");
        }

        using var process = Start(program);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(timeout);
        try
        {
            var output = ReadAsync(process.StandardOutput, patience.Token);
            var error = ReadAsync(process.StandardError, patience.Token);
            await TellAsync(process, server, patience.Token).ConfigureAwait(false);
            var said = await output.ConfigureAwait(false);
            if (said.Length == MaxOutputLength)
            {
                throw Failed($"{program} gave an answer that is no credential");
            }

            await process.WaitForExitAsync(patience.Token).ConfigureAwait(false);
            var complaint = (said + " " + await error.ConfigureAwait(false)).Trim();
            return process.ExitCode == 0 ? Read(program, said)
                : IsAbsence(complaint) ? null
                : throw Failed($"{program} failed for {server} with exit code {process.ExitCode}: {Printable.Shorten(complaint)}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Failed($"{program} did not answer within {timeout.TotalSeconds:0.#} s for {server}");
        }
        finally
        {
            Kill(process);
        }
    }

    private static Process Start(string program)
    {
        try
        {
            return Process.Start(new ProcessStartInfo(program, ["get"])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!; // Not null: no shell is used, so a process is always made.
        }
        catch (Win32Exception exception)
        {
            throw Failed($"{program}, which Docker's config.json names, cannot be started: {exception.Message}", exception);
        }
    }

    private static async Task TellAsync(Process process, string server, CancellationToken cancellationToken)
    {
        try
        {
            await process.StandardInput.WriteLineAsync(server.AsMemory(), cancellationToken).ConfigureAwait(false);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading; its exit code says the rest.
        }
    }

    private static async Task<string> ReadAsync(StreamReader reader, CancellationToken cancellationToken)
    {
        var buffer = new char[MaxOutputLength];
        var read = await reader.ReadBlockAsync(buffer, cancellationToken).ConfigureAwait(false);
        return new string(buffer, 0, read);
    }

    private static RegistryCredential Read(string program, string output)
    {
        try
        {
            var answer = JsonSerializer.Deserialize(output, RegistryJson.Default.HelperAnswer);
            if (answer?.Secret is { } secret)
            {
                return answer.Username == TokenUser
                    ? new RegistryCredential { IdentityToken = secret }
                    : new RegistryCredential { User = answer.Username ?? string.Empty, Password = secret };
            }
        }
        catch (JsonException)
        {
            // What it said may hold a secret, so it is not repeated.
        }

        throw Failed($"{program} gave an answer that is no credential");
    }

    private static bool IsAbsence(string complaint) =>
        complaint.Contains("credentials not found", StringComparison.OrdinalIgnoreCase)
        || complaint.Contains("no credentials server URL", StringComparison.OrdinalIgnoreCase);

    private static void Kill(Process process)
    {
        try
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
        catch (InvalidOperationException)
        {
            // It ended by itself meanwhile.
        }
    }

    private static OciException Failed(string problem, Exception? cause = null) => new(
        OciErrorKind.Unauthorized, $"{problem}. Log in again with Docker, or give --username and --password-stdin.", cause);
}
