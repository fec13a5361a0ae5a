function main() {
  const items = [];
  let state = 12345;
  for (let i = 0; i < 8000; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    items.push({ key: state & 0xffff, name: "n" + (state & 255) });
  }
  items.sort((a, b) => a.key - b.key);
  const names = items.map((item) => item.name).sort();
  return items[0].key + ":" + items[4000].key + ":" + names[1234] + ":" + names[7999];
}
