// Runs the programs in V8, told by lines on standard input; the counterpart of `Larder.Bench wasm-runner`.
//
//   add NAME wasm|javascript FILE ENTRY ARGUMENT   (separated by tabs) answers "ok"
//   run NAME COUNT                                 answers "NANOSECONDS RESULT": processor time of COUNT calls
//
// With the arguments first MODULE SCRIPT it prints the first result of a script, then its processor time in
// milliseconds, and ends.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { QuickJs } from "./quickjs.mjs";

const modules = new Map();
const instances = new Map();
const programs = new Map();

function moduleOf(file) {
  if (!modules.has(file)) modules.set(file, new WebAssembly.Module(readFileSync(file)));
  return modules.get(file);
}

function instanceOf(file) {
  if (!instances.has(file)) {
    const env = { abort() { throw new Error("the guest called abort"); } };
    instances.set(file, new WebAssembly.Instance(moduleOf(file), { env }));
  }
  return instances.get(file);
}

function add(name, kind, file, entry, argument) {
  if (kind === "wasm") {
    const call = instanceOf(file).exports[entry];
    const value = Number(argument);
    programs.set(name, () => call(value));
  } else {
    const engine = new QuickJs(moduleOf(file));
    engine.evaluate(readFileSync(entry, "utf8"));
    programs.set(name, () => engine.evaluate("main()"));
  }
}

function run(name, count) {
  const call = programs.get(name);
  const before = process.cpuUsage();
  let result;
  for (let index = 0; index < count; index++) result = call();
  const used = process.cpuUsage(before);
  return `${(used.user + used.system) * 1000} ${result}`;
}

if (process.argv[2] === "first") {
  const engine = new QuickJs(moduleOf(process.argv[3]));
  engine.evaluate(readFileSync(process.argv[4], "utf8"));
  console.log(engine.evaluate("main()"));
  const used = process.cpuUsage();
  console.log(`${Math.round((used.user + used.system) / 1000)}`);
} else {
  for await (const line of createInterface({ input: process.stdin })) {
    const [command, ...rest] = line.split("\t");
    if (command === "add") {
      add(...rest);
      console.log("ok");
    } else {
      console.log(run(rest[0], Number(rest[1])));
    }
  }
}
