const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** QuickJS with the host functions that a script without modules or host objects needs. */
export class QuickJs {
  constructor(module) {
    const refuse = () => 52;
    const imports = {
      env: {
        host_call: () => 0,
        host_interrupt: () => 0,
        host_promise_rejection: () => {},
        host_module_normalize: () => 0,
        host_module_load: () => 0,
        host_get_timezone_offset: () => 0,
      },
      wasi_snapshot_preview1: {
        clock_time_get: (_clock, _precision, at) => {
          new DataView(this.exports.memory.buffer).setBigUint64(at, 1_700_000_000_000_000_000n, true);
          return 0;
        },
        random_get: (at, length) => {
          new Uint8Array(this.exports.memory.buffer, at, length).fill(7);
          return 0;
        },
        fd_write: refuse,
        fd_close: refuse,
        fd_seek: refuse,
        fd_fdstat_get: refuse,
      },
    };
    this.exports = new WebAssembly.Instance(module, imports).exports;
    this.exports._initialize();
    if (this.exports.qjs_init() !== 0) throw new Error("QuickJS cannot start");
    this.nothing = this.exports.qjs_get_undefined();
  }

  write(text) {
    const bytes = encoder.encode(text + "\0");
    const at = this.exports.wasm_malloc(bytes.length);
    new Uint8Array(this.exports.memory.buffer).set(bytes, at);
    return [at, bytes.length - 1];
  }

  text(value) {
    const at = this.exports.qjs_get_string(value);
    const memory = new Uint8Array(this.exports.memory.buffer);
    const found = decoder.decode(memory.subarray(at, memory.indexOf(0, at)));
    this.exports.qjs_free_cstring(at);
    this.exports.qjs_free_value(value);
    return found;
  }

  /** Calls an async function with a string and returns what its promise becomes. */
  call(callee, text) {
    const { qjs_new_string, qjs_call, qjs_free_value, qjs_is_job_pending, qjs_execute_pending_job } = this.exports;
    const [at, length] = this.write(text);
    const argument = qjs_new_string(at, length);
    const list = this.exports.wasm_malloc(4);
    new DataView(this.exports.memory.buffer).setUint32(list, argument, true);
    const promise = qjs_call(callee, this.nothing, 1, list);
    while (qjs_is_job_pending()) qjs_execute_pending_job();
    const result = this.text(this.exports.qjs_promise_result(promise));
    qjs_free_value(promise);
    qjs_free_value(argument);
    this.exports.wasm_free(at);
    this.exports.wasm_free(list);
    return result;
  }

  /** The value of a global variable; it is never freed. */
  global(name) {
    const [at] = this.write(name);
    return this.exports.qjs_get_prop_string(this.exports.qjs_get_global(), at);
  }

  evaluate(source) {
    const [at, length] = this.write(source);
    const [name] = this.write("program.js");
    const value = this.exports.qjs_eval(at, length, name, 0);
    this.exports.wasm_free(at);
    this.exports.wasm_free(name);
    if (this.exports.qjs_is_exception(value)) throw new Error(this.text(this.exports.qjs_get_exception()));
    return this.text(value);
  }
}
