// Grows its memory until it is refused and writes down how far it came, so that a host that refuses anywhere else is seen.

import { flush, heightOf, input, number, set, text } from "../../../../samples/indexer/host";

export function _start(): void {
  const height = heightOf(input());
  let refused: u64 = 0;
  for (let step: i32 = 4096; step > 0; step >>= 1) {
    while (memory.grow(step) >= 0) {
      store<u32>((<usize>memory.size() << 16) - 4, height); // The last word of what was given.
    }
    refused++;
  }
  set(text("/pages/" + height.toString()), number(<u64>memory.size()));
  set(text("/refused"), number(refused));
  flush();
}
