// A ledger over any bytes: every 36 bytes after the header are an account and an amount. It reads and writes much, keeps lists,
// deletes, and computes with floats that may become NaN.
//
//   asc ledger.ts -O3 --runtime stub --outFile ledger.wasm

import { append, flush, get, heightOf, input, join, log, number, remove, set, text, toNumber } from "./host";

const HEADER = 84; // Four bytes of height, eighty of header.
const RECORD = 36;

export function _start(): void {
  const block = input();
  const height = heightOf(block);
  const data = changetype<usize>(block);
  let mean: f64 = 0.0, spread: f64 = 0.0, count: u64 = 0;

  for (let at = HEADER; at + RECORD <= block.byteLength; at += RECORD) {
    const account = block.slice(at, at + 20);
    const amount = load<u64>(data + at + 20) & 0xffffff;
    const key = join("/balance/", account);
    const before = toNumber(get(key));
    if (amount % 11 == 0 && before != 0) {
      remove(key);
      append("/closed", account);
    } else {
      set(key, number(before + amount));
    }
    if (before == 0) append("/accounts", account);

    count++;
    const difference = <f64>amount - mean;
    mean += difference / <f64>count;
    spread += difference * (<f64>amount - mean);
  }

  // 0/0 for a block without records: a NaN whose bits every machine must agree on.
  const deviation = Math.sqrt(spread / <f64>(count - (count > 0 ? 1 : 0)));
  set(text("/stats/" + height.toString()), number(reinterpret<u64>(deviation)));
  set(text("/records"), number(toNumber(get(text("/records"))) + count));
  if (count % 5 == 0) flush(); // Blocks may flush more than once.
  set(text("/pages"), number(<u64>memory.size()));
  flush();
  log("block " + height.toString() + " has " + count.toString() + " records");
}

// The balance of the account in the request.
export function balance(): ArrayBuffer {
  const request = input();
  return get(join("/balance/", request.slice(4)));
}

// How many accounts there ever were, and how many records.
export function summary(): ArrayBuffer {
  const length = get(text("/accounts/length"));
  const result = new ArrayBuffer(16);
  if (length.byteLength == 4) store<u64>(changetype<usize>(result), load<u32>(changetype<usize>(length)));
  store<u64>(changetype<usize>(result), toNumber(get(text("/records"))), 8);
  return result;
}

// The first items of the list of accounts.
export function accounts(): ArrayBuffer {
  const result = new ArrayBuffer(20 * 64);
  for (let index = 0; index < 64; index++) {
    const account = get(text("/accounts/" + index.toString()));
    memory.copy(changetype<usize>(result) + index * 20, changetype<usize>(account), account.byteLength);
  }
  return result;
}
