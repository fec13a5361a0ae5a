// What an indexer does: balances by account, history, sorting, text.
class Transfer {
  constructor(public from: u32, public to: u32, public amount: u64) {}
}

let state: u32 = 1;

function random(): u32 {
  state = state * 1664525 + 1013904223;
  return state >> 8;
}

export function transfers(count: i32): i32 {
  const balances = new Map<u32, u64>();
  const history = new Array<Transfer>();
  for (let i = 0; i < count; i++) {
    const transfer = new Transfer(random() % 997, random() % 997, random() % 1000);
    history.push(transfer);
    const from = balances.has(transfer.from) ? balances.get(transfer.from) : 100_000;
    if (from >= transfer.amount) {
      balances.set(transfer.from, from - transfer.amount);
      balances.set(transfer.to, (balances.has(transfer.to) ? balances.get(transfer.to) : 100_000) + transfer.amount);
    }
  }
  const values = balances.values().sort((a, b) => a < b ? -1 : a > b ? 1 : 0);
  let sum: u64 = 0;
  for (let i = 0; i < values.length; i++) {
    sum = sum * 31 + values[i];
  }
  return <i32>(sum ^ (sum >> 32)) ^ history.length;
}

export function text(count: i32): i32 {
  const parts = new Array<string>();
  for (let i = 0; i < count; i++) {
    parts.push((random() % 1000).toString() + ":" + (<f64>random() / 7.0).toString());
  }
  const joined = parts.join(",");
  const split = joined.split(",");
  let hash: i32 = split.length;
  for (let i = 0; i < joined.length; i++) {
    hash = hash * 31 + joined.charCodeAt(i);
  }
  return hash;
}

export function waves(count: i32): f64 {
  let sum: f64 = 0;
  for (let i = 0; i < count; i++) {
    sum += Math.sin(<f64>i) * Math.exp(-<f64>i / 100) + Math.pow(<f64>(i % 17), 1.5) + Math.sqrt(<f64>i) % 3;
  }
  return sum;
}

export function bytes(count: i32): i32 {
  const data = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    data[i] = <u8>random();
  }
  data.sort();
  const copy = data.slice(count / 3);
  copy.fill(7, 0, count / 10);
  let hash: i32 = 0;
  for (let i = 0; i < copy.length; i++) {
    hash = hash * 31 + copy[i];
  }
  return hash;
}

export function outside(index: i32): i32 {
  const list = [1, 2, 3];
  return list[index];
}

export function divide(a: i32, b: i32): i32 {
  return a / b;
}
