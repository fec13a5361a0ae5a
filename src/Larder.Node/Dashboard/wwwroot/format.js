// Numbers as people read them. Every function takes null for "not known" and shows a dash.

const dash = '–';
const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** At most three significant digits, but never an exponent and never a lost integer digit. */
function short(value) {
  const size = Math.abs(value);
  return value.toLocaleString('en', { maximumFractionDigits: size >= 100 ? 0 : size >= 10 ? 1 : 2, minimumFractionDigits: 0 });
}

/** Splits bytes into a number and its unit, so that the unit can be set smaller. */
export function bytesParts(value) {
  if (value == null) return [dash, ''];
  let unit = 0;
  let size = value;
  while (Math.abs(size) >= 1000 && unit < byteUnits.length - 1) {
    size /= 1024;
    unit++;
  }
  return [short(size), byteUnits[unit]];
}

export const bytes = value => bytesParts(value).join(' ').trim();

export const bytesPerSecond = value => (value == null ? dash : `${bytes(value)}/s`);

export const count = value => (value == null ? dash : whole.format(value));

/** A count that may be a fraction, shortened with k, M and G. */
export function amount(value) {
  if (value == null) return dash;
  let unit = 0;
  let size = value;
  while (Math.abs(size) >= 10000 && unit < 3) {
    size /= 1000;
    unit++;
  }
  return short(size) + ['', 'k', 'M', 'G'][unit];
}

export const perSecond = value => (value == null ? dash : `${amount(value)}/s`);

/** A ratio as a percentage; never rounded up to 100 or down to 0. */
export function percent(value) {
  if (value == null) return dash;
  const scaled = value * 100;
  if (value < 1 && scaled > 99.9) return '> 99.9 %';
  if (value > 0 && scaled < 0.1) return '< 0.1 %';
  return `${scaled.toLocaleString('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 })} %`;
}

/** Seconds as the two largest units. */
export function duration(seconds) {
  if (seconds == null) return dash;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  const units = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];
  const first = units.findIndex(([size]) => seconds >= size);
  const [size, name] = units[first];
  const left = Math.floor(seconds / size);
  const next = units[first + 1];
  if (!next || left >= 100) return `${left} ${name}`;
  const right = Math.floor((seconds % size) / next[0]);
  return right > 0 ? `${left} ${name} ${right} ${next[1]}` : `${left} ${name}`;
}

export const clock = (time, withSeconds) =>
  new Date(time).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit', second: withSeconds ? '2-digit' : undefined, hour12: false });

/** camelCase to words: byteLimit becomes "byte limit". */
export const words = name => name.replace(/[A-Z]/g, letter => ` ${letter.toLowerCase()}`);

export const capital = text => text.charAt(0).toUpperCase() + text.slice(1);
