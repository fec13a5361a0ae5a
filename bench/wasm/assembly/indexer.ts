// An indexer's loop: blocks of transfers applied to a map of balances, with a record of the last change of each account.

class Account {
  balance: u64 = 0;
  changes: u32 = 0;
  height: u32 = 0;
}

class Transfer {
  constructor(public from: u32, public to: u32, public amount: u64) {}
}

let state: u32 = 1;

function next(): u32 {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state;
}

function apply(accounts: Map<u32, Account>, transfer: Transfer, height: u32): bool {
  if (!accounts.has(transfer.from)) return false;
  const from = accounts.get(transfer.from);
  if (from.balance < transfer.amount) return false;
  if (!accounts.has(transfer.to)) accounts.set(transfer.to, new Account());
  const to = accounts.get(transfer.to);
  from.balance -= transfer.amount;
  to.balance += transfer.amount;
  from.changes++;
  to.changes++;
  from.height = height;
  to.height = height;
  return true;
}

export function index(transfers: i32): i32 {
  state = 2463534242;
  const accounts = new Map<u32, Account>();
  for (let i: u32 = 0; i < 1000; i++) {
    const account = new Account();
    account.balance = 1000000;
    accounts.set(i, account);
  }

  let refused: u32 = 0;
  for (let i = 0; i < transfers; i++) {
    const transfer = new Transfer(next() % 4096, next() % 4096, next() % 10000);
    if (!apply(accounts, transfer, i / 100)) refused++;
  }

  let check: u64 = refused;
  const keys = accounts.keys();
  for (let i = 0, count = keys.length; i < count; i++) {
    const account = accounts.get(keys[i]);
    check = check * 31 + account.balance + account.changes + account.height;
  }

  return i32(check ^ (check >> 32));
}
