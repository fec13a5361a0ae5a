const records = [];
for (let i = 0; i < 200; i++) {
  records.push({
    id: i,
    name: `record number ${i}`,
    tags: ["alpha", "beta", `t${i % 13}`],
    nested: { ratio: i / 7, ok: i % 3 === 0, nothing: null, text: "a \"quoted\" line\n" },
  });
}
const text = JSON.stringify(records);

function main() {
  let check = 0;
  for (let round = 0; round < 10; round++) {
    const parsed = JSON.parse(text);
    parsed[round].id += round;
    check += JSON.stringify(parsed).length + parsed[round].id;
  }
  return check;
}
