// Runs one module as the tests beside this file do, and writes what could be seen as a list of texts.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const [kind, path, quickJs] = process.argv.slice(2);
const job = JSON.parse(readFileSync(0, 'utf8'));
const module = new WebAssembly.Module(readFileSync(path));
const seen = [];
const hash = memory => createHash('sha256').update(new Uint8Array(memory.buffer)).digest('hex');

if (kind === 'quickjs') {
  const { QuickJs } = await import(quickJs);
  const guest = new QuickJs(module);
  for (const source of job) {
    try {
      seen.push(guest.evaluate(source));
    } catch (error) {
      seen.push('error ' + error.message);
    }
  }
  seen.push(hash(guest.exports.memory));
} else {
  const instance = new WebAssembly.Instance(module, { env: { abort() { throw new Error('abort'); } } });
  for (const [name, ...values] of job) {
    try {
      seen.push(`${name} ${instance.exports[name](...values)}`);
    } catch (error) {
      seen.push(`${name} ${error.message === 'abort' ? 'abort' : 'trap'}`);
    }
  }
  seen.push(hash(instance.exports.memory));
}

process.stdout.write(JSON.stringify(seen));
