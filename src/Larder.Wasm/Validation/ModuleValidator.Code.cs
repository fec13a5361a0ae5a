namespace Larder.Wasm.Validation;

/// <summary>The validation of code, by several threads when there is enough of it.</summary>
internal sealed partial class ModuleValidator
{
    // Below this a second thread costs more than it saves.
    private const long ParallelCodeBytes = 128 * 1024;

    // Functions that a thread takes at a time.
    private const int BatchLength = 32;

    private void CheckCode(int threads)
    {
        if (threads > 1 && _module.Bodies.Length > BatchLength && CodeBytes() >= ParallelCodeBytes)
        {
            CheckInParallel(threads);
        }
        else
        {
            CheckRange(NewValidator(), 0, _module.Bodies.Length);
        }
    }

    private long CodeBytes()
    {
        var total = 0L;
        foreach (var body in _module.Bodies)
        {
            total += body.Code.Length;
        }

        return total;
    }

    private void CheckInParallel(int threads)
    {
        var batches = (_module.Bodies.Length + BatchLength - 1) / BatchLength;
        var failures = new WasmException?[batches];

        // Break lets all batches before the failed one finish, so the first failure in order is always among those found.
        Parallel.For(
            0,
            batches,
            new ParallelOptions { MaxDegreeOfParallelism = threads },
            NewValidator,
            (batch, state, validator) =>
            {
                try
                {
                    var first = batch * BatchLength;
                    CheckRange(validator, first, Math.Min(first + BatchLength, _module.Bodies.Length));
                }
                catch (WasmException exception)
                {
                    failures[batch] = exception;
                    state.Break();
                }

                return validator;
            },
            static _ => { });
        foreach (var failure in failures)
        {
            if (failure is not null)
            {
                throw failure;
            }
        }
    }

    private FunctionValidator NewValidator() => new(_module, _limits, _features, _declaredFunctions);

    private void CheckRange(FunctionValidator validator, int first, int end)
    {
        for (var index = first; index < end; index++)
        {
            validator.Validate(_module.ImportedFunctionCount + index);
        }
    }
}
