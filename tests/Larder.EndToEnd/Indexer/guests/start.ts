// Its start section reads the state and its input, so that no two blocks start alike.

import { flush, get, input, number, readFromHost, set, text, toNumber } from "../../../../samples/indexer/host";

const before: u64 = toNumber(readFromHost(text("/count")));
const lengthAtStart: i32 = input().byteLength;

export function _start(): void {
  set(text("/count"), number(before + 1));
  set(text("/length"), number(<u64>lengthAtStart));
  set(text("/count/now"), get(text("/count")));
  flush();
}

export function count(): ArrayBuffer {
  return number(before);
}
