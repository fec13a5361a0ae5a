// Calls a handler on command, each time in a fresh context of V8: the counterpart of Larder.Bench's CallRunner. Lines
// "run HANDLER CLIENTS MILLISECONDS" come in, lines of figures go out. Argument: "kept" keeps the vm.Script object between
// calls, "cached" makes it anew from its cached data. More than one client are that many worker threads.
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";
import vm from "node:vm";

const configuration = isMainThread ? process.argv[2] : workerData;

const sources = {
  small: `
    const items = $state.items;
    const total = items.reduce((sum, item) => sum + item.price * item.count, 0);
    $state.total = total;
    $emit('quoted', { total, customer: $args.customer });
    return { total, items };`,
  busy: `
    let state = 1, sum = 0;
    const seen = [];
    for (let i = 0; i < 20000; i++) {
      state = (state * 1103515245 + 12345) % 2147483648;
      sum += state % 97;
      if (i % 100 === 0) seen.push({ i, text: 'n' + state });
    }
    return sum + seen.map(s => s.text.length).reduce((a, b) => a + b, 0);`,
};

const stateText = JSON.stringify({
  items: Array.from({ length: 26 }, (_, index) => ({
    id: `item-${String(index).padStart(4, "0")}`, name: `Thing number ${index}`, price: 100 + index, count: 1 + (index % 5), tags: ["a", "b"],
  })),
});
const argumentsText = '{"customer":"customer-17"}';

const wrap = (source) => `(async () => {${source}\n})()`;
const kept = {};
const cached = {};
for (const [name, source] of Object.entries(sources)) {
  kept[name] = new vm.Script(wrap(source));
  cached[name] = kept[name].createCachedData();
}

/** One call: parse what it sees, run it in a context of its own, and turn what it did into text. */
async function call(name) {
  const state = JSON.parse(stateText);
  const effects = { mutations: [], events: [] };
  const sandbox = vm.createContext({
    $state: new Proxy(state, {
      set(target, key, value) {
        effects.mutations.push({ key, value, operation: "set" });
        target[key] = value;
        return true;
      },
      deleteProperty(target, key) {
        effects.mutations.push({ key, value: null, operation: "delete" });
        return delete target[key];
      },
    }),
    $args: JSON.parse(argumentsText),
    $emit: (event, payload) => effects.events.push({ name: event, payload }),
    $log: () => {},
  });
  let script = kept[name];
  if (configuration === "cached") {
    script = new vm.Script(wrap(sources[name]), { cachedData: cached[name] });
    if (script.cachedDataRejected) throw new Error("the cached data was rejected");
  }
  effects.returnValue = await script.runInContext(sandbox, { timeout: 5000 });
  return JSON.stringify(effects);
}

async function work(name, milliseconds) {
  const latencies = [];
  const end = performance.now() + milliseconds;
  while (performance.now() < end) {
    const started = performance.now();
    await call(name);
    latencies.push((performance.now() - started) * 1000);
  }
  return latencies;
}

if (!isMainThread) {
  parentPort.on("message", async ({ name, milliseconds }) => parentPort.postMessage(await work(name, milliseconds)));
} else {
  const workers = [];
  for await (const line of createInterface({ input: process.stdin })) {
    const [, name, clients, milliseconds] = line.split(" ");
    const before = process.cpuUsage();
    const started = performance.now();
    let latencies;
    if (clients === "1") {
      latencies = await work(name, Number(milliseconds));
    } else {
      while (workers.length < Number(clients)) workers.push(new Worker(fileURLToPath(import.meta.url), { workerData: configuration }));
      const answers = workers.map((worker) => new Promise((resolve) => worker.once("message", resolve)));
      for (const worker of workers) worker.postMessage({ name, milliseconds: Number(milliseconds) });
      latencies = (await Promise.all(answers)).flat();
    }
    const elapsed = performance.now() - started;
    const used = process.cpuUsage(before);
    latencies.sort((a, b) => a - b);
    const count = latencies.length;
    const figures = [
      count, (used.user + used.system) / count, latencies[Math.floor(count / 2)], latencies[Math.floor(count * 0.99)],
      latencies[count - 1], (count * 1000) / elapsed,
    ];
    console.log(figures.map((figure) => figure.toFixed(1)).join(" "));
  }
  process.exit(0);
}
