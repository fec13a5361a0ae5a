using Larder.Wasm;

namespace Larder.Handlers.Engine;

/// <summary>The functions of the engine's module that are used here.</summary>
internal sealed class QuickJsExports(Instance instance)
{
    public GuestFunction Initialize { get; } = Find(instance, "_initialize");

    public GuestFunction Start { get; } = Find(instance, "qjs_init2");

    public GuestFunction SetMemoryLimit { get; } = Find(instance, "qjs_set_memory_limit");

    public GuestFunction SetMaxStackSize { get; } = Find(instance, "qjs_set_max_stack_size");

    public GuestFunction TrackRejections { get; } = Find(instance, "qjs_set_promise_rejection_handler");

    public GuestFunction RuntimePointer { get; } = Find(instance, "qjs_get_runtime_ptr");

    public GuestFunction ContextPointer { get; } = Find(instance, "qjs_get_context_ptr");

    public GuestFunction ComputeMemoryUsage { get; } = Find(instance, "qjs_compute_memory_usage");

    public GuestFunction NewHostFunction { get; } = Find(instance, "qjs_new_host_function");

    public GuestFunction Compile { get; } = Find(instance, "qjs_compile");

    public GuestFunction IsJobPending { get; } = Find(instance, "qjs_is_job_pending");

    public GuestFunction ExecutePendingJob { get; } = Find(instance, "qjs_execute_pending_job");

    public GuestFunction Malloc { get; } = Find(instance, "wasm_malloc");

    public GuestFunction Free { get; } = Find(instance, "wasm_free");

    public GuestFunction Call { get; } = Find(instance, "JS_Call");

    public GuestFunction FreeValue { get; } = Find(instance, "JS_FreeValue");

    public GuestFunction DupValue { get; } = Find(instance, "JS_DupValue");

    public GuestFunction ReadObject { get; } = Find(instance, "JS_ReadObject");

    public GuestFunction WriteObject { get; } = Find(instance, "JS_WriteObject");

    public GuestFunction FreeWritten { get; } = Find(instance, "js_free");

    public GuestFunction EvaluateFunction { get; } = Find(instance, "JS_EvalFunction");

    public GuestFunction ParseJson { get; } = Find(instance, "JS_ParseJSON");

    public GuestFunction Stringify { get; } = Find(instance, "JS_JSONStringify");

    public GuestFunction NewString { get; } = Find(instance, "JS_NewStringLen");

    public GuestFunction NewNumber { get; } = Find(instance, "JS_NewNumber");

    public GuestFunction ToText { get; } = Find(instance, "JS_ToCStringLen2");

    public GuestFunction FreeText { get; } = Find(instance, "JS_FreeCString");

    public GuestFunction Throw { get; } = Find(instance, "JS_Throw");

    public GuestFunction TakeException { get; } = Find(instance, "JS_GetException");

    public GuestFunction Property { get; } = Find(instance, "JS_GetPropertyStr");

    public GuestFunction PromiseState { get; } = Find(instance, "JS_PromiseState");

    public GuestFunction PromiseResult { get; } = Find(instance, "JS_PromiseResult");

    private static GuestFunction Find(Instance instance, string name) =>
        new(instance.Function(name) ?? throw QuickJsInstance.Foreign(name));
}
