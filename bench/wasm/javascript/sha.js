const constants = [];
const initial = [];
for (let candidate = 2; constants.length < 64; candidate++) {
  let prime = true;
  for (let d = 2; d * d <= candidate; d++) {
    if (candidate % d === 0) prime = false;
  }
  if (prime) {
    if (initial.length < 8) initial.push((Math.pow(candidate, 1 / 2) * 0x100000000) | 0);
    constants.push((Math.pow(candidate, 1 / 3) * 0x100000000) | 0);
  }
}

function block(state, bytes, offset, w) {
  for (let i = 0; i < 16; i++) {
    const at = offset + 4 * i;
    w[i] = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
  }
  for (let i = 16; i < 64; i++) {
    const x = w[i - 15];
    const y = w[i - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + constants[i] + w[i]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  const last = [a, b, c, d, e, f, g, h];
  for (let i = 0; i < 8; i++) state[i] = (state[i] + last[i]) | 0;
}

function main() {
  const bytes = new Uint8Array(64 * 100);
  for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 7) & 255;
  const state = initial.slice();
  const w = new Int32Array(64);
  for (let offset = 0; offset < bytes.length; offset += 64) block(state, bytes, offset, w);
  return state.map((x) => (x >>> 0).toString(16).padStart(8, "0")).join("");
}
