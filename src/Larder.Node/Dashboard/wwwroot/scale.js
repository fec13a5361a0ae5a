// Axes: which values to mark and where they lie.

/** Round marks from 0 to at least `top`. Bytes are marked at halves of powers of two, counts at 1, 2 and 5. */
export function marks(top, wanted, binary) {
  if (!(top > 0)) return [0, 1];
  const rough = top / wanted;
  const base = binary ? 1024 : 10;
  const steps = binary ? [1, 2, 4, 5, 8, 10, 16, 20, 32, 50, 64, 100, 128, 200, 256, 500, 512] : [1, 2, 5];
  const power = base ** Math.floor(Math.log(rough) / Math.log(base));
  const step = (steps.map(factor => factor * power).find(size => size >= rough)) ?? base * power;
  const found = [];
  for (let value = 0; value < top + step * 0.999; value += step) found.push(value);
  return found;
}

/** Marks at powers from the smallest to the largest positive value. */
export function logMarks(bottom, top, binary) {
  const base = binary ? 32 : 10;
  const first = Math.floor(Math.log(Math.max(bottom, 1e-3)) / Math.log(base));
  const last = Math.max(first + 1, Math.ceil(Math.log(Math.max(top, 1e-3)) / Math.log(base)));
  return Array.from({ length: last - first + 1 }, (_, at) => base ** (first + at));
}

const timeSteps = [5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600].map(seconds => seconds * 1000);

/** Round times between two, in local time, at most `wanted` of them. */
export function timeMarks(from, to, wanted) {
  const step = timeSteps.find(size => (to - from) / size <= wanted) ?? timeSteps.at(-1);
  const zone = new Date(to).getTimezoneOffset() * 60000;
  const found = [];
  for (let time = Math.ceil((from - zone) / step) * step + zone; time <= to; time += step) found.push(time);
  return { times: found, withSeconds: step < 60000 };
}
