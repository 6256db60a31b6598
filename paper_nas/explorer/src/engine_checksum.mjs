// SHA-256 of a file: by the browser where it offers that, by the few lines below where it does not
// (on addresses without a secure context, such as a server in the local network).

/** The first 32 bits of the fractional parts of a root of the first primes. */
function primeConstants(count, root) {
  const constants = [];
  for (let number = 2; constants.length < count; number++) {
    let prime = true;
    for (let factor = 2; factor * factor <= number; factor++) prime &&= number % factor !== 0;
    if (prime) constants.push(((number ** (1 / root)) % 1) * 2 ** 32);
  }
  return Uint32Array.from(constants);
}

const SHA256_START = primeConstants(8, 2);
const SHA256_ROUND = primeConstants(64, 3);

/** The bytes with a one bit, zeros and their length in bits, up to a multiple of 64 bytes. */
function padded(bytes) {
  const result = new Uint8Array((((bytes.length + 8) >> 6) + 1) << 6);
  result.set(bytes);
  result[bytes.length] = 0x80;
  const view = new DataView(result.buffer);
  view.setUint32(result.length - 8, Math.floor(bytes.length / 2 ** 29));
  view.setUint32(result.length - 4, (bytes.length << 3) >>> 0);
  return view;
}

/** One block of 64 bytes into the state. */
function digestBlock(state, words) {
  const turn = (x, n) => (x >>> n) | (x << (32 - n));
  for (let t = 16; t < 64; t++) {
    const a = words[t - 15];
    const b = words[t - 2];
    words[t] =
      words[t - 16] +
      (turn(a, 7) ^ turn(a, 18) ^ (a >>> 3)) +
      words[t - 7] +
      (turn(b, 17) ^ turn(b, 19) ^ (b >>> 10));
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let t = 0; t < 64; t++) {
    const big = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25);
    const first = (h + big + ((e & f) ^ (~e & g)) + SHA256_ROUND[t] + words[t]) | 0;
    const small = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22);
    const second = (small + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((value, i) => (state[i] += value));
}

/** SHA-256 of some bytes in hexadecimal, without the browser's help. */
function plainSha256(bytes) {
  const view = padded(bytes);
  const state = Uint32Array.from(SHA256_START);
  const words = new Uint32Array(64);
  for (let start = 0; start < view.byteLength; start += 64) {
    for (let t = 0; t < 16; t++) words[t] = view.getUint32(start + 4 * t);
    digestBlock(state, words);
  }
  return Array.from(state, (value) => value.toString(16).padStart(8, "0")).join("");
}

/** SHA-256 of a buffer in hexadecimal. */
async function sha256(buffer) {
  const subtle = globalThis.crypto?.subtle;
  if (!subtle) return plainSha256(new Uint8Array(buffer));
  const digest = new Uint8Array(await subtle.digest("SHA-256", buffer));
  return Array.from(digest, (value) => value.toString(16).padStart(2, "0")).join("");
}

/**
 * Make sure that a buffer is the file that index.json describes.
 *
 * @param {ArrayBuffer} buffer What came.
 * @param {object} file {file, bytes, sha256}.
 * @throws DamagedFile, with a sentence that names the file.
 */
async function checkFile(buffer, file) {
  if (buffer.byteLength !== file.bytes) {
    throw failure(
      "DamagedFile",
      `The file ${file.file} has ${buffer.byteLength} bytes instead of ${file.bytes}; ` +
        "it is damaged, or belongs to another version of this page. Reload the page.",
    );
  }
  if ((await sha256(buffer)) !== file.sha256) {
    throw failure(
      "DamagedFile",
      `The file ${file.file} is not the one that this page was made with (its checksum differs). ` +
        "Reload the page; if that does not help, the file has to be put on the site again.",
    );
  }
}
