// Arrays out of a file's bytes, as index.json describes them.
// Glossary of shapes: R rows, G cells per side of the grid, Z latent.

/** An error for the reader: a name for programs, a whole sentence for people. */
function failure(name, message) {
  const error = new Error(message);
  error.name = name;
  return error;
}

/** IEEE half-precision numbers, as their 16 bits, to single precision. */
function floatsFromHalves(halves) {
  const bits = new Uint32Array(halves.length);
  const floats = new Float32Array(bits.buffer);
  for (let i = 0; i < halves.length; i++) {
    const half = halves[i];
    const sign = (half & 0x8000) << 16;
    const exponent = (half >> 10) & 31;
    const fraction = half & 1023;
    if (exponent === 0) {
      floats[i] = fraction * 2 ** -24;
      bits[i] |= sign;
    } else if (exponent === 31) {
      bits[i] = sign | 0x7f800000 | (fraction << 13);
    } else {
      bits[i] = sign | ((exponent + 112) << 23) | (fraction << 13);
    }
  }
  return floats;
}

const STORED_TYPES = {
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  float16: Uint16Array,
  float32: Float32Array,
  float64: Float64Array,
};

/** How many entries an array of a shape has. */
function sizeOf(shape) {
  return shape.reduce((product, length) => product * length, 1);
}

/** The entries as they are stored; quantised ones stay codes, halves stay bits. */
function readCodes(buffer, description) {
  const { dtype, shape, offset } = description;
  const Stored = STORED_TYPES[dtype];
  const count = sizeOf(shape);
  if (!Stored || offset + count * Stored.BYTES_PER_ELEMENT > buffer.byteLength) {
    throw failure("DamagedFile", `An array of ${count} ${dtype} numbers does not fit its file.`);
  }
  return new Stored(buffer, offset, count);
}

/**
 * One array of a file.
 *
 * @param {ArrayBuffer} buffer The file.
 * @param {object} description Its entry under "arrays" in index.json. With "minimum" and "step" (a
 *   number, or one per entry of the last dimension) the codes stand for minimum + step * code; the
 *   code "missing" stands for NaN.
 * @returns A typed array, row by row.
 */
function readArray(buffer, description) {
  const codes = readCodes(buffer, description);
  if (description.dtype === "float16") return floatsFromHalves(codes);
  if (description.step === undefined) return codes;
  const width = description.shape[description.shape.length - 1];
  const perColumn = (value) => (Array.isArray(value) ? value : new Array(width).fill(value));
  const minimum = perColumn(description.minimum);
  const step = perColumn(description.step);
  const values = new Float32Array(codes.length);
  for (let i = 0; i < codes.length; i++) {
    const column = i % width;
    values[i] = codes[i] === description.missing ? NaN : minimum[column] + step[column] * codes[i];
  }
  return values;
}
