// The host functions of an indexer, and what every guest here needs around them.

@external("env", "__host_len") declare function __host_len(): i32;
@external("env", "__load_input") declare function __load_input(destination: usize): void;
@external("env", "__get_len") declare function __get_len(key: usize): i32;
@external("env", "__get") declare function __get(key: usize, destination: usize): void;
@external("env", "__flush") declare function __flush(message: usize): void;
@external("env", "__log") declare function __log(text: usize): void;

export function input(): ArrayBuffer {
  const buffer = new ArrayBuffer(__host_len());
  __load_input(changetype<usize>(buffer));
  return buffer;
}

export function heightOf(input: ArrayBuffer): u32 {
  return load<u32>(changetype<usize>(input));
}

export function log(text: string): void {
  __log(changetype<usize>(String.UTF8.encode(text)));
}

export function readFromHost(key: ArrayBuffer): ArrayBuffer {
  const value = new ArrayBuffer(__get_len(changetype<usize>(key)));
  __get(changetype<usize>(key), changetype<usize>(value));
  return value;
}

// What was written in this block, by key as text of bytes; in the order of first writes.
const written = new Map<string, ArrayBuffer>();
const order: ArrayBuffer[] = [];

function name(key: ArrayBuffer): string {
  return String.UTF16.decodeUnsafe(changetype<usize>(widen(key)), key.byteLength << 1);
}

// A byte a code unit, so that any key has a text.
function widen(key: ArrayBuffer): ArrayBuffer {
  const wide = new ArrayBuffer(key.byteLength << 1);
  for (let index = 0; index < key.byteLength; index++) {
    store<u16>(changetype<usize>(wide) + (index << 1), load<u8>(changetype<usize>(key) + index));
  }
  return wide;
}

export function get(key: ArrayBuffer): ArrayBuffer {
  const text = name(key);
  return written.has(text) ? written.get(text) : readFromHost(key);
}

export function set(key: ArrayBuffer, value: ArrayBuffer): void {
  const text = name(key);
  if (!written.has(text)) order.push(key);
  written.set(text, value);
}

export function remove(key: ArrayBuffer): void {
  set(key, new ArrayBuffer(0));
}

function varintLength(value: u32): i32 {
  let length = 1;
  while (value >= 0x80) { value >>= 7; length++; }
  return length;
}

function writeVarint(at: usize, value: u32): usize {
  while (value >= 0x80) { store<u8>(at++, (value & 0x7f) | 0x80); value >>= 7; }
  store<u8>(at++, value);
  return at;
}

function writeBytes(at: usize, bytes: ArrayBuffer): usize {
  store<u8>(at++, 0x0a);
  at = writeVarint(at, bytes.byteLength);
  memory.copy(at, changetype<usize>(bytes), bytes.byteLength);
  return at + bytes.byteLength;
}

// A flush of what was written since the last one.
export function flush(): void {
  let length = 0;
  for (let index = 0; index < order.length; index++) {
    const key = order[index], value = written.get(name(key));
    length += 2 + varintLength(key.byteLength) + key.byteLength + varintLength(value.byteLength) + value.byteLength;
  }
  const message = new ArrayBuffer(length);
  let at = changetype<usize>(message);
  for (let index = 0; index < order.length; index++) {
    at = writeBytes(at, order[index]);
    at = writeBytes(at, written.get(name(order[index])));
  }
  __flush(changetype<usize>(message));
  order.length = 0;
  written.clear();
}

export function text(value: string): ArrayBuffer {
  return String.UTF8.encode(value);
}

export function join(prefix: string, tail: ArrayBuffer): ArrayBuffer {
  const head = text(prefix);
  const joined = new ArrayBuffer(head.byteLength + tail.byteLength);
  memory.copy(changetype<usize>(joined), changetype<usize>(head), head.byteLength);
  memory.copy(changetype<usize>(joined) + head.byteLength, changetype<usize>(tail), tail.byteLength);
  return joined;
}

export function number(value: u64): ArrayBuffer {
  const buffer = new ArrayBuffer(8);
  store<u64>(changetype<usize>(buffer), value);
  return buffer;
}

export function toNumber(value: ArrayBuffer): u64 {
  return value.byteLength == 8 ? load<u64>(changetype<usize>(value)) : 0;
}

// The host's lists: the length under "key/length", items under "key/0", "key/1" and so on.
export function append(list: string, value: ArrayBuffer): void {
  const key = text(list + "/length");
  const old = get(key);
  const length = old.byteLength == 4 ? load<u32>(changetype<usize>(old)) : 0;
  const next = new ArrayBuffer(4);
  store<u32>(changetype<usize>(next), length + 1);
  set(text(list + "/" + length.toString()), value);
  set(key, next);
}
