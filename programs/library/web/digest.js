// A worker that computes SHA-256 of a file, or of its beginning, piece after piece: however large the
// file is, a few megabytes of it are in memory, and the page goes on. Browsers have SHA-256 of their own
// only for what is in memory whole, and not at all on pages without TLS.

const PIECE = 4 * 1024 * 1024;
const K = new Uint32Array(64);
const START = new Uint32Array(8);

// The fractional parts of the cube and square roots of the first primes (FIPS 180-4, section 4.2.2).
{
  const fraction = (root) => Math.floor((root - Math.floor(root)) * 2 ** 32);
  let found = 0;
  for (let number = 2; found < 64; number += 1) {
    let isPrime = true;
    for (let by = 2; by * by <= number; by += 1) if (number % by === 0) isPrime = false;
    if (!isPrime) continue;
    if (found < 8) START[found] = fraction(Math.sqrt(number));
    K[found] = fraction(Math.cbrt(number));
    found += 1;
  }
}

const W = new Uint32Array(64);

function block(state, bytes, at) {
  for (let i = 0; i < 16; i += 1, at += 4) {
    W[i] = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
  }
  for (let i = 16; i < 64; i += 1) {
    const x = W[i - 15];
    const y = W[i - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    W[i] = (W[i - 16] + s0 + W[i - 7] + s1) | 0;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i += 1) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const one = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + W[i]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + one) | 0;
    d = c;
    c = b;
    b = a;
    a = (one + two) | 0;
  }
  [a, b, c, d, e, f, g, h].forEach((value, i) => (state[i] += value));
}

/** SHA-256 of the first `length` bytes, in hexadecimal digits. */
async function digest(file, length, tell) {
  const state = START.slice();
  // All pieces but the last are whole blocks.
  for (let at = 0; at + PIECE <= length; at += PIECE) {
    const bytes = new Uint8Array(await file.slice(at, at + PIECE).arrayBuffer());
    for (let i = 0; i < PIECE; i += 64) block(state, bytes, i);
    tell(at + PIECE);
  }
  const begun = length - (length % PIECE);
  const rest = new Uint8Array(await file.slice(begun, length).arrayBuffer());
  if (rest.length !== length - begun) throw new Error("the file changed");
  // A one, zeros, and the length in bits (section 5.1.1).
  const last = new Uint8Array(Math.ceil((rest.length + 9) / 64) * 64);
  last.set(rest);
  last[rest.length] = 0x80;
  const view = new DataView(last.buffer);
  view.setUint32(last.length - 8, Math.floor(length / 2 ** 29));
  view.setUint32(last.length - 4, (length * 8) % 2 ** 32);
  for (let i = 0; i < last.length; i += 64) block(state, last, i);
  return [...state].map((word) => word.toString(16).padStart(8, "0")).join("");
}

self.addEventListener("message", async ({ data: { id, file, length } }) => {
  try {
    const found = await digest(file, length, (done) => self.postMessage({ id, done }));
    self.postMessage({ id, digest: found });
  } catch {
    // It was changed, moved or removed while it was read.
    self.postMessage({ id, failed: true });
  }
});
