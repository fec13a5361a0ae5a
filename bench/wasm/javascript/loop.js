function main() {
  let sum = 0;
  for (let i = 0; i < 1500000; i++) {
    sum = (sum + (i & 7) * 3) % 1000003;
  }
  return sum;
}
