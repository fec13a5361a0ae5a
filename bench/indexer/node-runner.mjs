// Runs blocks through an indexer with the host functions in JavaScript: what Larder's time for a block is measured against.
//
//   node node-runner.mjs MODULE HEIGHT
//
// Reads lines with paths of blocks, runs the first at HEIGHT and each at the height above the last, and answers with a line of
// JSON: milliseconds of wall clock and of processor time that the instance, the guest and its host functions took, writes, and
// the SHA-256 of what was flushed.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const module = new WebAssembly.Module(readFileSync(process.argv[2]));
const state = new Map();

let memory, bytes, words, input, messages;

// A guest's memory may have grown since it was last looked at.
function look() {
  if (bytes === undefined || bytes.buffer !== memory.buffer) {
    bytes = Buffer.from(memory.buffer);
    words = new DataView(memory.buffer);
  }
}

function take(pointer) {
  look();
  pointer >>>= 0;
  const length = words.getUint32(pointer - 4, true);
  if (pointer + length > bytes.length) throw new Error("beyond memory");
  return bytes.subarray(pointer, pointer + length);
}

// Every value is asked for twice in a row: for its length, then for its bytes.
let lastKey = "", lastValue;
function read(pointer) {
  const key = take(pointer).latin1Slice();
  if (key !== lastKey || lastValue === null) {
    lastKey = key;
    lastValue = state.get(key);
  }
  return lastValue;
}

const env = {
  abort() { throw new Error("abort"); },
  __host_len: () => input.length,
  __load_input(destination) { look(); input.copy(bytes, destination >>> 0); },
  __get_len: key => read(key)?.length ?? 0,
  __get(key, destination) { const value = read(key); if (value) { look(); value.copy(bytes, destination >>> 0); } },
  __flush(message) { messages.push(Buffer.from(take(message))); },
  __log() {},
};

function varint(buffer, at) {
  let value = 0, shift = 0, byte;
  do { byte = buffer[at++]; value += (byte & 0x7f) * 2 ** shift; shift += 7; } while (byte >= 0x80);
  return [value, at];
}

function* fields(message) {
  for (let at = 0; at < message.length;) {
    let length;
    [, at] = varint(message, at);
    [length, at] = varint(message, at);
    yield message.subarray(at, at += length);
  }
}

let height = Number(process.argv[3]);
for await (const path of createInterface({ input: process.stdin })) {
  const block = readFileSync(path);
  input = Buffer.concat([Buffer.alloc(4), block]);
  input.writeUInt32LE(height++);
  messages = [];
  lastValue = null;
  bytes = undefined;
  const processor = process.cpuUsage(), began = performance.now();
  // JavaScript sees no memory before the start section has run: a module that reads in it cannot be compared.
  const instance = new WebAssembly.Instance(module, { env });
  memory = instance.exports.memory;
  instance.exports._start();
  const wall = performance.now() - began, used = process.cpuUsage(processor);
  const digest = createHash("sha256");
  let writes = 0;
  for (const message of messages) {
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(message.length));
    digest.update(length).update(message);
    const parts = [...fields(message)];
    for (let index = 0; index + 1 < parts.length; index += 2, writes++) state.set(parts[index].latin1Slice(), parts[index + 1]);
  }
  console.log(JSON.stringify({ wall, processor: (used.user + used.system) / 1000, writes, digest: digest.digest("hex") }));
}
