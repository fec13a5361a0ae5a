// Runs blocks and views of a guest on V8 and writes a line for each: what the tests beside this file compare. The host functions
// are written here once more, from their description.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const [path] = process.argv.slice(2);
const { blocks, views } = JSON.parse(readFileSync(0, 'utf8'));
const module = new WebAssembly.Module(readFileSync(path));
const imported = WebAssembly.Module.imports(module).find(one => one.kind === 'memory');
const state = new Map();
const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();

function number(length, value) {
  const bytes = Buffer.alloc(length);
  length === 4 ? bytes.writeUInt32LE(value) : bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function items(message) {
  const list = [];
  for (let at = 0; at < message.length;) {
    if (message[at++] !== 10) {
      throw new Error('not a list');
    }
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const piece = message[at++];
      length |= (piece & 127) << shift;
      if (piece < 128) {
        break;
      }
    }
    list.push(message.subarray(at, at + length));
    at += length;
  }
  return list;
}

function run(height, payload, name) {
  let memory = imported && new WebAssembly.Memory({ initial: 1 });
  const input = Buffer.concat([number(4, height), payload]);
  const flushes = [];
  const logs = [];
  const bytes = () => Buffer.from(memory.buffer);
  const at = pointer => {
    const start = pointer >>> 0;
    return bytes().subarray(start, start + bytes().readUInt32LE(start - 4));
  };
  const value = key => state.get(at(key).toString('latin1')) ?? Buffer.alloc(0);
  const early = [];
  const env = {
    __host_len: () => input.length,
    __load_input: target => input.copy(bytes(), target >>> 0),
    __get_len: key => value(key).length,
    __get: (key, target) => value(key).copy(bytes(), target >>> 0),
    __flush: message => flushes.push(Buffer.from(at(message))),
    __log: text => (memory ? logs.push(at(text).toString()) : early.push(text)),
    abort: () => {},
    memory,
  };
  const instance = new WebAssembly.Instance(module, { env });
  memory ??= instance.exports.memory;
  early.forEach(text => env.__log(text));
  const result = instance.exports[name]();
  return { flushes, logs, result: name === '_start' ? null : Buffer.from(at(result)), memory: bytes() };
}

const lines = [];
blocks.forEach((block, height) => {
  const { flushes, logs, memory } = run(height, Buffer.from(block, 'base64'), '_start');
  for (const message of flushes) {
    const list = items(message);
    for (let index = 0; index + 1 < list.length; index += 2) {
      state.set(list[index].toString('latin1'), Buffer.from(list[index + 1]));
    }
  }
  const pages = [];
  for (let page = 0; page < memory.length; page += 65536) {
    pages.push(sha256(memory.subarray(page, page + 65536)));
  }
  lines.push([
    `flush ${sha256(...flushes.flatMap(message => [number(8, message.length), message])).toString('hex')}`,
    `pages ${pages.length}`,
    `memory ${sha256(number(8, pages.length), ...pages).toString('hex')}`,
    `logs ${logs.join('|')}`,
  ].join(' '));
});
for (const [name, account] of views) {
  lines.push(`${name} ${run(blocks.length - 1, number(4, account), name).result.toString('hex')}`);
}
process.stdout.write(JSON.stringify(lines));
