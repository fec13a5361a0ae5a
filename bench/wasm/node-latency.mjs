// The costs of starting, calling, trapping and resetting in V8: a line "NAME MICROSECONDS" each. The counterpart of
// Larder.Bench's LatencyBench, which runs it. Argument: the directory of the modules.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { QuickJs } from "./quickjs.mjs";

const directory = process.argv[2];
const module = new WebAssembly.Module(readFileSync(join(directory, "quickjs.wasm")));
const calls = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(join(directory, "calls.wasm"))), {
  env: { callback: (value) => value | 1 },
}).exports;
const request = JSON.stringify({ method: "POST", path: "/items/item-42/quote", body: { quantities: [1, 2, 3, 5, 8] } });

/** The least processor time of one turn, over batches. */
function least(batches, turns, action) {
  let best = Infinity;
  for (let batch = 0; batch < batches; batch++) {
    const before = process.cpuUsage();
    for (let turn = 0; turn < turns; turn++) action();
    const used = process.cpuUsage(before);
    best = Math.min(best, (used.user + used.system) / turns);
  }
  return best;
}

function report(name, microseconds) {
  console.log(`${name}\t${microseconds}`);
}

function trapping(action) {
  return () => {
    try {
      action();
    } catch {
      return;
    }
    throw new Error("there was no trap");
  };
}

report("start", least(10, 20, () => new QuickJs(module)));
report("host to guest", least(20, 200_000, () => calls.add(1, 2)));
report("guest to host", least(20, 1, () => calls.call_host(200_000)) / 200_000);
report("trap: division by zero", least(10, 500, trapping(() => calls.divide(1, 0))));
report("trap: memory", least(10, 500, trapping(() => calls.load(-16))));
report("trap: unreachable", least(10, 500, trapping(() => calls.fail())));
report("trap: stack", least(5, 5, trapping(() => calls.deep(0, -1))));

const engine = new QuickJs(module);
engine.evaluate(readFileSync(join(directory, "javascript/handler.js"), "utf8"));
const handler = engine.global("handle");
const saved = new Uint8Array(engine.exports.memory.buffer).slice();
const stackPointer = engine.exports.__stack_pointer.value;
const expected = engine.call(handler, request);
report("handler", least(20, 500, () => engine.call(handler, request)));
const memory = new Uint8Array(engine.exports.memory.buffer);
report(
  "reset and handler",
  least(20, 500, () => {
    memory.set(saved);
    engine.exports.__stack_pointer.value = stackPointer;
    if (engine.call(handler, request) !== expected) throw new Error("the handler's answer changed");
  }),
);
