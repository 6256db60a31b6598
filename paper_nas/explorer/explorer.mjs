// The latent explorer, put together from paper_nas/explorer/src by
// `python -m tools.assemble_explorer`: change the sources, not this file.

function paperNasEngine() {
"use strict";
// ---- engine_arrays.mjs
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

// ---- engine_checksum.mjs
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

// ---- engine_space.mjs
// The ENAS space in the browser: the counterpart of paper_nas.space, for up to six layers.
// A graph is {types, edges}: vertex types (0 START, 1 END, operation + 2) and pairs [source, target].

const NUM_OPERATIONS = 6;
const NUM_TYPES = 8;
const MAX_VERTICES = 8;
const LAYERS = 6;
const SKIP_BITS = 15;
const START_TYPE = 0;
const END_TYPE = 1;

/** Number of free skip bits of so many layers. */
function numSkipBits(layers) {
  return (layers * (layers - 1)) / 2;
}

/**
 * Read an architecture.
 *
 * @param {string} text n (n + 1) / 2 integers for n layers: of each layer its operation, then one
 *   bit for each earlier vertex but the last. Blanks, commas and brackets may stand between them.
 * @returns {{operations: number[], skips: number[]}}
 * @throws BadArchitecture, with a sentence that says what is wrong.
 */
function parseArchitecture(text) {
  const words = text.split(/[\s,;[\]()]+/).filter((word) => word);
  const wrong = (message) => failure("BadArchitecture", message);
  if (!words.length) throw wrong("Type an architecture: the integers of its layers.");
  const odd = words.find((word) => !/^\d+$/.test(word));
  if (odd !== undefined) throw wrong(`"${odd}" is not a whole number.`);
  const numbers = words.map(Number);
  const layers = Math.round((Math.sqrt(8 * numbers.length + 1) - 1) / 2);
  if ((layers * (layers + 1)) / 2 !== numbers.length || layers > LAYERS) {
    throw wrong(
      `${numbers.length} numbers are no architecture: six layers have 21 numbers ` +
        "(1 for the first layer, 2 for the second, up to 6).",
    );
  }
  const operations = [];
  const skips = [];
  for (let layer = 1, place = 0; layer <= layers; place += layer, layer++) {
    operations.push(numbers[place]);
    skips.push(...numbers.slice(place + 1, place + layer));
  }
  const operation = operations.find((value) => value >= NUM_OPERATIONS);
  if (operation !== undefined) throw wrong(`There is no operation ${operation}: they are 0 to 5.`);
  const bit = skips.find((value) => value > 1);
  if (bit !== undefined) throw wrong(`A skip connection is 0 or 1, not ${bit}.`);
  return { operations, skips };
}

/** The inverse of parseArchitecture: integers joined by blanks. */
function formatArchitecture({ operations, skips }) {
  const words = [];
  operations.forEach((operation, index) => {
    const first = numSkipBits(index);
    words.push(operation, ...Array.from(skips).slice(first, first + index));
  });
  return words.join(" ");
}

/** Vertex types and edges of an architecture; edges ordered by target, then source. */
function graphOf({ operations, skips }) {
  const layers = operations.length;
  const edges = [];
  for (let layer = 1; layer <= layers; layer++) {
    const first = numSkipBits(layer - 1);
    for (let source = 0; source < layer - 1; source++) {
      if (skips[first + source]) edges.push([source, layer]);
    }
    edges.push([layer - 1, layer]);
  }
  edges.push([layers, layers + 1]);
  return { types: [START_TYPE, ...Array.from(operations, (o) => o + 2), END_TYPE], edges };
}

/** Whether a graph is a valid architecture (the conditions of paper_nas.space.is_valid_graph). */
function isValidGraph({ types, edges }) {
  const count = types.length;
  const into = new Array(count).fill(0);
  const out = new Array(count).fill(0);
  const chained = new Array(count).fill(false);
  for (const [source, target] of edges) {
    into[target]++;
    out[source]++;
    if (target === source + 1) chained[source] = true;
  }
  const exactlyOne = (kind) => types.filter((type) => type === kind).length === 1;
  if (!exactlyOne(START_TYPE) || !exactlyOne(END_TYPE)) return false;
  if (types.some((type, vertex) => type !== START_TYPE && into[vertex] === 0)) return false;
  if (types.some((type, vertex) => type !== END_TYPE && out[vertex] === 0)) return false;
  for (let vertex = 0; vertex < count - 2; vertex++) if (!chained[vertex]) return false;
  return into[types.indexOf(END_TYPE)] === 1;
}

/** The architecture of a graph, or null where it is not a valid one with a layer. */
function architectureOf(graph) {
  const { types, edges } = graph;
  if (types.length < 3 || !isValidGraph(graph)) return null;
  const layers = types.length - 2;
  const skips = new Array(numSkipBits(layers)).fill(0);
  for (const [source, target] of edges) {
    if (target <= layers && target > source + 1) skips[numSkipBits(target - 1) + source] = 1;
  }
  return { operations: types.slice(1, -1).map((type) => type - 2), skips };
}

/** The six-layer architecture in one 32-bit word of the points: skips, operations, test flag. */
function architectureOfRow(word) {
  const skips = Array.from({ length: SKIP_BITS }, (_, bit) => (word >>> bit) & 1);
  const operations = [];
  let number = (word >>> SKIP_BITS) & 0xffff;
  for (let layer = 0; layer < LAYERS; layer++) {
    operations.push(number % NUM_OPERATIONS);
    number = Math.floor(number / NUM_OPERATIONS);
  }
  return { operations, skips };
}

/**
 * A decoded graph of the grid.
 *
 * @param {number} typesWord Number of vertices in bits 0-3, then three bits per vertex from 1.
 * @param {number} edgesWord A bit per pair (u, v) with u < v, ordered by v, then u.
 */
function unpackGraph(typesWord, edgesWord) {
  const count = typesWord & 15;
  const types = [START_TYPE];
  for (let vertex = 1; vertex < count; vertex++) types.push((typesWord >>> (1 + 3 * vertex)) & 7);
  const edges = [];
  for (let target = 1; target < count; target++) {
    for (let source = 0; source < target; source++) {
      if ((edgesWord >>> (numSkipBits(target) + source)) & 1) edges.push([source, target]);
    }
  }
  return { types, edges };
}

// ---- engine_layers.mjs
// The building blocks of the models: affine maps, the gated recurrent unit, messages.
// They are those of paper_nas.models.layers, for one graph at a time. States are single precision,
// as in training; sums run in double precision, as all JavaScript numbers do.
// Glossary of shapes: H hidden, N vertices, K vertex types, E code width.

function sigmoid(x) {
  return 1 / (1 + Math.exp(-x));
}

/** result = matrix [rows, input.length] times input, plus bias (or nothing); four rows at a time. */
function affine(matrix, bias, input, result) {
  const rows = result.length;
  const columns = input.length;
  let row = 0;
  for (; row + 3 < rows; row += 4) {
    const first = row * columns;
    const second = first + columns;
    const third = second + columns;
    const fourth = third + columns;
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (let column = 0; column < columns; column++) {
      const value = input[column];
      a += matrix[first + column] * value;
      b += matrix[second + column] * value;
      c += matrix[third + column] * value;
      d += matrix[fourth + column] * value;
    }
    result[row] = a;
    result[row + 1] = b;
    result[row + 2] = c;
    result[row + 3] = d;
  }
  for (; row < rows; row++) {
    let sum = 0;
    for (let column = 0; column < columns; column++) sum += matrix[row * columns + column] * input[column];
    result[row] = sum;
  }
  if (bias) for (row = 0; row < rows; row++) result[row] += bias[row];
  return result;
}

/** Columns first to last - 1 of a matrix [rows, columns], as a matrix of their own. */
function columnsOf(matrix, columns, first, last) {
  const rows = matrix.length / columns;
  const result = new Float32Array(rows * (last - first));
  for (let row = 0; row < rows; row++) {
    result.set(matrix.subarray(row * columns + first, row * columns + last), row * (last - first));
  }
  return result;
}

/** A gated recurrent unit whose inputs are vertex types, read from a table. */
class GruCell {
  /**
   * @param {Object<string, Float32Array>} weights All weights, by name.
   * @param {string} name Of the unit.
   * @param {Float32Array} codes [K, E].
   */
  constructor(weights, name, codes) {
    this.weight = weights[`${name}.weight_hh`];
    this.bias = weights[`${name}.bias_hh`];
    this.size = this.bias.length / 3;
    this.hidden = new Float32Array(3 * this.size);
    const width = codes.length / NUM_TYPES;
    this.table = Array.from({ length: NUM_TYPES }, (_, kind) =>
      affine(
        weights[`${name}.weight_ih`],
        weights[`${name}.bias_ih`],
        codes.subarray(kind * width, (kind + 1) * width),
        new Float32Array(3 * this.size),
      ),
    );
    const zeros = new Float32Array(this.size);
    /** States of a vertex of each type that nothing feeds. */
    this.withoutMessages = this.table.map((_, kind) => this.step(kind, zeros));
  }

  /** The state [H] of a vertex of a type, from the sum of its messages [H]. */
  step(kind, incoming) {
    const { size, hidden } = this;
    const table = this.table[kind];
    affine(this.weight, this.bias, incoming, hidden);
    const state = new Float32Array(size);
    for (let i = 0; i < size; i++) {
      const reset = sigmoid(table[i] + hidden[i]);
      const update = sigmoid(table[size + i] + hidden[size + i]);
      const candidate = Math.tanh(table[2 * size + i] + reset * hidden[2 * size + i]);
      state[i] = candidate + update * (incoming[i] - candidate);
    }
    return state;
  }
}

/** What a vertex sends: a gated linear map of its state and position. */
class MessageFunction {
  constructor(weights, name) {
    const gate = weights[`${name}.gate.weight`];
    const mapper = weights[`${name}.mapper.weight`];
    const bias = weights[`${name}.gate.bias`];
    const size = bias.length;
    const columns = gate.length / size;
    const both = new Float32Array(2 * gate.length);
    both.set(gate);
    both.set(mapper, gate.length);
    this.size = size;
    this.weight = columnsOf(both, columns, 0, size);
    this.product = new Float32Array(2 * size);
    /** What the position of the vertex adds, the gate's bias included. */
    this.positions = Array.from({ length: columns - size }, (_, position) => {
      const row = columnsOf(both, columns, size + position, size + position + 1);
      for (let i = 0; i < size; i++) row[i] += bias[i];
      return row;
    });
  }

  /** The message [H] of a vertex with a state [H] at a position. */
  send(state, position) {
    const { size, product } = this;
    affine(this.weight, this.positions[position], state, product);
    const message = new Float32Array(size);
    for (let i = 0; i < size; i++) message[i] = sigmoid(product[i]) * product[size + i];
    return message;
  }
}

/** Add one vector to another, in place. */
function addTo(total, vector) {
  for (let i = 0; i < total.length; i++) total[i] += vector[i];
}

// ---- engine_models.mjs
// Encoder and decoder of D-VAE and DVAE-EMB: those of paper_nas.models.encoders and decoders, for one
// graph at a time. What depends on a vertex type alone is computed once, at the start; the message of
// a vertex once per vertex; a new state only after a true edge; and the first layer of the edge
// classifier in two halves, one per source vertex, one per state of the target.

/** The bidirectional asynchronous encoder. */
class Encoder {
  constructor(weights, codes) {
    this.weights = weights;
    this.forward = {
      gru: new GruCell(weights, "encoder.gru_forward", codes),
      messages: new MessageFunction(weights, "encoder.messages_forward"),
    };
    this.backward = {
      gru: new GruCell(weights, "encoder.gru_backward", codes),
      messages: new MessageFunction(weights, "encoder.messages_backward"),
    };
  }

  /** The mean of the posterior of a graph, Float32Array [Z]. */
  encode({ types, edges }) {
    const { weights } = this;
    const order = types.map((_, vertex) => vertex);
    const last = this.sweep(this.forward, types, order, edges);
    const reversed = edges.map(([source, target]) => [target, source]);
    const first = this.sweep(this.backward, types, order.reverse(), reversed);
    const both = new Float32Array(last.length + first.length);
    both.set(last);
    both.set(first, last.length);
    const bias = weights["encoder.unify.bias"];
    const vector = new Float32Array(bias.length);
    affine(weights["encoder.unify.weight"], bias, both, vector);
    const mean = new Float32Array(weights["posterior_mean.bias"].length);
    return affine(weights["posterior_mean.weight"], weights["posterior_mean.bias"], vector, mean);
  }

  /** The state of the last vertex of an order in which every edge goes forward. */
  sweep({ gru, messages }, types, order, edges) {
    const sent = [];
    let state;
    for (const vertex of order) {
      const total = new Float32Array(gru.size);
      for (const [source, target] of edges) if (target === vertex) addTo(total, sent[source]);
      state = gru.step(types[vertex], total);
      sent[vertex] = messages.send(state, vertex);
    }
    return state;
  }
}

/** A graph that grows from START to END, with a record of how close its decisions were. */
class GrowingGraph {
  constructor() {
    this.types = [START_TYPE];
    this.edges = [];
    this.margin = Infinity;
    this.typeProbabilities = new Float32Array(MAX_VERTICES * NUM_TYPES);
    this.edgeProbabilities = new Float32Array(MAX_VERTICES * MAX_VERTICES);
    this.typeProbabilities[START_TYPE] = 1;
  }

  /** The likeliest type of the next vertex; at the last position it is END. */
  chooseType(logits) {
    const vertex = this.types.length;
    let best = 0;
    for (let kind = 1; kind < NUM_TYPES; kind++) if (logits[kind] > logits[best]) best = kind;
    let total = 0;
    for (const logit of logits) total += Math.exp(logit - logits[best]);
    logits.forEach((logit, kind) => {
      if (kind !== best) this.margin = Math.min(this.margin, logits[best] - logit);
      const probability = Math.exp(logit - logits[best]) / total;
      this.typeProbabilities[vertex * NUM_TYPES + kind] = probability;
    });
    return best;
  }

  /** Whether an edge goes into the newest vertex. */
  chooseEdge(source, logit) {
    const vertex = this.types.length - 1;
    this.margin = Math.min(this.margin, Math.abs(logit));
    this.edgeProbabilities[source * MAX_VERTICES + vertex] = sigmoid(logit);
    if (logit > 0) this.edges.push([source, vertex]);
    return logit > 0;
  }

  /** Add END: every vertex without an out-edge gets one to it. */
  finish() {
    const end = this.types.length;
    this.types.push(END_TYPE);
    const feeding = new Set(this.edges.map(([source]) => source));
    for (let vertex = 0; vertex < end; vertex++) {
      if (feeding.has(vertex)) continue;
      this.edges.push([vertex, end]);
      this.edgeProbabilities[vertex * MAX_VERTICES + end] = 1;
    }
    const order = ([u, v], [x, y]) => v - y || u - x;
    this.edges.sort(order);
  }
}

/** The autoregressive decoder, taking the likeliest decision everywhere. */
class Decoder {
  /** It sends the messages of the encoder's forward sweep, as in training. */
  constructor(weights, codes, messages) {
    this.weights = weights;
    this.gru = new GruCell(weights, "decoder.gru", codes);
    this.messages = messages;
    const hidden = weights["decoder.edge_hidden.weight"];
    this.hiddenBias = weights["decoder.edge_hidden.bias"];
    const size = this.gru.size;
    this.sourceWeight = columnsOf(hidden, 2 * size, 0, size);
    this.targetWeight = columnsOf(hidden, 2 * size, size, 2 * size);
    this.tableHalves = this.gru.withoutMessages.map((state) => this.targetHalf(state));
  }

  targetHalf(state) {
    const half = new Float32Array(this.hiddenBias.length);
    return affine(this.targetWeight, this.hiddenBias, state, half);
  }

  /** The graph of a latent [Z]; see GrowingGraph for its fields. */
  decode(latent) {
    const { weights, gru, messages } = this;
    const start = new Float32Array(gru.size);
    affine(weights["decoder.start.weight"], weights["decoder.start.bias"], latent, start);
    const graph = new GrowingGraph();
    const sent = [];
    const sources = [];
    let state = gru.step(START_TYPE, start.map(Math.tanh));
    for (let vertex = 1; vertex < MAX_VERTICES - 1; vertex++) {
      const kind = graph.chooseType(this.typeLogits(state));
      if (kind === END_TYPE) break;
      graph.types.push(kind);
      sent.push(messages.send(state, vertex - 1));
      const half = new Float32Array(this.hiddenBias.length);
      sources.push(affine(this.sourceWeight, null, state, half));
      state = this.addEdges(graph, kind, sent, sources);
    }
    graph.typeProbabilities[graph.types.length * NUM_TYPES + END_TYPE] ||= 1;
    graph.finish();
    return graph;
  }

  typeLogits(state) {
    const { weights } = this;
    const bias = weights["decoder.add_vertex.0.bias"];
    const hidden = new Float32Array(bias.length);
    affine(weights["decoder.add_vertex.0.weight"], bias, state, hidden);
    for (let i = 0; i < hidden.length; i++) if (hidden[i] < 0) hidden[i] = 0;
    const logits = new Float32Array(NUM_TYPES);
    const output = weights["decoder.add_vertex.2.weight"];
    return affine(output, weights["decoder.add_vertex.2.bias"], hidden, logits);
  }

  /** Decide all edges into the newest vertex, last source first; gives its final state. */
  addEdges(graph, kind, sent, sources) {
    const { gru } = this;
    const total = new Float32Array(gru.size);
    let state = gru.withoutMessages[kind];
    let half = this.tableHalves[kind];
    for (let source = sources.length - 1; source >= 0; source--) {
      if (!graph.chooseEdge(source, this.edgeLogit(half, sources[source]))) continue;
      addTo(total, sent[source]);
      state = gru.step(kind, total);
      if (source > 0) half = this.targetHalf(state);
    }
    return state;
  }

  edgeLogit(target, source) {
    const output = this.weights["decoder.edge_output.weight"];
    let logit = 0;
    for (let i = 0; i < output.length; i++) {
      const value = target[i] + source[i];
      if (value > 0) logit += output[i] * value;
    }
    return logit + this.weights["decoder.edge_output.bias"][0];
  }
}

// ---- engine_gaussian.mjs
// The sparse Gaussian process of paper_nas.regression, in double precision.
// Glossary of shapes: M inducing points, D = Z input dimensions.

/** Lower triangular rows of a symmetric matrix [M, M], packed one after another; its Cholesky factor. */
function cholesky(packed, size) {
  const lower = Float64Array.from(packed);
  for (let row = 0; row < size; row++) {
    const start = (row * (row + 1)) / 2;
    for (let column = 0; column <= row; column++) {
      const other = (column * (column + 1)) / 2;
      let sum = lower[start + column];
      for (let k = 0; k < column; k++) sum -= lower[start + k] * lower[other + k];
      if (column < row) {
        lower[start + column] = sum / lower[other + column];
      } else {
        if (!(sum > 0)) {
          throw failure("DamagedFile", "The stored Gaussian process is not a covariance.");
        }
        lower[start + column] = Math.sqrt(sum);
      }
    }
  }
  return lower;
}

/** Solve lower x = right, for a packed lower triangular matrix. */
function solveLower(lower, right) {
  const solution = new Float64Array(right.length);
  for (let row = 0, start = 0; row < right.length; row++, start += row) {
    let sum = right[row];
    for (let k = 0; k < row; k++) sum -= lower[start + k] * solution[k];
    solution[row] = sum / lower[start + row];
  }
  return solution;
}

/** Predicts the score of a latent, with its uncertainty. */
class SparseProcess {
  /**
   * @param {object} arrays inducing [M, D] and squared_lengths [D] (double); precision, the Cholesky
   *   factor of the whitened posterior precision, packed [M (M + 1) / 2]; mean [M], whitened.
   * @param {object} numbers variance, noise, jitter (added to the diagonal, in units of the
   *   targets' variance), location and scale of the targets.
   */
  constructor(arrays, numbers) {
    Object.assign(this, arrays, numbers);
    this.size = this.mean.length;
    this.width = this.squared_lengths.length;
    this.weights = Float64Array.from(this.squared_lengths, (length) => 0.5 / length);
    const packed = new Float64Array((this.size * (this.size + 1)) / 2);
    for (let row = 0, place = 0; row < this.size; row++) {
      const point = this.inducing.subarray(row * this.width, (row + 1) * this.width);
      for (let column = 0; column <= row; column++) packed[place++] = this.covariance(point, column);
      packed[place - 1] += this.jitter;
    }
    this.lower = cholesky(packed, this.size);
  }

  /** Prior covariance of a point with one inducing point. */
  covariance(point, index) {
    const { inducing, weights, width } = this;
    let sum = 0;
    for (let d = 0, place = index * width; d < width; d++, place++) {
      const difference = point[d] - inducing[place];
      sum += weights[d] * difference * difference;
    }
    return this.variance * Math.exp(-sum);
  }

  /** Mean and standard deviation of a new observation, in the units of the score. */
  predict(latent) {
    const cross = Float64Array.from(this.mean, (_, index) => this.covariance(latent, index));
    const white = solveLower(this.lower, cross);
    const left = solveLower(this.precision, white);
    let mean = 0;
    let variance = this.variance;
    for (let i = 0; i < this.size; i++) {
      mean += this.mean[i] * white[i];
      variance += left[i] * left[i] - white[i] * white[i];
    }
    const sd = Math.sqrt(Math.max(0, variance) + this.noise);
    return { mean: this.location + this.scale * mean, sd: this.scale * sd };
  }
}

// ---- engine_neighbours.mjs
// The known architectures nearest to a latent, by Euclidean distance.

/** Searches latents that are stored as one byte per coordinate. */
class Neighbours {
  /**
   * @param {Uint8Array} codes [R, Z]; a coordinate is minimum[z] + step[z] * code.
   * @param {{minimum: number[], step: number[]}} scale
   */
  constructor(codes, { minimum, step }) {
    this.codes = codes;
    this.minimum = minimum;
    this.step = step;
    this.width = step.length;
    this.squares = Float64Array.from(step, (value) => value * value);
  }

  /** The nearest rows, nearest first: [{row, distance}]. */
  nearest(latent, count) {
    const { codes, width, squares } = this;
    const target = Float64Array.from(latent, (value, z) => (value - this.minimum[z]) / this.step[z]);
    const found = [];
    let limit = Infinity;
    for (let row = 0, place = 0; place < codes.length; row++, place += width) {
      let sum = 0;
      for (let z = 0; z < width; z++) {
        const difference = codes[place + z] - target[z];
        sum += squares[z] * difference * difference;
      }
      if (sum >= limit) continue;
      let position = found.length;
      while (position > 0 && found[position - 1].distance > sum) position--;
      found.splice(position, 0, { row, distance: sum });
      if (found.length > count) found.pop();
      if (found.length === count) limit = found[count - 1].distance;
    }
    return found.map(({ row, distance }) => ({ row, distance: Math.sqrt(distance) }));
  }
}

// ---- worker.mjs
// The engine: models by name, and the answers to requests {id, method, args}, in a worker or here.

/** What one model can do, as far as its files are there. */
class LoadedModel {
  constructor(description) {
    this.description = description;
    this.parameters = 0;
  }

  /** Take one file, "weights", "latents" or "gp", after a check of its length and checksum. */
  async take(part, buffer) {
    const file = this.description[part];
    if (!file) throw failure("NotLoaded", `${this.description.label} has no file of ${part}.`);
    await checkFile(buffer, file);
    const arrays = {};
    if (part !== "latents") {
      for (const name of Object.keys(file.arrays)) arrays[name] = readArray(buffer, file.arrays[name]);
    }
    if (part === "weights") this.takeWeights(arrays);
    if (part === "latents") {
      const { latents } = file.arrays;
      this.latents = new Neighbours(readCodes(buffer, latents), latents);
    }
    if (part === "gp") this.gp = new SparseProcess(arrays, file);
  }

  takeWeights({ codes, ...weights }) {
    this.parameters = Object.values(weights).reduce((sum, array) => sum + array.length, 0);
    this.encoder = new Encoder(weights, codes);
    this.decoder = new Decoder(weights, codes, this.encoder.forward.messages);
    this.weights = weights;
  }

  /** One of the parts above, or an error that says what is still to come. */
  part(name, needs) {
    if (this[name]) return this[name];
    throw failure("NotLoaded", `${this.description.label} still waits for its file of ${needs}.`);
  }
}

/** A latent as the model takes it, or an error. */
function checkedLatent(latent, model) {
  const size = model.description.latent_size;
  if (latent?.length !== size || !Array.prototype.every.call(latent, Number.isFinite)) {
    throw failure("BadLatent", `A latent of ${model.description.label} is ${size} finite numbers.`);
  }
  return latent;
}

/** The methods of the engine; each takes the arguments of a request and the loaded models. */
const ENGINE_METHODS = {
  async load({ model, index, buffers }, models) {
    if (!models.has(model)) {
      const description = index.models.find((entry) => entry.name === model);
      if (!description) throw failure("NotLoaded", `There is no model called "${model}".`);
      models.set(model, new LoadedModel(description));
    }
    const loaded = models.get(model);
    for (const part of Object.keys(buffers)) await loaded.take(part, buffers[part]);
    const ready = { weights: loaded.weights, latents: loaded.latents, gp: loaded.gp };
    return {
      parameters: loaded.parameters,
      ready: Object.keys(ready).filter((part) => ready[part]),
    };
  },

  decode({ latent }, model) {
    const start = performance.now();
    const graph = model.part("decoder", "weights").decode(checkedLatent(latent, model));
    const { types, edges, margin } = graph;
    const architecture = architectureOf(graph);
    return {
      types,
      edges,
      vertices: types.length,
      architecture: architecture && formatArchitecture(architecture),
      probabilities: { types: graph.typeProbabilities, edges: graph.edgeProbabilities },
      margin,
      milliseconds: performance.now() - start,
    };
  },

  encode({ architecture }, model) {
    const wanted = typeof architecture === "string" ? parseArchitecture(architecture) : architecture;
    return model.part("encoder", "weights").encode(graphOf(wanted));
  },

  predict({ latent }, model) {
    return model.part("gp", "the Gaussian process").predict(checkedLatent(latent, model));
  },

  nearest({ latent, count }, model) {
    return model.part("latents", "latents").nearest(checkedLatent(latent, model), count);
  },
};

/** An engine on this thread: `await engine.call(method, args)`. */
function createEngine() {
  const models = new Map();
  return {
    async call(method, args) {
      if (!Object.hasOwn(ENGINE_METHODS, method)) {
        throw failure("BadRequest", `The engine has no method "${method}".`);
      }
      if (method === "load") return ENGINE_METHODS.load(args, models);
      const model = models.get(args.model);
      if (!model) throw failure("NotLoaded", `The model "${args.model}" is not loaded yet.`);
      return ENGINE_METHODS[method](args, model);
    },
  };
}

/** Answer the messages that a worker gets: {id, ok, value} or {id, ok, error: {name, message}}. */
function serveEngine(scope) {
  const engine = createEngine();
  scope.onmessage = async ({ data: { id, method, args } }) => {
    try {
      scope.postMessage({ id, ok: true, value: await engine.call(method, args) });
    } catch ({ name, message }) {
      scope.postMessage({ id, ok: false, error: { name, message } });
    }
  };
}

/** The program of a worker that serves the engine. */
function workerSource() {
  return `(${paperNasEngine})().serveEngine(self);`;
}

return {
    architectureOf,
    architectureOfRow,
    checkFile,
    createEngine,
    failure,
    formatArchitecture,
    graphOf,
    parseArchitecture,
    plainSha256,
    readArray,
    serveEngine,
    sha256,
    unpackGraph,
    workerSource,
};
}

const {
  architectureOf,
  architectureOfRow,
  checkFile,
  createEngine,
  failure,
  formatArchitecture,
  graphOf,
  parseArchitecture,
  plainSha256,
  readArray,
  serveEngine,
  sha256,
  unpackGraph,
  workerSource,
} = paperNasEngine();

// ---- ui_app.mjs
// The explorer itself: where we are, how we get somewhere else, and what is read there.
//
// A *place* is a latent of each model shown. A *reading* is what a model makes of its latent:
// {graph, architecture, mean, sd, margin, milliseconds, from: "grid" | "string" | "model", origin, turn}.

const NEIGHBOURS = 6;
const PARTS = ["weights", "gp", "latents"];
const NOTICE = "Notice"; // the name of an "error" after which nothing has to be tried again

class Explorer {
  constructor({ root, index, points, lenses, fetchFile }) {
    Object.assign(this, { root, index, points, lenses });
    this.styles = vertexStyles(index.operations);
    this.outstanding = new Map();
    this.client = new EngineClient(index, fetchFile, (...change) => this.showProgress(...change),
      () => this.report(failure(NOTICE, "The decoder runs on the page itself: moves may stutter.")));
    this.store = new Store({
      model: index.models[0].name,
      compare: false,
      map: "pca",
      colour: "score",
      contours: true,
      areas: false,
      range: null,
      selection: [],
      focus: new Uint8Array(points.count).fill(1),
      row: -1,
      latents: {},
      readings: {},
      neighbours: {},
      tracks: {},
      theme: null,
      message: null,
      loading: "",
    });
    this.turn = 0;
    this.awake = false;
    for (const lens of lenses.values()) {
      // The turns of the last architecture, of the last place, and of the latent that is there.
      lens.since = lens.placed = lens.arrived = 0;
      lens.read = latestOnly((...request) => this.readWithModel(lens, ...request));
      lens.encode = latestOnly((...request) => this.encodeWithModel(lens, ...request));
      lens.findNeighbours = settled((latent) => this.findNeighbours(lens, latent), 140);
    }
  }

  get lens() {
    return this.lenses.get(this.store.get("model"));
  }

  /** The models on the page: the chosen one, or all side by side. */
  shownLenses() {
    return this.store.get("compare") ? [...this.lenses.values()] : [this.lens];
  }

  /** Change one model's entry of a value that is kept by model. */
  setFor(key, lens, value) {
    this.store.set({ [key]: { ...this.store.get(key), [lens.name]: value } });
  }

  // ---- going somewhere -------------------------------------------------------------------------

  goToPlane(lens, x, y) {
    const latent = this.store.get("latents")[lens.name];
    this.goToLatent(lens, latent ? lens.moved(latent, [x, y]) : lens.latentAt([x, y]), "plane");
  }

  goToLatent(lens, latent, origin) {
    lens.placed = lens.arrived = ++this.turn;
    this.store.set({ model: lens.name, row: -1 });
    this.setFor("latents", lens, latent);
    this.look(lens, latent, origin);
  }

  goToRow(row, origin = "row") {
    this.goToArchitecture(this.points.architecture(row), { row, origin });
  }

  /** Go where the models put an architecture; `row` if it is one of the known ones. */
  goToArchitecture(architecture, { row = -1, origin = "architecture", lenses = this.shownLenses() } = {}) {
    const turn = ++this.turn;
    this.awake = true;
    this.store.set({ row });
    for (const lens of lenses) {
      lens.since = turn;
      if (row >= 0 && origin === "row") this.setFor("latents", lens, null);
      if (!this.client.has(lens.name, "weights")) {
        this.setReading(lens, { graph: graphOf(architecture), from: "string", origin, turn });
      }
      lens.encode(architecture, origin, turn);
    }
    this.wakeUp();
  }

  /** Read a latent: from the grid at once where it serves, from the model as soon as it can. */
  look(lens, latent, origin) {
    if (!this.client.has(lens.name, "weights")) {
      const reading = lens.gridReading(latent);
      if (reading) this.setReading(lens, { ...reading, origin, turn: this.turn });
    }
    if (this.awake) lens.read(latent, origin, this.turn);
  }

  async encodeWithModel(lens, architecture, origin, turn) {
    try {
      const latent = await this.client.encode(lens.name, architecture);
      if (turn < Math.max(lens.since, lens.placed)) return;
      lens.arrived = turn;
      this.setFor("latents", lens, latent);
      await this.readWithModel(lens, latent, origin, turn);
    } catch (error) {
      this.report(error);
    }
  }

  async readWithModel(lens, latent, origin, turn) {
    const [graph, prediction] = await Promise.allSettled([
      this.client.decode(lens.name, latent),
      this.client.predict(lens.name, latent),
    ]);
    for (const { reason } of [graph, prediction]) if (reason) this.report(reason);
    if (graph.status === "rejected" || turn < lens.since) return;
    const { types, edges, margin, milliseconds } = graph.value;
    const { mean, sd } = prediction.value ?? {};
    const reading = { graph: { types, edges }, mean, sd, margin, milliseconds, from: "model" };
    this.setReading(lens, { ...reading, origin, turn });
    lens.findNeighbours(latent);
    if (this.store.get("compare") && ["plane", "axes", "path"].includes(origin)) this.follow(lens, turn);
  }

  setReading(lens, reading) {
    const architecture = architectureOf(reading.graph);
    const record = architecture ? this.points.record(architecture) : { rows: [], exact: false };
    this.setFor("readings", lens, { ...reading, architecture, record });
  }

  /** What a model reads where it is; null while it still shows what it read elsewhere. */
  currentReading(lens) {
    const reading = this.store.get("readings")[lens.name];
    return reading?.turn >= Math.max(lens.since, lens.placed) ? reading : null;
  }

  /** A model's latent; null while that of an architecture is still to come. */
  currentLatent(lens) {
    return lens.arrived >= lens.since ? this.store.get("latents")[lens.name] : null;
  }

  /** The other models go where they put what this one decoded, but for those that were moved since. */
  follow(lens, turn) {
    const { architecture } = this.store.get("readings")[lens.name];
    if (!architecture) return;
    for (const other of this.shownLenses()) {
      if (other !== lens && other.placed <= turn) other.encode(architecture, "follow", this.turn);
    }
  }

  async findNeighbours(lens, latent) {
    try {
      const found = await this.client.nearest(lens.name, latent, NEIGHBOURS);
      if (this.store.get("latents")[lens.name] === latent) this.setFor("neighbours", lens, found);
    } catch (error) {
      this.report(error);
    }
  }

  // ---- files that come late -------------------------------------------------------------------------

  /** The reader has begun: fetch what the models shown need, and read again with it. */
  async wakeUp() {
    const first = !this.awake;
    this.awake = true;
    if (first) for (const lens of this.shownLenses()) this.readAgain(lens);
    for (const lens of this.shownLenses()) {
      const missing = PARTS.filter((part) => !this.client.parts.has(`${lens.name} ${part}`));
      try {
        for (const part of missing) await this.client.need(lens.name, part);
      } catch (error) {
        this.report(error);
      }
    }
  }

  /** Read with the model what so far came from the grid or from the records. */
  readAgain(lens) {
    const latent = this.currentLatent(lens);
    const { architecture, origin } = this.currentReading(lens) ?? {};
    if (latent) lens.read(latent, "start", this.turn);
    else if (architecture) lens.encode(architecture, origin, this.turn);
  }

  /** Show one model or all; a model that comes to the page goes where the others are, or go. */
  choose(model, compare) {
    const row = this.store.get("row");
    const reading = this.currentReading(this.lens) ?? (row < 0 ? this.store.get("readings")[this.lens.name] : null);
    const architecture = row < 0 ? reading?.architecture : this.points.architecture(row);
    const here = this.shownLenses();
    this.store.set({ model, compare });
    const newcomers = this.shownLenses().filter((lens) => !here.includes(lens));
    if (architecture && this.awake) {
      const origin = !reading || reading.origin === "row" ? "row" : "follow";
      this.goToArchitecture(architecture, { row, origin, lenses: newcomers });
    } else {
      for (const lens of newcomers) if (!this.store.get("latents")[lens.name]) this.startAt(lens);
    }
  }

  /** Where a model begins: the middle of the plane, read from the grid. */
  startAt(lens) {
    const latent = lens.latentAt([0, 0]);
    this.setFor("latents", lens, latent);
    this.look(lens, latent, "start");
  }

  showProgress(change, { label }, bytes) {
    const entry = this.outstanding.get(label) ?? { files: 0, bytes: 0 };
    entry.files += change;
    entry.bytes = entry.files ? entry.bytes + change * bytes : 0;
    this.outstanding.set(label, entry);
    const texts = [...this.outstanding].filter(([, { files }]) => files)
      .map(([name, work]) => `${name} (${(work.bytes / 1e6).toFixed(1)} MB)`);
    this.store.set({ loading: texts.length ? `Loading ${texts.join(", ")}` : "" });
  }

  /** Tell the reader what went wrong; what is there goes on working. */
  report(error) {
    if (this.store.get("message")?.text === error.message) return;
    this.store.set({ message: { text: error.message, name: error.name } });
  }

  /** Forget the message and try what failed once more. */
  retry() {
    this.store.set({ message: null });
    this.wakeUp();
    for (const lens of this.shownLenses()) this.readAgain(lens);
  }

  // ---- sets of architectures ---------------------------------------------------------------------------

  setRange(range) {
    this.store.set({ range });
    this.refocus();
  }

  setSelection(rows) {
    this.store.set({ selection: Array.from(rows) });
    this.refocus();
  }

  clearSelection() {
    this.store.set({ range: null, selection: [] });
    this.refocus();
  }

  /** Select the rows in a box of the screen, of those that pass the filter. */
  selectBox(map, [x0, y0], [x1, y1]) {
    const [left, top] = map.toMap(Math.min(x0, x1), Math.min(y0, y1));
    const [right, bottom] = map.toMap(Math.max(x0, x1), Math.max(y0, y1));
    const rows = [];
    const focus = this.store.get("focus");
    this.lens.pointIndex(map.shownMap).within(left, bottom, right, top, (row) => {
      if (focus[row]) rows.push(row);
    });
    this.setSelection(rows.sort((a, b) => a - b));
  }

  /** What each row is now: 0 filtered out, 1 there, 2 selected. */
  refocus() {
    const { range, selection } = this.store.values;
    const focus = new Uint8Array(this.points.count);
    const { score } = this.points;
    const [low, high] = (range ?? [-Infinity, Infinity]).map(Math.fround); // as the scores are kept
    for (let row = 0; row < focus.length; row++) {
      focus[row] = score[row] >= low && score[row] <= high ? 1 : 0;
    }
    for (const row of selection) if (focus[row]) focus[row] = 2;
    this.store.set({ focus });
  }

  // ---- in words ------------------------------------------------------------------------------------------

  /** A few words on where a model's point is. */
  describePlace(lens) {
    const reading = this.store.get("readings")[lens.name];
    if (!reading) return "no point yet";
    const kind = reading.architecture ? "valid architecture" : "invalid graph";
    return Number.isFinite(reading.mean)
      ? `${kind}, predicted score ${this.points.format(reading.mean)}`
      : kind;
  }

  /** All that a sighted reader sees of the graphs, for one who hears. */
  describe() {
    const texts = this.shownLenses().map((lens) => {
      const reading = this.store.get("readings")[lens.name];
      if (!reading) return "";
      const recorded = reading.architecture
        ? ` Recorded score: ${this.points.describeRecord(reading.record)}.`
        : "";
      return `${lens.label}: ${this.describePlace(lens)}.${recorded} ${describeGraph(reading.graph, this.styles)}`;
    });
    return texts.join(" ");
  }

  close() {
    this.client.close();
  }
}

// ---- ui_base.mjs
// Small helpers of the page: elements, numbers, state.

const SVG_NAMESPACE = "http://www.w3.org/2000/svg";

/** Give a node attributes, listeners ("onclick": function) and children (nodes or text). */
function furnish(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) {
      node.setAttribute(name, value === true ? "" : value);
    }
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

/** An HTML element. Text becomes text, never markup. */
function make(tag, attributes = {}, ...children) {
  return furnish(document.createElement(tag), attributes, children);
}

/** An SVG element. */
function makeSvg(tag, attributes = {}, ...children) {
  return furnish(document.createElementNS(SVG_NAMESPACE, tag), attributes, children);
}

/** A button that is a button. */
function makeButton(text, onclick, attributes = {}) {
  return make("button", { type: "button", class: "pnx-button", onclick, ...attributes }, text);
}

/** One choice out of few: radio buttons in a row. `choices` are [value, label]. */
function makeChoice(legend, choices, value, onchange) {
  const name = `pnx-${Math.random().toString(36).slice(2)}`;
  const inputs = new Map();
  const labels = choices.map(([key, text]) => {
    const input = make("input", { type: "radio", name, value: key, onchange: () => onchange(key) });
    inputs.set(key, input);
    return make("label", {}, input, make("span", {}, text));
  });
  const node = make("fieldset", { class: "pnx-choice" }, make("legend", {}, legend), labels);
  const show = (key) => {
    for (const [other, input] of inputs) input.checked = other === key;
  };
  show(value);
  return { node, show };
}

function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value));
}

/** Whether the reader asked for little motion. */
function wantsStillness() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** A count as people read it: 19,020. */
function formatCount(count) {
  return count.toLocaleString("en-GB");
}

/** A number with so many digits, a true minus, and no minus before zero. */
function formatPlain(value, digits) {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

/** A number with its sign. */
function formatSigned(value, digits) {
  const text = Math.abs(value).toFixed(digits);
  return `${value < 0 && Number(text) !== 0 ? "−" : "+"}${text}`;
}

/** Run `job` once the calls have stopped for so many milliseconds. */
function settled(job, milliseconds) {
  let timer = 0;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => job(...args), milliseconds);
  };
}

/** Run one job at a time; of the requests that come meanwhile, keep only the newest. */
function latestOnly(job) {
  let busy = false;
  let waiting = null;
  return async function request(...args) {
    if (busy) {
      waiting = args;
      return;
    }
    busy = true;
    try {
      await job(...args);
    } finally {
      busy = false;
      if (waiting) {
        const next = waiting;
        waiting = null;
        request(...next);
      }
    }
  };
}

/** What the reader has chosen, and who wants to know when it changes. */
class Store {
  constructor(values) {
    this.values = { ...values };
    this.listeners = [];
  }

  get(key) {
    return this.values[key];
  }

  /** Change some values; those who listen to one that did change are told at once. */
  set(changes) {
    const changed = Object.keys(changes).filter((key) => this.values[key] !== changes[key]);
    Object.assign(this.values, changes);
    for (const { keys, listener } of this.listeners) {
      if (changed.some((key) => keys.includes(key))) listener(this.values);
    }
  }

  /** Call `listener` now and after every change of one of `keys`. */
  watch(keys, listener) {
    this.listeners.push({ keys, listener });
    listener(this.values);
  }
}

/** Call `job` once per frame at most, however often it is asked for. */
function perFrame(job) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      job();
    });
  };
}

/** Call `job` with the size of a node, now and whenever it changes; gives a function that stops. */
function whenResized(node, job) {
  let last = "";
  const observer = new ResizeObserver(() => {
    const { clientWidth, clientHeight } = node;
    if (!clientWidth || last === `${clientWidth} ${clientHeight}`) return;
    last = `${clientWidth} ${clientHeight}`;
    job(clientWidth, clientHeight);
  });
  observer.observe(node);
  return () => observer.disconnect();
}

/** Follow a pointer that went down on a node until it is lifted: `move` and `end` get the event. */
function followPointer(node, event, move, end) {
  node.setPointerCapture(event.pointerId);
  const mine = (listener) => (other) => {
    if (other.pointerId === event.pointerId) listener(other);
  };
  const onMove = mine(move);
  const onEnd = mine((other) => {
    node.removeEventListener("pointermove", onMove);
    node.removeEventListener("pointerup", onEnd);
    node.removeEventListener("pointercancel", onEnd);
    end?.(other);
  });
  node.addEventListener("pointermove", onMove);
  node.addEventListener("pointerup", onEnd);
  node.addEventListener("pointercancel", onEnd);
}

// ---- ui_colours.mjs
// Colours: one sequence of rising (or, on dark pages, falling) darkness, safe for colour-blind
// readers because it is ordered by lightness alone, and the colours of the page around.

const LIGHT_SEQUENCE = ["#e6dcae", "#bcd2a4", "#84bfa5", "#4ca3a7", "#2d7da1", "#23558d", "#1c2c68"];
const DARK_SEQUENCE = ["#2b3a66", "#285b93", "#3183a6", "#52a8a9", "#8ac4a4", "#cbdb9b", "#f7efb4"];
const SHADES = 256;
const END_COLOUR = "#6b7280";
const OTHER_COLOUR = "#8d95a1";
const OUTLINE = "#8a919c";

/** Red, green, blue of "#rrggbb". */
function rgbOf(hex) {
  return [1, 3, 5].map((place) => parseInt(hex.slice(place, place + 2), 16));
}

/** So many shades of a sequence of colours, flat [SHADES * 3]. */
function shadesOf(colours) {
  const stops = colours.map(rgbOf);
  const shades = new Uint8Array(SHADES * 3);
  for (let shade = 0; shade < SHADES; shade++) {
    const place = (shade / (SHADES - 1)) * (stops.length - 1);
    const left = Math.min(Math.floor(place), stops.length - 2);
    for (let channel = 0; channel < 3; channel++) {
      const [from, to] = [stops[left][channel], stops[left + 1][channel]];
      shades[3 * shade + channel] = Math.round(from + (place - left) * (to - from));
    }
  }
  return shades;
}

/** One shade as CSS. */
function shadeColour(theme, fraction) {
  const shade = 3 * Math.round(clamp(fraction, 0, 1) * (SHADES - 1));
  return `rgb(${theme.shades[shade]}, ${theme.shades[shade + 1]}, ${theme.shades[shade + 2]})`;
}

/** Any CSS colour as red, green, blue. */
function resolveColour(css) {
  const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  context.fillStyle = css.trim() || "#808080";
  context.fillRect(0, 0, 1, 1);
  return Array.from(context.getImageData(0, 0, 1, 1).data.slice(0, 3));
}

/** Whether the page around a node is dark: then its text is light. */
function isDark(node) {
  const [red, green, blue] = resolveColour(getComputedStyle(node).color);
  return 299 * red + 587 * green + 114 * blue > 140_000;
}

/** What canvases need to know of the style sheet. */
function readTheme(root) {
  const style = getComputedStyle(root);
  const dark = root.dataset.dark === "true";
  const colour = (name) => style.getPropertyValue(`--pnx-${name}`).trim();
  return {
    dark,
    paper: resolveColour(colour("paper")),
    ink: colour("ink"),
    muted: colour("muted"),
    line: colour("line"),
    accent: colour("accent"),
    second: colour("second"),
    shades: shadesOf(dark ? DARK_SEQUENCE : LIGHT_SEQUENCE),
  };
}

/** Tell when the page turns dark or light; gives a function that stops. */
function watchTheme(parent, onchange) {
  const observer = new MutationObserver(onchange);
  const attributeFilter = ["data-theme", "data-mode", "data-jp-theme-light", "class", "style"];
  for (const node of [document.documentElement, document.body]) {
    observer.observe(node, { attributes: true, attributeFilter });
  }
  const query = matchMedia("(prefers-color-scheme: dark)");
  query.addEventListener("change", onchange);
  return () => {
    observer.disconnect();
    query.removeEventListener("change", onchange);
  };
}

/** Dark or light text, whichever is easier to read on a fill "#rrggbb". */
function textColour(fill) {
  const [red, green, blue] = rgbOf(fill);
  return 299 * red + 587 * green + 114 * blue > 125_000 ? "#111111" : "#ffffff";
}

// ---- ui_controls.mjs
// The line above the map (which model, which architecture) and the line below it (how it looks).

/** Choice of the model, and the search. */
class TopLine {
  constructor(app) {
    this.app = app;
    const choices = [...app.lenses.values()].map(({ name, label }) => [name, label]);
    if (choices.length > 1) choices.push(["both", "side by side"]);
    this.models = makeChoice("Model", choices, app.store.get("model"), (key) => this.choose(key));
    this.input = make("input", { type: "search", class: "pnx-search", spellcheck: "false", autocomplete: "off",
      placeholder: "architecture, such as 0 2 1 5 0 1 …", "aria-label": "Find an architecture by its string" });
    this.error = make("p", { class: "pnx-error", role: "alert" });
    const form = make("form", { class: "pnx-find", role: "search", onsubmit: (event) => {
      event.preventDefault();
      this.find(this.input.value);
    } }, this.input, make("button", { type: "submit", class: "pnx-button" }, "Find"));
    const pick = (text, row) => makeButton(text, () => {
      this.say("");
      app.goToRow(row());
    }, { class: "pnx-button pnx-quiet" });
    const { points } = app;
    const picks = make("span", { class: "pnx-picks" }, pick("Best", () => points.extreme(true)),
      pick("Worst", () => points.extreme(false)), pick("Random", () => Math.floor(Math.random() * points.count)));
    this.node = make("div", { class: "pnx-top" }, choices.length > 1 ? this.models.node : null, form, picks, this.error);
    app.store.watch(["model", "compare"], ({ model, compare }) => this.models.show(compare ? "both" : model));
  }

  choose(key) {
    const { store } = this.app;
    this.app.choose(key === "both" ? store.get("model") : key, key === "both");
  }

  say(text) {
    this.error.textContent = text;
    this.input.setAttribute("aria-invalid", String(text !== ""));
  }

  /** Go to the architecture of a string, or say what is wrong with it. */
  find(text) {
    try {
      const architecture = parseArchitecture(text);
      this.say("");
      const { rows, exact } = this.app.points.record(architecture);
      const row = exact ? rows[0] : -1;
      this.app.goToArchitecture(architecture, { row, origin: row < 0 ? "architecture" : "row" });
    } catch (error) {
      if (error.name !== "BadArchitecture") throw error;
      this.say(error.message);
    }
  }
}

/** How the map looks. */
class MapLine {
  constructor(app) {
    const { store } = app;
    const known = (map) => [...app.lenses.values()].some(({ maps }) => maps[map]);
    const choices = [["pca", "PCA"], ["tsne", "t-SNE"]].filter(([map]) => known(map));
    const map = makeChoice("Map", choices, store.get("map"), (key) => store.set({ map: key }));
    const options = colourChoices(app.index.operations).map(([value, text]) => make("option", { value }, text));
    const colour = make("select", { onchange: () => store.set({ colour: colour.value }) }, options);
    const contours = make("input", { type: "checkbox", onchange: () => store.set({ contours: contours.checked }) });
    const areas = makeButton("Select an area", () => store.set({ areas: !store.get("areas") }),
      { title: "Then drag a box on the map; Shift and drag does it too" });
    this.node = make("div", { class: "pnx-controls" }, choices.length > 1 ? map.node : null,
      make("label", { class: "pnx-field" }, make("span", {}, "Colour"), colour),
      make("label", { class: "pnx-check" }, contours, make("span", {}, "Contours")), areas);
    store.watch(["map", "colour", "contours", "areas"], (values) => {
      map.show(values.map);
      colour.value = values.colour;
      contours.checked = values.contours;
      areas.setAttribute("aria-pressed", String(values.areas));
      app.root.classList.toggle("pnx-boxing", values.areas);
    });
  }
}

// ---- ui_dag.mjs
// The layout of a labelled graph: the counterpart of paper_nas.drawing, point for point.

const DAG_FONT_SIZE = 13;
const DAG_CHARACTER = 7.3;
const DAG_BOX_HEIGHT = 28;
const DAG_GAP = 22;
const DAG_LEAD = 9;
const DAG_MARGIN = 4;
const DAG_ARROW = 7;
const DAG_CORNER = 40;
const DAG_KAPPA = 0.5523;
const WIDEST_LABEL = 12;

/** Arcs of one side, short ones first, to lanes: lane 1 is nearest to the boxes. */
function lanesOf(arcs) {
  const lanes = new Map();
  for (const arc of arcs) {
    let below = 0;
    for (const [other, lane] of lanes) {
      if (other[0] < arc[1] && arc[0] < other[1]) below = Math.max(below, lane);
    }
    lanes.set(arc, below + 1);
  }
  return lanes;
}

/** Whether two arcs must cross when they run on the same side. */
function arcsCross(first, second) {
  const [[a, b], [c, d]] =
    first[0] < second[0] || (first[0] === second[0] && first[1] < second[1])
      ? [first, second]
      : [second, first];
  return a < c && c < b && b < d;
}

/** Lanes of the wider side, and of both. */
function sidesCost(arcs, sides) {
  const counts = [1, -1].map((side) =>
    Math.max(0, ...lanesOf(arcs.filter((arc) => sides.get(arc) === side)).values()),
  );
  return [Math.max(...counts), counts[0] + counts[1]];
}

/** Put each arc on side 1 or -1: few crossings first, then few lanes. Arcs come short ones first. */
function chooseSides(arcs) {
  const rivals = new Map(arcs.map((arc) => [arc, arcs.filter((other) => arcsCross(arc, other))]));
  const sides = new Map();
  for (const first of arcs) {
    if (sides.has(first)) continue;
    const group = new Map([[first, 1]]);
    const queue = [first];
    for (const arc of queue) {
      for (const other of rivals.get(arc)) {
        if (group.has(other)) continue;
        const balance = rivals.get(other).reduce((sum, a) => sum + (group.get(a) ?? 0), 0);
        group.set(other, balance > 0 ? -1 : 1);
        queue.push(other);
      }
    }
    const turned = new Map([...group].map(([arc, side]) => [arc, -side]));
    const here = sidesCost(arcs, new Map([...sides, ...group]));
    const there = sidesCost(arcs, new Map([...sides, ...turned]));
    const better = there[0] < here[0] || (there[0] === here[0] && there[1] < here[1]);
    for (const [arc, side] of better ? turned : group) sides.set(arc, side);
  }
  for (let round = 0; round < arcs.length; round++) {
    const flip = arcs.find((arc) => {
      const against = rivals.get(arc).filter((other) => sides.get(other) === sides.get(arc));
      return against.length * 2 > rivals.get(arc).length;
    });
    if (!flip) break;
    sides.set(flip, -sides.get(flip));
  }
  return sides;
}

/** Where each arc touches each of its vertices, along the chain; key "source,target,vertex". */
function portsOf(sides, box, centre) {
  const groups = new Map();
  for (const [arc, side] of sides) {
    for (const vertex of arc) {
      const key = `${vertex},${side}`;
      if (!groups.has(key)) groups.set(key, { vertex, arcs: [] });
      groups.get(key).arcs.push(arc);
    }
  }
  const ports = new Map();
  for (const { vertex, arcs } of groups.values()) {
    const arriving = arcs.filter((arc) => arc[1] === vertex).sort((a, b) => b[0] - a[0]);
    const leaving = arcs.filter((arc) => arc[0] === vertex).sort((a, b) => b[1] - a[1]);
    const step = Math.min(10, (0.8 * box) / arcs.length);
    const first = centre(vertex) - (step * (arcs.length - 1)) / 2;
    [...arriving, ...leaving].forEach((arc, index) => {
      ports.set(`${arc},${vertex}`, first + index * step);
    });
  }
  return ports;
}

/** The two handles and the end point of a straight cubic segment. */
function straightSegment(start, end) {
  const step = [(end[0] - start[0]) / 3, (end[1] - start[1]) / 3];
  return [[start[0] + step[0], start[1] + step[1]], [end[0] - step[0], end[1] - step[1]], end];
}

/**
 * Lay out a graph whose vertices stand in topological order; the chain runs downwards.
 *
 * @param {string[]} labels Text of each vertex.
 * @param {number[][]} edges Pairs [source, target] with source < target.
 * @param {number} characters Boxes are as wide as a label of so many characters needs, at least.
 * @returns {{edges, centres, boxSize, paths, width, height, axis}} in pixels, as DagLayout; `axis`
 *   is the x of the boxes' middle.
 */
function dagLayout(labels, edges, characters = 0) {
  const pairs = edges.slice().sort((a, b) => a[1] - b[1] || a[0] - b[0]);
  const longest = Math.max(characters, ...labels.map((label) => label.length));
  const box = [Math.max(56, longest * DAG_CHARACTER + 34), DAG_BOX_HEIGHT];
  const centre = (vertex) => box[1] / 2 + vertex * (box[1] + DAG_GAP);
  const arcs = pairs
    .filter(([source, target]) => target - source > 1)
    .sort((a, b) => a[1] - a[0] - (b[1] - b[0]) || a[0] - b[0]);
  const sides = chooseSides(arcs);
  const lanes = new Map(
    [1, -1].flatMap((side) => [...lanesOf(arcs.filter((arc) => sides.get(arc) === side))]),
  );
  const most = Math.max(1, ...lanes.values());
  const laneWidth = Math.max(5, Math.min(13, 120 / most));
  const bulge = (arc) => DAG_LEAD + 5 + lanes.get(arc) * laneWidth;
  const reach = (side) =>
    Math.max(0, ...arcs.filter((arc) => sides.get(arc) === side).map((arc) => bulge(arc)));
  const low = -box[0] / 2 - reach(-1);
  const high = box[0] / 2 + reach(1);
  const ports = portsOf(sides, box[1], centre);
  const place = ([along, across]) => [across - low + DAG_MARGIN, along + DAG_MARGIN];

  function path(edge) {
    const [source, target] = edge;
    if (target - source === 1) {
      const start = centre(source) + box[1] / 2;
      return [0, 1, 2, 3].map((third) => [start + (third * DAG_GAP) / 3, 0]);
    }
    const [begin, end] = [ports.get(`${edge},${source}`), ports.get(`${edge},${target}`)];
    const [wall, turn] = [box[0] / 2, box[0] / 2 + DAG_LEAD];
    const far = box[0] / 2 + bulge(edge);
    const bend = Math.min(far - turn, DAG_CORNER, (end - begin) / 2);
    const [handle, aside] = [bend * (1 - DAG_KAPPA), turn + DAG_KAPPA * (far - turn)];
    return [
      [begin, wall],
      ...straightSegment([begin, wall], [begin, turn]),
      [begin, aside], [begin + handle, far], [begin + bend, far],
      ...straightSegment([begin + bend, far], [end - bend, far]),
      [end - handle, far], [end, aside], [end, turn],
      ...straightSegment([end, turn], [end, wall]),
    ].map(([along, across]) => [along, sides.get(edge) * across]);
  }

  return {
    edges: pairs,
    centres: labels.map((_, vertex) => place([centre(vertex), 0])),
    boxSize: box,
    paths: pairs.map((edge) => path(edge).map(place)),
    width: high - low + 2 * DAG_MARGIN,
    height: labels.length * box[1] + (labels.length - 1) * DAG_GAP + 2 * DAG_MARGIN,
    axis: -low + DAG_MARGIN,
  };
}

/** SVG path data of an edge's line and of its arrow head. */
function edgeData(path) {
  const [[x0, y0], [x, y]] = path.slice(-2);
  const length = Math.hypot(x - x0, y - y0);
  const [dx, dy] = [(x - x0) / length, (y - y0) / length];
  const end = [x - 0.7 * DAG_ARROW * dx, y - 0.7 * DAG_ARROW * dy];
  const words = [...path.slice(1, -1), end].map((point) => point.map((v) => v.toFixed(2)).join());
  const half = 0.46 * DAG_ARROW;
  const back = [x - DAG_ARROW * dx, y - DAG_ARROW * dy];
  const head = [[x, y], [back[0] - half * dy, back[1] + half * dx],
    [back[0] + half * dy, back[1] - half * dx]];
  return {
    line: `M${path[0].map((v) => v.toFixed(2)).join()}C${words.join(" ")}`,
    head: `M${head.map((point) => point.map((v) => v.toFixed(2)).join()).join("L")}Z`,
  };
}

// ---- ui_data.mjs
// The files of the explorer, and what the page knows of the architectures and the models.

/**
 * Files from a folder of the site: `await fetchFile(name)` gives an ArrayBuffer.
 *
 * @param {string} base The folder's address.
 * @param {string[]} first Files to ask for at once, before anybody knows what they are.
 */
function folderSource(base, first) {
  const early = new Map(first.map((name) => [name, fetchFrom(base, name)]));
  for (const work of early.values()) work.catch(() => {}); // told to whoever wants the file
  return (name) => {
    const work = early.get(name) ?? fetchFrom(base, name);
    early.delete(name);
    return work;
  };
}

async function fetchFrom(base, name) {
  let response;
  try {
    response = await fetch(new URL(name, base), { cache: "no-cache" });
  } catch {
    throw failure("NoFile", `The file ${name} could not be fetched: is the server still there?`);
  }
  if (!response.ok) {
    throw failure("NoFile", `The file ${name} is missing on the server (status ${response.status}).`);
  }
  return response.arrayBuffer();
}

/** The bytes behind a DataView, in a buffer of their own. */
function bytesOf(view) {
  return view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
}

const KERNEL_PATIENCE = 20; // seconds

/** Files from a kernel: the first ones came with the widget, the others are asked for. */
function kernelSource(model) {
  const waiting = new Map();
  model.on("msg:custom", (message, buffers) => {
    const request = waiting.get(message?.file);
    if (!request) return;
    waiting.delete(message.file);
    if (buffers?.length) request.resolve(bytesOf(buffers[0]));
    else request.reject(failure("NoFile", message.error ?? `The kernel has no ${message.file}.`));
  });
  return (name) => {
    const first = model.get("files")?.[name];
    if (first) return Promise.resolve(bytesOf(first));
    return new Promise((resolve, reject) => {
      waiting.set(name, { resolve, reject });
      model.send({ file: name });
      setTimeout(() => {
        if (waiting.get(name)?.reject !== reject) return;
        waiting.delete(name);
        reject(failure("NoFile", `The kernel has not sent ${name} in ${KERNEL_PATIENCE} seconds: ` +
          "it is busy or gone. Try again once it is idle."));
      }, 1000 * KERNEL_PATIENCE);
    });
  };
}

/** Fetch a file that index.json describes, and check it. */
async function checkedFile(fetchFile, file) {
  const buffer = await fetchFile(file.file);
  await checkFile(buffer, file);
  return buffer;
}

/** The recorded architectures and their scores; a row is a number from 0. */
class Points {
  constructor(index, buffer) {
    const { architecture, accuracy } = index.points.arrays;
    this.words = readArray(buffer, architecture);
    this.score = Float32Array.from(readArray(buffer, accuracy));
    this.count = this.words.length;
    this.sorted = this.score.slice().sort();
    this.low = this.sorted[0];
    this.high = this.sorted[this.count - 1];
    this.colourRange = [this.quantile(0.04), this.quantile(0.985)];
    this.digits = this.high - this.low < 0.5 ? 4 : 3;
    this.numSkips = Uint8Array.from(this.words, (word) => countBits(word & 0x7fff));
    this.wiringDecides = this.everyWiringHasOneScore();
  }

  /** Whether rows with the same skips always have the same score. */
  everyWiringHasOneScore() {
    const known = new Float32Array(1 << 15).fill(NaN);
    return this.words.every((word, row) => {
      const wiring = word & 0x7fff;
      const seen = known[wiring];
      known[wiring] = this.score[row];
      return !(seen === seen) || seen === this.score[row];
    });
  }

  isTest(row) {
    return this.words[row] >>> 31 === 1;
  }

  /** The rows of whose words some bits are these. */
  rowsWith(mask, bits) {
    const rows = [];
    for (let row = 0; row < this.count; row++) if ((this.words[row] & mask) === bits) rows.push(row);
    return rows;
  }

  /** The score at a share of all rows. */
  quantile(share) {
    return this.sorted[Math.round(share * (this.count - 1))];
  }

  /** The row with the highest or the lowest score. */
  extreme(highest) {
    return this.score.indexOf(highest ? this.high : this.low);
  }

  /** How often an operation occurs in each row. */
  countOf(operation) {
    return Uint8Array.from(this.words, (word) => {
      let count = 0;
      for (let rest = (word >>> 15) & 0xffff, layer = 0; layer < 6; layer++, rest = Math.floor(rest / 6)) {
        if (rest % 6 === operation) count++;
      }
      return count;
    });
  }

  architecture(row) {
    return architectureOfRow(this.words[row]);
  }

  /** What is recorded of an architecture: its rows, else, where the wiring decides, those that share it. */
  record(architecture) {
    if (architecture.operations.length !== 6) return { rows: [], exact: false };
    const wiring = architecture.skips.reduce((bits, bit, place) => bits | (bit << place), 0);
    const choice = architecture.operations.reduceRight((sum, code) => sum * 6 + code, 0);
    const same = this.rowsWith(0x7fff, wiring);
    const exact = same.filter((row) => (this.words[row] & 0x7fffffff) === choice * 32768 + wiring);
    const rows = exact.length || !this.wiringDecides ? exact : same;
    const scores = rows.map((row) => this.score[row]);
    const range = scores.length ? { low: Math.min(...scores), high: Math.max(...scores) } : {};
    return { rows, exact: exact.length > 0, ...range };
  }

  format(score) {
    return formatPlain(score, this.digits);
  }

  /** A record as a few words. */
  describeRecord({ rows, exact, low, high }) {
    if (!rows.length) return "none";
    const value = low === high ? this.format(low) : `${this.format(low)} to ${this.format(high)}`;
    if (exact) return value;
    const others = rows.length === 1 ? "1 other" : `${formatCount(rows.length)} others`;
    return `${value} (same wiring, ${others})`;
  }
}

function countBits(number) {
  let count = 0;
  for (let rest = number; rest; rest &= rest - 1) count++;
  return count;
}

/** One model as the page sees it: coordinates of all rows, the plane, the grid. */
class Lens {
  constructor(description, coordinates, grid) {
    this.description = description;
    this.name = description.name;
    this.label = description.label;
    this.size = description.latent_size;
    this.maps = {};
    for (const map of ["pca", "tsne"]) {
      const array = description.coordinates.arrays[map];
      if (array) this.maps[map] = columnsOf(readArray(coordinates, array));
    }
    this.grid = Object.fromEntries(
      Object.entries(description.grid.arrays).map(([name, array]) => [name, readArray(grid, array)]),
    );
    const { mean, axes, sd } = description.pca;
    this.mean = Float64Array.from(mean);
    this.axes = axes.map((axis) => Float64Array.from(axis));
    this.sd = sd;
    this.made = new Map();
  }

  /** Something that takes a while to make, made once. */
  once(key, maker) {
    if (!this.made.has(key)) this.made.set(key, maker());
    return this.made.get(key);
  }

  pointIndex(map) {
    return this.once(`index ${map}`, () => new PointIndex(this.maps[map]));
  }

  density(map) {
    return this.once(`density ${map}`, () => new Density(this.maps[map]));
  }

  contours(map) {
    return this.once(`contours ${map}`, () => this.density(map).contours());
  }

  /** The latent at coordinates along the first axes; the rest is the mean's. */
  latentAt(coordinates) {
    const latent = Float64Array.from(this.mean);
    coordinates.forEach((amount, axis) => {
      this.axes[axis].forEach((weight, place) => {
        latent[place] += amount * weight;
      });
    });
    return Float32Array.from(latent);
  }

  /** Coordinates of a latent along the principal axes. */
  coordinatesOf(latent) {
    return this.axes.map((axis) =>
      axis.reduce((sum, weight, place) => sum + weight * (latent[place] - this.mean[place]), 0),
    );
  }

  /** A latent moved along the axes: by axis, the coordinate it shall have. */
  moved(latent, wanted) {
    const result = Float64Array.from(latent);
    const now = this.coordinatesOf(latent);
    wanted.forEach((coordinate, axis) => {
      this.axes[axis].forEach((weight, place) => {
        result[place] += (coordinate - now[axis]) * weight;
      });
    });
    return Float32Array.from(result);
  }

  /** Distance of a latent from the point of the plane below it. */
  heightAbovePlane(latent) {
    const below = this.latentAt(this.coordinatesOf(latent).slice(0, 2));
    return distance(latent, below);
  }

  /** The graph of the grid's cell next to a latent, or null where the latent is off the plane. */
  gridReading(latent) {
    if (this.heightAbovePlane(latent) > 1e-3) return null;
    const { size, x, y } = this.description.grid;
    const place = this.coordinatesOf(latent).slice(0, 2).map((value, axis) => {
      const [low, high] = axis ? y : x;
      return clamp(Math.round(((value - low) / (high - low)) * (size - 1)), 0, size - 1);
    });
    const cell = place[1] * size + place[0];
    const graph = unpackGraph(this.grid.types[cell], this.grid.edges[cell]);
    return { graph, mean: this.grid.mean[cell], sd: this.grid.sd[cell], from: "grid" };
  }
}

function columnsOf(pairs) {
  const count = pairs.length / 2;
  const columns = { x: new Float32Array(count), y: new Float32Array(count) };
  for (let row = 0; row < count; row++) {
    columns.x[row] = pairs[2 * row];
    columns.y[row] = pairs[2 * row + 1];
  }
  return columns;
}

function distance(first, second) {
  return Math.sqrt(first.reduce((sum, value, place) => sum + (value - second[place]) ** 2, 0));
}

/** Everything the first picture needs: {index, points, lenses}. */
async function loadFirst(fetchFile, givenIndex) {
  const index =
    givenIndex ?? JSON.parse(new TextDecoder().decode(await fetchFile("index.json")));
  if (index.format !== 1) {
    throw failure("BadFormat", `These files have format ${index.format}; this page reads format 1.`);
  }
  const [points, ...pairs] = await Promise.all([
    checkedFile(fetchFile, index.points),
    ...index.models.map(({ coordinates, grid }) =>
      Promise.all([checkedFile(fetchFile, coordinates), checkedFile(fetchFile, grid)]),
    ),
  ]);
  const lenses = new Map(
    index.models.map((entry, place) => [entry.name, new Lens(entry, ...pairs[place])]),
  );
  return { index, points: new Points(index, points), lenses };
}

// ---- ui_density.mjs
// Where points lie: an index to find the nearest one, their density, and its contours.

const INDEX_CELLS = 96;
const DENSITY_CELLS = 112;
const DENSITY_WIDTH = 2.4;
const CONTOUR_SHARES = [0.95, 0.8, 0.6, 0.4, 0.2];

/** Smallest and largest of each coordinate; missing ones (NaN) do not count. */
function boundsOf({ x, y }) {
  const bounds = { x0: Infinity, x1: -Infinity, y0: Infinity, y1: -Infinity };
  for (let row = 0; row < x.length; row++) {
    if (!(x[row] === x[row])) continue;
    bounds.x0 = Math.min(bounds.x0, x[row]);
    bounds.x1 = Math.max(bounds.x1, x[row]);
    bounds.y0 = Math.min(bounds.y0, y[row]);
    bounds.y1 = Math.max(bounds.y1, y[row]);
  }
  return bounds;
}

/** Points in cells, so that the nearest of them is found without a look at all the others. */
class PointIndex {
  constructor({ x, y }) {
    this.x = x;
    this.y = y;
    const { x0, x1, y0, y1 } = boundsOf({ x, y });
    this.x0 = x0;
    this.y0 = y0;
    this.step = Math.max(x1 - x0, y1 - y0, 1e-9) / INDEX_CELLS;
    this.starts = new Uint32Array(INDEX_CELLS * INDEX_CELLS + 1);
    const cells = new Int32Array(x.length);
    for (let row = 0; row < x.length; row++) {
      cells[row] = x[row] === x[row] ? this.cellOf(x[row], y[row]) : -1;
      if (cells[row] >= 0) this.starts[cells[row] + 1]++;
    }
    for (let cell = 0; cell < this.starts.length - 1; cell++) this.starts[cell + 1] += this.starts[cell];
    const next = this.starts.slice();
    this.rows = new Uint32Array(this.starts[this.starts.length - 1]);
    for (let row = 0; row < x.length; row++) if (cells[row] >= 0) this.rows[next[cells[row]]++] = row;
  }

  column(value, origin) {
    return clamp(Math.floor((value - origin) / this.step), 0, INDEX_CELLS - 1);
  }

  cellOf(x, y) {
    return this.column(y, this.y0) * INDEX_CELLS + this.column(x, this.x0);
  }

  /** The nearest row within a radius of which `accepts(row)` is true, or -1. */
  nearest(x, y, radius, accepts) {
    let best = -1;
    let reach = radius * radius;
    this.within(x - radius, y - radius, x + radius, y + radius, (row) => {
      const length = (this.x[row] - x) ** 2 + (this.y[row] - y) ** 2;
      if (length < reach && accepts(row)) {
        best = row;
        reach = length;
      }
    });
    return best;
  }

  /** Call `visit(row)` for each row in a box. */
  within(x0, y0, x1, y1, visit) {
    const [left, right] = [this.column(x0, this.x0), this.column(x1, this.x0)];
    for (let line = this.column(y0, this.y0); line <= this.column(y1, this.y0); line++) {
      const end = this.starts[line * INDEX_CELLS + right + 1];
      for (let place = this.starts[line * INDEX_CELLS + left]; place < end; place++) {
        const row = this.rows[place];
        const [x, y] = [this.x[row], this.y[row]];
        if (x >= x0 && x <= x1 && y >= y0 && y <= y1) visit(row);
      }
    }
  }
}

/** Density of the points on a grid (counts, smoothed by a Gaussian), and at each point. */
class Density {
  constructor(columns) {
    const { x, y } = columns;
    const { x0, x1, y0, y1 } = boundsOf(columns);
    const margin = 4 * DENSITY_WIDTH;
    this.step = Math.max(x1 - x0, y1 - y0, 1e-9) / (DENSITY_CELLS - 1 - 2 * margin);
    this.x0 = (x0 + x1) / 2 - (this.step * (DENSITY_CELLS - 1)) / 2;
    this.y0 = (y0 + y1) / 2 - (this.step * (DENSITY_CELLS - 1)) / 2;
    const counts = new Float32Array(DENSITY_CELLS * DENSITY_CELLS);
    for (let row = 0; row < x.length; row++) {
      if (x[row] === x[row]) {
        counts[Math.round((y[row] - this.y0) / this.step) * DENSITY_CELLS +
          Math.round((x[row] - this.x0) / this.step)]++;
      }
    }
    this.values = smoothed(smoothed(counts, 1, DENSITY_CELLS), DENSITY_CELLS, 1);
    this.atPoint = new Float32Array(x.length);
    for (let row = 0; row < x.length; row++) {
      this.atPoint[row] = x[row] === x[row] ? this.at(x[row], y[row]) : 0;
    }
  }

  at(x, y) {
    const column = clamp((x - this.x0) / this.step, 0, DENSITY_CELLS - 1.001);
    const line = clamp((y - this.y0) / this.step, 0, DENSITY_CELLS - 1.001);
    const place = Math.floor(line) * DENSITY_CELLS + Math.floor(column);
    const [u, v] = [column % 1, line % 1];
    const { values } = this;
    return (1 - v) * ((1 - u) * values[place] + u * values[place + 1]) +
      v * ((1 - u) * values[place + DENSITY_CELLS] + u * values[place + DENSITY_CELLS + 1]);
  }

  /** Outlines of the densest regions that hold given shares of the points, as flat segments. */
  contours() {
    const sorted = this.atPoint.slice().sort();
    return CONTOUR_SHARES.map((share) => {
      const level = sorted[Math.floor((1 - share) * (sorted.length - 1))];
      return { share, segments: this.segmentsAt(level) };
    });
  }

  /** Marching squares: [xa, ya, xb, yb, ...] along a level. */
  segmentsAt(level) {
    const segments = [];
    const { values } = this;
    for (let line = 0; line < DENSITY_CELLS - 1; line++) {
      for (let column = 0; column < DENSITY_CELLS - 1; column++) {
        const corners = [[column, line], [column + 1, line], [column + 1, line + 1], [column, line + 1]];
        const heights = corners.map(([u, v]) => values[v * DENSITY_CELLS + u]);
        const crossings = [];
        for (let side = 0; side < 4; side++) {
          const [from, to] = [heights[side], heights[(side + 1) % 4]];
          if (from < level === to < level) continue;
          const share = (level - from) / (to - from);
          const [a, b] = [corners[side], corners[(side + 1) % 4]];
          crossings.push(this.x0 + (a[0] + share * (b[0] - a[0])) * this.step,
            this.y0 + (a[1] + share * (b[1] - a[1])) * this.step);
        }
        if (crossings.length >= 4) segments.push(...crossings);
      }
    }
    return Float32Array.from(segments);
  }
}

/** A square grid convolved with a Gaussian along one direction. */
function smoothed(values, along, across) {
  const reach = Math.ceil(3 * DENSITY_WIDTH);
  const kernel = Array.from({ length: 2 * reach + 1 }, (_, place) =>
    Math.exp(-(((place - reach) / DENSITY_WIDTH) ** 2) / 2),
  );
  const total = kernel.reduce((sum, weight) => sum + weight, 0);
  const result = new Float32Array(values.length);
  for (let line = 0; line < DENSITY_CELLS; line++) {
    for (let place = 0; place < DENSITY_CELLS; place++) {
      let sum = 0;
      for (let shift = -reach; shift <= reach; shift++) {
        const other = place + shift;
        if (other < 0 || other >= DENSITY_CELLS) continue;
        sum += kernel[shift + reach] * values[line * across + other * along];
      }
      result[line * across + place * along] = sum / total;
    }
  }
  return result;
}

// ---- ui_details.mjs
// Sliders along the principal axes, and the known architectures near by.

const SLIDER_REACH = 4;

/** One slider per principal axis, in standard deviations of the known architectures. */
class AxesPanel {
  constructor(app) {
    this.app = app;
    this.rows = make("div", { class: "pnx-axes" });
    this.rest = make("p", { class: "pnx-words" });
    const buttons = make("div", { class: "pnx-row" },
      makeButton("To the centre", () => app.goToLatent(app.lens, app.lens.latentAt([0, 0]), "axes")),
      makeButton("Onto the plane", () => this.flatten(), { title: "Set all directions but the first two to zero" }));
    this.node = make("section", { class: "pnx-panel", "aria-label": "Principal axes" },
      make("p", { class: "pnx-title" }, "Slide along the axes"),
      make("p", { class: "pnx-intro" }, "Principal axes of the known latents, in standard deviations; the bar is an axis's share of the variance."),
      this.rows, this.rest, buttons);
    app.store.watch(["model"], () => this.rebuild());
    app.store.watch(["latents"], () => this.show());
  }

  rebuild() {
    const { lens } = this.app;
    const most = Math.max(...lens.description.pca.explained);
    this.sliders = lens.sd.map((_, axis) => {
      const output = make("output");
      const input = make("input", { type: "range", min: -SLIDER_REACH, max: SLIDER_REACH, step: 0.05,
        "aria-label": `Axis ${axis + 1}`, oninput: () => this.move(axis, Number(input.value)) });
      const share = lens.description.pca.explained[axis];
      const bar = make("span", { class: "pnx-share", title: `${(100 * share).toFixed(1)} % of the variance` });
      bar.style.setProperty("--pnx-amount", share / most);
      return { input, output, node: make("label", { class: "pnx-axis-row" }, make("span", {}, String(axis + 1)), bar, input, output) };
    });
    this.rows.replaceChildren(...this.sliders.map(({ node }) => node));
    this.show();
  }

  show() {
    const { lens, store } = this.app;
    const latent = store.get("latents")[lens.name];
    if (!latent) return;
    const coordinates = lens.coordinatesOf(latent);
    this.sliders.forEach(({ input, output }, axis) => {
      const amount = coordinates[axis] / lens.sd[axis];
      if (document.activeElement !== input || Math.abs(Number(input.value) - amount) > 0.03) input.value = amount;
      output.textContent = formatSigned(amount, 1);
      input.setAttribute("aria-valuetext", `${formatSigned(amount, 1)} standard deviations`);
    });
    const height = lens.heightAbovePlane(latent);
    const others = distance(latent, lens.latentAt(coordinates));
    this.rest.textContent = height < 1e-3 ? "The point lies in the plane of the first two axes."
      : `Distance from the plane: ${height.toFixed(2)}; in the ${lens.size - lens.sd.length} further directions: ${others.toFixed(2)}.`;
  }

  move(axis, amount) {
    const { lens, store } = this.app;
    const latent = store.get("latents")[lens.name] ?? lens.latentAt([0, 0]);
    const wanted = lens.coordinatesOf(latent);
    wanted[axis] = amount * lens.sd[axis];
    this.app.wakeUp();
    this.app.goToLatent(lens, lens.moved(latent, wanted), "axes");
  }

  flatten() {
    const { lens, store } = this.app;
    const latent = store.get("latents")[lens.name] ?? lens.latentAt([0, 0]);
    this.app.wakeUp();
    this.app.goToLatent(lens, lens.latentAt(lens.coordinatesOf(latent).slice(0, 2)), "axes");
  }
}

/** The known architectures whose latents lie nearest; each is a button that goes there. */
class NeighboursPanel {
  constructor(app) {
    this.app = app;
    this.list = make("ol", { class: "pnx-neighbours" });
    this.node = make("section", { class: "pnx-panel", "aria-label": "Nearest known architectures" },
      make("p", { class: "pnx-title" }, "Nearest known architectures"),
      make("p", { class: "pnx-intro" }, "By distance in the whole latent space; ringed on the map."), this.list);
    app.store.watch(["neighbours", "model"], () => this.show());
  }

  show() {
    const { store, lens, points, styles } = this.app;
    const found = store.get("neighbours")[lens.name];
    if (!found) {
      this.list.replaceChildren(make("li", { class: "pnx-words" }, "They appear once the point has moved."));
      return;
    }
    this.list.replaceChildren(...found.map(({ row, distance: away }) => {
      const graph = graphOf(points.architecture(row));
      const label = `Go there: score ${points.format(points.score[row])}, distance ${away.toFixed(2)}. ${describeGraph(graph, styles)}`;
      const go = () => this.app.goToRow(row);
      return make("li", {}, make("button", { type: "button", onclick: go, "aria-label": label },
        miniDrawing(graph, styles), make("strong", {}, points.format(points.score[row])),
        make("span", {}, away < 0.005 ? "here" : away.toFixed(2))));
    }));
  }
}

// ---- ui_drawing.mjs
// Drawings of graphs: a large one in the paper's style, a small one for lists, and words.

/** Label, fill and text colour of each vertex type. */
function vertexStyles(operations) {
  const ends = ["START", "END"].map((label) => ({ label, fill: END_COLOUR, ink: "#ffffff" }));
  return [
    ...ends,
    ...operations.map(({ label, colour }) => ({ label, fill: colour, ink: textColour(colour) })),
  ];
}

/** A vertex type that no operation has; a decoder may not give it, a damaged grid might. */
function styleOf(styles, type) {
  return styles[type] ?? { label: `type ${type}`, fill: OTHER_COLOUR, ink: "#111111" };
}

/** The graph in words, for those who hear it. */
function describeGraph({ types, edges }, styles) {
  const label = (vertex) => styleOf(styles, types[vertex]).label;
  const name = (vertex) => {
    if (types[vertex] === 0) return "START";
    return types[vertex] === 1 ? "END" : `layer ${vertex}`;
  };
  const inner = types.map((_, vertex) => vertex).filter((vertex) => types[vertex] > 1);
  const layers = inner.map((vertex) => `${vertex} ${label(vertex)}`).join(", ");
  const skips = edges
    .filter(([source, target]) => target - source > 1)
    .map(([source, target]) => `${name(source)} to ${name(target)}`);
  const gaps = types
    .slice(1)
    .map((_, source) => source)
    .filter((source) => !edges.some((edge) => edge[0] === source && edge[1] === source + 1));
  const missing = gaps.map((source) => `${name(source)} to ${name(source + 1)}`);
  return (
    `Layers: ${layers || "none"}. Skips: ${skips.join(", ") || "none"}.` +
    (missing.length ? ` Missing in the chain: ${missing.join(", ")}.` : "")
  );
}

/** The large drawing. Its boxes stay in the middle whatever the arcs do, so it does not jump. */
class Drawing {
  constructor(styles) {
    this.styles = styles;
    this.node = makeSvg("svg", { class: "pnx-dag", role: "img" });
    this.shown = { types: [], edges: new Set() };
  }

  /** Show a graph; what is new since the last one is set off for a moment. */
  show({ types, edges }) {
    const looks = types.map((type) => styleOf(this.styles, type));
    const layout = dagLayout(looks.map(({ label }) => label), edges, WIDEST_LABEL);
    const half = Math.max(128, layout.axis, layout.width - layout.axis) + 2;
    const height = 8 * DAG_BOX_HEIGHT + 7 * DAG_GAP + 2 * DAG_MARGIN;
    this.node.setAttribute("viewBox", `${layout.axis - half} 0 ${2 * half} ${height}`);
    this.node.setAttribute("aria-label", `Graph. ${describeGraph({ types, edges }, this.styles)}`);
    const lines = makeSvg("g", { class: "pnx-edges" });
    const first = !this.shown.types.length;
    layout.edges.forEach((edge, index) => {
      const fresh = !first && !this.shown.edges.has(String(edge)) ? "pnx-fresh" : null;
      const { line, head } = edgeData(layout.paths[index]);
      lines.append(makeSvg("g", { class: fresh }, makeSvg("path", { d: line, fill: "none" }),
        makeSvg("path", { d: head, class: "pnx-head" })));
    });
    const boxes = makeSvg("g", { "text-anchor": "middle", "font-size": DAG_FONT_SIZE });
    looks.forEach((look, vertex) => {
      const fresh = !first && this.shown.types[vertex] !== types[vertex] ? "pnx-fresh" : null;
      boxes.append(this.box(look, layout.centres[vertex], layout.boxSize, fresh));
    });
    this.node.replaceChildren(lines, boxes);
    this.shown = { types: types.slice(), edges: new Set(edges.map(String)) };
  }

  box({ label, fill, ink }, [x, y], [width, height], fresh) {
    return makeSvg("g", { class: fresh },
      makeSvg("rect", { x: x - width / 2, y: y - height / 2, width, height, rx: 7, fill, stroke: OUTLINE }),
      makeSvg("text", { x, y, dy: ".36em", fill: ink }, label));
  }
}

/** A small drawing: a row of coloured squares with arcs above. */
function miniDrawing({ types, edges }, styles) {
  const [size, pitch, top] = [9, 15, 22];
  const centre = (vertex) => 6 + vertex * pitch;
  const svg = makeSvg("svg", {
    class: "pnx-mini",
    viewBox: `0 0 ${types.length * pitch - 3} ${top + size + 1}`,
    width: types.length * pitch - 3,
    height: top + size + 1,
    role: "img",
    "aria-label": describeGraph({ types, edges }, styles),
  });
  for (const [source, target] of edges) {
    const [from, to] = [centre(source), centre(target)];
    const lift = target - source > 1 ? 4 + 2.6 * (target - source) : 0;
    const data = lift
      ? `M${from},${top}C${from},${top - lift * 1.3} ${to},${top - lift * 1.3} ${to},${top}`
      : `M${from},${top + size / 2}L${to},${top + size / 2}`;
    svg.append(makeSvg("path", { d: data, class: "pnx-arc" }));
  }
  types.forEach((type, vertex) => {
    svg.append(makeSvg("rect", { x: centre(vertex) - size / 2, y: top, width: size, height: size,
      rx: type < 2 ? size / 2 : 2, fill: styleOf(styles, type).fill, stroke: OUTLINE, "stroke-width": 0.6 }));
  });
  return svg;
}

// ---- ui_encoding.mjs
// What a colour stands for: the values of all points, and how the legend names them.

/** The choices of the control "colour": [key, text]. */
function colourChoices(operations) {
  return [
    ["score", "score"],
    ["skips", "number of skips"],
    ["density", "density of points"],
    ...operations.map(({ code, label }) => [`operation ${code}`, `number of ${label}`]),
  ];
}

/**
 * Values to colour by.
 *
 * @returns {{values, low, high, title, format, marks}} Values outside low to high take the end
 *   colours; marks, where there are any, say so before the numbers at the ends.
 */
function colourScale(app, lens, key, map) {
  const { points, index } = app;
  if (key === "score") {
    const [low, high] = points.colourRange;
    const marks = [points.low < low ? "≤ " : "", points.high > high ? "≥ " : ""];
    return { values: points.score, low, high, title: "score", format: (v) => points.format(v), marks };
  }
  if (key === "skips") return countScale(points.numSkips, "number of skips");
  if (key === "density") {
    const values = lens.density(map).atPoint;
    const high = values.reduce((most, value) => Math.max(most, value), 0);
    const format = (v) => (v > 0 ? "dense" : "sparse");
    return { values, low: 0, high, title: "density of points", format };
  }
  const code = Number(key.split(" ")[1]);
  return countScale(points.countOf(code), `number of ${index.operations[code].label}`);
}

/** Whole numbers, from the least to the greatest that there is. */
function countScale(values, title) {
  const [low, high] = [Math.min, Math.max].map((end) => values.reduce((one, other) => end(one, other)));
  return { values, low, high, title, format: (v) => v.toFixed(0) };
}

/** The colour of every point as 0xrrggbb. */
function pointColours({ values, low, high }, { shades }) {
  const colours = new Uint32Array(values.length);
  const factor = (SHADES - 1) / (high - low || 1);
  for (let row = 0; row < values.length; row++) {
    const shade = 3 * clamp(Math.round((values[row] - low) * factor), 0, SHADES - 1);
    colours[row] = (shades[shade] << 16) | (shades[shade + 1] << 8) | shades[shade + 2];
  }
  return colours;
}

/** A strip of all shades with the values at its ends. */
class Legend {
  constructor() {
    this.title = make("span", { class: "pnx-legend-title" });
    this.bar = make("span", { class: "pnx-legend-bar" });
    this.low = make("span");
    this.high = make("span");
    this.node = make("div", { class: "pnx-legend" }, this.title,
      make("span", { class: "pnx-legend-scale" }, this.low, this.bar, this.high));
  }

  show({ low, high, title, format, marks = ["", ""] }, theme) {
    this.title.textContent = title;
    this.low.textContent = marks[0] + format(low);
    this.high.textContent = marks[1] + format(high);
    const stops = Array.from({ length: 9 }, (_, stop) => shadeColour(theme, stop / 8));
    this.bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
  }
}

// ---- ui_engine.mjs
// The page's side of the engine: one worker, and the models' large files once they are wanted.

/** An engine in a worker, or on this thread where the browser refuses one. */
class EngineLine {
  constructor(onlocal) {
    this.onlocal = onlocal;
    this.pending = new Map();
    this.number = 0;
    this.ready = this.open();
  }

  /** Start the worker and hear whether it answers. */
  async open() {
    try {
      const url = URL.createObjectURL(new Blob([workerSource()], { type: "text/javascript" }));
      this.worker = new Worker(url);
      const answer = new Promise((resolve, reject) => {
        this.worker.onmessage = ({ data }) => {
          resolve();
          this.take(data);
        };
        this.worker.onerror = (event) => reject(event);
      });
      this.post("hello", {}).catch(() => {}); // any answer will do, and "no such method" is one
      await answer;
      URL.revokeObjectURL(url);
      this.worker.onerror = () => this.fail();
    } catch {
      this.worker?.terminate();
      this.worker = null;
      this.local = createEngine();
      this.onlocal();
    }
  }

  post(method, args, transfer = []) {
    const id = ++this.number;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject });
      this.worker.postMessage({ id, method, args }, transfer);
    });
  }

  take({ id, ok, value, error }) {
    const request = this.pending.get(id);
    this.pending.delete(id);
    if (ok) request?.resolve(value);
    else request?.reject(failure(error.name, error.message));
  }

  async call(method, args, transfer) {
    await this.ready;
    return this.worker ? this.post(method, args, transfer) : this.local.call(method, args);
  }

  /** Answer everything that waits, when the worker has died. */
  fail() {
    for (const { reject } of this.pending.values()) {
      reject(failure("EngineFailed", "The engine stopped. Load the page again."));
    }
    this.pending.clear();
  }

  close() {
    this.worker?.terminate();
  }
}

/**
 * Models in the engine, each of whose files is fetched when it is first needed.
 *
 * `onprogress(change, description, bytes)` hears when a file is under way and when it has come,
 * `onlocal()` that there is no worker.
 */
class EngineClient {
  constructor(index, fetchFile, onprogress, onlocal) {
    this.index = index;
    this.fetchFile = fetchFile;
    this.onprogress = onprogress;
    this.onlocal = onlocal;
    this.parts = new Map();
    this.loaded = new Set();
  }

  /** Whether a file of a model is in the engine. */
  has(model, part) {
    return this.loaded.has(`${model} ${part}`);
  }

  /** Bring a file of a model into the engine; asking twice fetches it once, failing forgets it. */
  need(model, part) {
    const key = `${model} ${part}`;
    if (!this.parts.has(key)) {
      const work = this.bring(model, part);
      this.parts.set(key, work);
      work.then(
        () => this.loaded.add(key),
        () => this.parts.delete(key),
      );
    }
    return this.parts.get(key);
  }

  async bring(model, part) {
    const description = this.index.models.find(({ name }) => name === model);
    const file = description[part];
    this.onprogress(1, description, file.bytes);
    try {
      this.line ??= new EngineLine(this.onlocal);
      const buffer = await this.fetchFile(file.file);
      const args = { model, index: this.index, buffers: { [part]: buffer } };
      await this.line.call("load", args, [buffer]);
    } finally {
      this.onprogress(-1, description, file.bytes);
    }
  }

  async decode(model, latent) {
    await this.need(model, "weights");
    return this.line.call("decode", { model, latent });
  }

  async encode(model, architecture) {
    await this.need(model, "weights");
    return Float32Array.from(await this.line.call("encode", { model, architecture }));
  }

  async predict(model, latent) {
    await this.need(model, "gp");
    return this.line.call("predict", { model, latent });
  }

  async nearest(model, latent, count) {
    await this.need(model, "latents");
    return this.line.call("nearest", { model, latent, count });
  }

  close() {
    this.line?.close();
  }
}

// ---- ui_histogram.mjs
// The histogram of scores: it filters, it is the scale on which predicted and recorded scores stand.

const PLOT_LEFT = 74;
const PLOT_RIGHT = 14;
const PLOT_HEIGHT = 62;
const TRACK_HEIGHT = 19;
const AXIS_HEIGHT = 34;

/** A round number near `rough`: 1, 2 or 5 times a power of ten. */
function roundStep(rough) {
  const power = 10 ** Math.floor(Math.log10(rough));
  const [lead] = [5, 2, 1].filter((factor) => factor * power <= rough * 1.0001);
  return lead * power;
}

class Histogram {
  constructor(app) {
    this.app = app;
    const { points, store } = app;
    this.binWidth = roundStep((points.high - points.low) / 45);
    this.start = Math.floor(points.low / this.binWidth) * this.binWidth;
    this.bins = Math.floor((points.high - this.start) / this.binWidth + 1e-3) + 1;
    this.end = this.start + this.bins * this.binWidth;
    this.binOf = Uint16Array.from(points.score, (v) => Math.floor((v - this.start) / this.binWidth + 1e-3));
    this.all = this.count(() => true);
    this.svg = makeSvg("svg", { class: "pnx-histogram-plot", "aria-hidden": "true" });
    this.handles = [0, 1].map((side) => this.makeHandle(side));
    this.area = make("div", { class: "pnx-histogram-area" }, this.svg, this.handles);
    this.caption = make("p", { class: "pnx-caption" });
    this.clear = makeButton("Clear", () => app.clearSelection(), { class: "pnx-button pnx-quiet" });
    const foot = make("div", { class: "pnx-histogram-foot" }, this.caption, this.clear);
    this.node = make("section", { class: "pnx-histogram", "aria-label": "Scores" }, this.area, foot);
    this.svg.addEventListener("pointerdown", (event) => this.drag(event));
    this.draw = perFrame(() => this.drawNow());
    const keys = ["focus", "range", "colour", "theme", "readings", "compare", "model"];
    store.watch(keys, () => this.draw());
    this.stop = whenResized(this.area, (width) => {
      this.width = width;
      this.drawNow();
    });
  }

  count(accepts) {
    const counts = new Uint32Array(this.bins);
    this.binOf.forEach((bin, row) => {
      if (accepts(row)) counts[bin]++;
    });
    return counts;
  }

  toScreen(score) {
    const share = (score - this.start) / (this.end - this.start);
    return PLOT_LEFT + clamp(share, 0, 1) * (this.width - PLOT_LEFT - PLOT_RIGHT);
  }

  toScore(left) {
    const share = (left - PLOT_LEFT) / (this.width - PLOT_LEFT - PLOT_RIGHT);
    return this.start + clamp(share, 0, 1) * (this.end - this.start);
  }

  // ---- filtering --------------------------------------------------------------------------------

  /** A drag from one score to another filters; a click takes the filter away. */
  drag(event) {
    if (event.button !== 0) return;
    const left = () => this.area.getBoundingClientRect().left;
    const first = event.clientX - left();
    let moved = false;
    followPointer(this.svg, event, (other) => {
      const here = other.clientX - left();
      moved ||= Math.abs(here - first) > 3;
      if (moved) this.app.setRange([this.toScore(first), this.toScore(here)].sort((a, b) => a - b));
    }, () => {
      if (!moved) this.app.setRange(null);
    });
  }

  makeHandle(side) {
    const handle = make("button", { type: "button", class: "pnx-handle", role: "slider" });
    handle.setAttribute("aria-label", side ? "Highest score shown" : "Lowest score shown");
    const move = (score) => {
      const range = [...(this.app.store.get("range") ?? [this.start, this.end])];
      range[side] = side ? clamp(score, range[0], this.end) : clamp(score, this.start, range[1]);
      const whole = range[0] <= this.start && range[1] >= this.end;
      this.app.setRange(whole ? null : range);
    };
    handle.addEventListener("keydown", (event) => {
      const step = ARROWS[event.key];
      const now = this.app.store.get("range")?.[side] ?? (side ? this.end : this.start);
      if (step) move(now + (step[0] + step[1]) * this.binWidth * (event.shiftKey ? 5 : 1));
      else if (event.key === "Home") move(this.start);
      else if (event.key === "End") move(this.end);
      else if (event.key === "Escape") this.app.setRange(null);
      else return;
      event.preventDefault();
    });
    handle.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      const { left } = this.area.getBoundingClientRect();
      followPointer(handle, event, (other) => move(this.toScore(other.clientX - left)));
    });
    return handle;
  }

  // ---- drawing -------------------------------------------------------------------------------------

  drawNow() {
    if (!this.width) return;
    const { store, points } = this.app;
    const lenses = this.app.shownLenses();
    const top = lenses.length * TRACK_HEIGHT + 6;
    const height = top + PLOT_HEIGHT + AXIS_HEIGHT;
    this.svg.setAttribute("viewBox", `0 0 ${this.width} ${height}`);
    this.svg.setAttribute("height", height);
    const { focus, selection } = store.values;
    const shown = this.count((row) => (selection.length ? focus[row] === 2 : focus[row] > 0));
    const parts = [this.drawBars(top, shown), this.drawAxis(top + PLOT_HEIGHT)];
    lenses.forEach((lens, place) => {
      const reading = store.get("readings")[lens.name];
      parts.push(this.drawTrack(lens, reading, place * TRACK_HEIGHT + 9, top + PLOT_HEIGHT));
    });
    this.svg.replaceChildren(...parts);
    this.placeHandles(top);
    this.writeCaption(shown.reduce((sum, count) => sum + count, 0), points);
  }

  drawBars(top, shown) {
    const { theme, colour, selection } = this.app.store.values;
    const most = Math.max(...this.all);
    const peak = selection.length ? Math.max(1, ...shown) : most;
    const group = makeSvg("g");
    const bar = (bin, count, scale, attributes) => {
      const [left, right] = [0, 1].map((side) => this.toScreen(this.start + (bin + side) * this.binWidth));
      const height = (PLOT_HEIGHT * count) / scale;
      group.append(makeSvg("rect", { x: left + 0.5, width: Math.max(0.5, right - left - 1),
        y: top + PLOT_HEIGHT - height, height, ...attributes }));
    };
    const [low, high] = this.app.points.colourRange;
    this.all.forEach((count, bin) => bar(bin, count, most, { class: "pnx-bar-all" }));
    shown.forEach((count, bin) => {
      const middle = this.start + (bin + 0.5) * this.binWidth;
      const fill = colour === "score" && theme ? shadeColour(theme, (middle - low) / (high - low)) : null;
      if (count) bar(bin, count, peak, fill ? { fill } : { class: "pnx-bar" });
    });
    return group;
  }

  drawAxis(top) {
    const { index } = this.app;
    const group = makeSvg("g", { class: "pnx-axis" });
    group.append(makeSvg("line", { x1: PLOT_LEFT, x2: this.width - PLOT_RIGHT, y1: top + 0.5, y2: top + 0.5 }));
    const step = roundStep((this.end - this.start) / clamp((this.width - PLOT_LEFT) / 95, 2, 8));
    const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    for (let tick = Math.ceil(this.start / step - 1e-6) * step; tick <= this.end + step / 100; tick += step) {
      const left = this.toScreen(tick);
      group.append(makeSvg("line", { x1: left, x2: left, y1: top, y2: top + 4 }),
        makeSvg("text", { x: left, y: top + 15, "text-anchor": "middle" }, formatPlain(tick, digits)));
    }
    const middle = (PLOT_LEFT + this.width - PLOT_RIGHT) / 2;
    group.append(makeSvg("text", { x: middle, y: top + 30, "text-anchor": "middle" }, index.dataset.accuracy_label));
    return group;
  }

  /** One model's prediction as a dot with one and two standard deviations, and what is recorded. */
  drawTrack(lens, reading, middle, bottom) {
    const second = this.app.store.get("model") !== lens.name;
    const group = makeSvg("g", { class: second ? "pnx-track pnx-track-second" : "pnx-track" });
    group.append(makeSvg("text", { x: PLOT_LEFT - 8, y: middle, dy: ".35em", "text-anchor": "end" }, lens.label));
    if (!reading) return group;
    const { record, mean, sd } = reading;
    if (record.rows.length) {
      const [left, right] = [this.toScreen(record.low), this.toScreen(record.high)];
      group.append(makeSvg("rect", { x: left - 0.75, width: right - left + 1.5, y: middle - 8, height: bottom - middle + 8,
        class: "pnx-recorded" }));
    }
    if (Number.isFinite(mean)) {
      for (const [factor, width] of [[2, 1.5], [1, 4]]) {
        const [left, right] = [-1, 1].map((side) => this.toScreen(mean + side * factor * sd));
        group.append(makeSvg("line", { x1: left, x2: right, y1: middle, y2: middle, "stroke-width": width }));
      }
      group.append(makeSvg("circle", { cx: this.toScreen(mean), cy: middle, r: 5 }));
    }
    return group;
  }

  placeHandles(top) {
    const { points, store } = this.app;
    const range = store.get("range") ?? [this.start, this.end];
    this.handles.forEach((handle, side) => {
      handle.style.left = `${this.toScreen(range[side])}px`;
      handle.style.top = `${top}px`;
      handle.style.height = `${PLOT_HEIGHT}px`;
      handle.setAttribute("aria-valuemin", this.start);
      handle.setAttribute("aria-valuemax", this.end);
      handle.setAttribute("aria-valuenow", range[side]);
      handle.setAttribute("aria-valuetext", points.format(range[side]));
    });
  }

  writeCaption(count, points) {
    const { range, selection } = this.app.store.values;
    const total = formatCount(points.count);
    let text = `${total} architectures. Drag across the bars to filter.`;
    if (range) text = `${formatCount(count)} of ${total} between ${points.format(range[0])} and ${points.format(range[1])}.`;
    if (selection.length) {
      const focus = this.app.store.get("focus");
      const rows = selection.filter((row) => focus[row] === 2);
      const mean = rows.reduce((sum, row) => sum + points.score[row], 0) / rows.length;
      text = `${formatCount(rows.length)} of ${total} selected` + (rows.length ? `, mean score ${points.format(mean)}.` : ".") +
        " Bars of the selection have a scale of their own.";
    }
    this.caption.textContent = text;
    this.clear.hidden = !range && !selection.length;
  }

  close() {
    this.stop();
  }
}

// ---- ui_map.mjs
// The map: all architectures as points in the plane, with the place we look at.

const MAP_MARGIN = 18;
const MAX_ZOOM = 60;
const MORPH_MILLISECONDS = 650;
const FILTERED_OPACITY = 40;
const POINT_OPACITY = 205;
const BESIDE_SELECTION_OPACITY = 80;
const SELECTED_OPACITY = 256;

/** One model's map. `app` is the whole explorer. */
class MapView {
  constructor(app, lens) {
    this.app = app;
    this.lens = lens;
    this.zoom = 1;
    this.width = this.height = 0;
    this.hovered = -1;
    this.box = null;
    this.build();
    this.painter = new PointPainter(this.canvas);
    this.paintSoon = perFrame(() => this.paint());
    this.markSoon = perFrame(() => this.mark());
    const { store } = app;
    this.shownMap = this.mapName(store.get("map"));
    this.columns = lens.maps[this.shownMap];
    store.watch(["map"], ({ map }) => this.switchTo(this.mapName(map)));
    store.watch(["colour", "theme", "map"], () => this.recolour());
    store.watch(["focus", "contours"], () => this.paintSoon());
    store.watch(["latents", "row", "tracks", "neighbours", "model"], () => this.markSoon());
    this.stop = whenResized(this.node, () => this.resize());
    attachMapInput(this);
  }

  build() {
    this.canvas = make("canvas", { class: "pnx-layer", "aria-hidden": "true" });
    this.overlay = make("canvas", { class: "pnx-layer", "aria-hidden": "true" });
    this.probe = make("button", { type: "button", class: "pnx-probe", role: "slider" });
    this.probe.setAttribute("aria-label", `Point in the latent space of ${this.lens.label}`);
    this.tip = make("div", { class: "pnx-tip", hidden: true });
    this.hint = make("div", { class: "pnx-hint", hidden: true }, "Ctrl + scroll zooms; or click the map first");
    this.legend = new Legend();
    const zoomer = (text, label, factor) => makeButton(text, () => this.zoomBy(factor), { "aria-label": label });
    const zoomers = make("div", { class: "pnx-zoomers" }, zoomer("+", "Zoom in", 1.6),
      zoomer("−", "Zoom out", 1 / 1.6), makeButton("⤢", () => this.fit(), { "aria-label": "Show all" }));
    this.surface = make("div", {
      class: "pnx-surface",
      tabindex: 0,
      role: "application",
      "aria-label": `Map of ${formatCount(this.app.points.count)} architectures by ${this.lens.label}. ` +
        "Arrow keys step from one known architecture to the next, plus and minus zoom, 0 shows all, " +
        "A selects what is in view, Escape clears.",
    }, this.canvas, this.overlay);
    this.node = make("div", { class: "pnx-map" }, this.surface, this.probe, this.legend.node,
      make("span", { class: "pnx-map-name" }, this.lens.label), zoomers, this.tip, this.hint);
  }

  /** The map to show when `wanted` is chosen: PCA where a model has no other. */
  mapName(wanted) {
    return this.lens.maps[wanted] ? wanted : "pca";
  }

  // ---- geometry ------------------------------------------------------------------------------

  resize() {
    const { clientWidth, clientHeight } = this.node;
    const first = !this.width;
    this.width = clientWidth;
    this.height = clientHeight;
    this.ratio = Math.min(devicePixelRatio || 1, 2);
    for (const canvas of [this.canvas, this.overlay]) {
      canvas.width = Math.round(clientWidth * this.ratio);
      canvas.height = Math.round(clientHeight * this.ratio);
    }
    if (first) this.fit();
    this.paint();
    this.mark();
  }

  fit() {
    const { x0, x1, y0, y1 } = boundsOf(this.lens.maps[this.shownMap]);
    this.centre = [(x0 + x1) / 2, (y0 + y1) / 2];
    this.extent = [x1 - x0, y1 - y0];
    this.zoom = 1;
    this.paintSoon();
    this.markSoon();
  }

  /** Pixels per unit of the map. */
  get scale() {
    const inner = [this.width - 2 * MAP_MARGIN, this.height - 2 * MAP_MARGIN];
    return this.zoom * Math.min(inner[0] / this.extent[0], inner[1] / this.extent[1]);
  }

  toScreen(x, y) {
    const { scale } = this;
    return [this.width / 2 + (x - this.centre[0]) * scale, this.height / 2 - (y - this.centre[1]) * scale];
  }

  toMap(x, y) {
    const { scale } = this;
    return [this.centre[0] + (x - this.width / 2) / scale, this.centre[1] - (y - this.height / 2) / scale];
  }

  /** Zoom so that a place on the screen (the middle by default) stays where it is. */
  zoomBy(factor, place = [this.width / 2, this.height / 2]) {
    const before = this.toMap(...place);
    this.zoom = clamp(this.zoom * factor, 0.7, MAX_ZOOM);
    const after = this.toMap(...place);
    this.panBy(before[0] - after[0], before[1] - after[1]);
  }

  /** Move the view by so much of the map, but never off the points. */
  panBy(dx, dy) {
    const { x0, x1, y0, y1 } = boundsOf(this.lens.maps[this.shownMap]);
    this.centre = [clamp(this.centre[0] + dx, x0, x1), clamp(this.centre[1] + dy, y0, y1)];
    this.paintSoon();
    this.markSoon();
  }

  /** Bring a point of the map into view. */
  reveal(x, y) {
    const [left, top] = this.toScreen(x, y);
    const inside = left > 0 && top > 0 && left < this.width && top < this.height;
    if (!inside) this.panBy(x - this.centre[0], y - this.centre[1]);
  }

  /** The known architecture near a place on the screen, or -1. */
  rowNear(left, top, pixels) {
    if (!this.columns || this.morphing) return -1;
    const focus = this.app.store.get("focus");
    const index = this.lens.pointIndex(this.shownMap);
    return index.nearest(...this.toMap(left, top), pixels / this.scale, (row) => focus[row] > 0);
  }

  // ---- from one map to the other -----------------------------------------------------------------

  switchTo(map) {
    if (map === this.shownMap) return;
    const from = this.lens.maps[this.shownMap];
    const to = this.lens.maps[map];
    const old = { centre: this.centre, extent: this.extent };
    this.shownMap = map;
    this.fit();
    if (wantsStillness() || !this.width) {
      this.columns = to;
      return;
    }
    const scales = [0, 1].map((axis) => this.extent[axis] / old.extent[axis]);
    const start = performance.now();
    const mixed = { x: new Float32Array(to.x.length), y: new Float32Array(to.y.length) };
    this.columns = mixed;
    this.morphing = true;
    const frame = (now) => {
      const share = clamp((now - start) / MORPH_MILLISECONDS, 0, 1);
      const eased = share * share * (3 - 2 * share);
      for (const [axis, name] of ["x", "y"].entries()) {
        for (let row = 0; row < to.x.length; row++) {
          const begin = this.centre[axis] + (from[name][row] - old.centre[axis]) * scales[axis];
          mixed[name][row] = begin + eased * (to[name][row] - begin);
        }
      }
      this.morphing = share < 1 && this.shownMap === map;
      if (this.morphing) requestAnimationFrame(frame);
      else this.columns = this.lens.maps[this.shownMap];
      this.paint();
      this.mark();
    };
    requestAnimationFrame(frame);
  }

  recolour() {
    const { store } = this.app;
    const scale = colourScale(this.app, this.lens, store.get("colour"), this.shownMap);
    this.colours = pointColours(scale, store.get("theme"));
    this.legend.show(scale, store.get("theme"));
    this.paintSoon();
    this.markSoon();
  }

  // ---- painting ------------------------------------------------------------------------------------

  /** All points, those that are filtered out first, then contours. */
  paint() {
    if (!this.width) return;
    const { focus, theme, contours, selection } = this.app.store.values;
    const { painter, ratio, colours } = this;
    painter.begin(this.canvas.width, this.canvas.height, theme.paper);
    const radius = Math.round(clamp(1.7 * this.zoom ** 0.45, 1.5, 5) * ratio * 4) / 4;
    const plain = selection.length ? BESIDE_SELECTION_OPACITY : POINT_OPACITY;
    const opacities = [FILTERED_OPACITY, plain, SELECTED_OPACITY];
    const scale = this.scale * ratio;
    const left = (this.width / 2) * ratio - this.centre[0] * scale;
    const top = (this.height / 2) * ratio + this.centre[1] * scale;
    const grey = theme.dark ? 0x7a828c : 0x9aa2ab;
    const { x, y } = this.columns;
    for (let level = 0; level < 3; level++) {
      const opacity = opacities[level];
      for (let row = 0; row < x.length; row++) {
        if (focus[row] !== level) continue;
        painter.disc(left + x[row] * scale, top - y[row] * scale, radius, level ? colours[row] : grey, opacity);
      }
    }
    painter.finish();
    if (!contours || this.morphing) return;
    if (this.painted) this.paintContours(painter.context, theme);
    else setTimeout(() => this.paintSoon()); // the first picture does without: they take a while to find
    this.painted = true;
  }

  /** Each contour is a thin line in a pale one, so that it shows on dark and on light points. */
  paintContours(context, theme) {
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    for (const { share, segments } of this.lens.contours(this.shownMap)) {
      context.beginPath();
      for (let place = 0; place < segments.length; place += 4) {
        context.moveTo(...this.toScreen(segments[place], segments[place + 1]));
        context.lineTo(...this.toScreen(segments[place + 2], segments[place + 3]));
      }
      for (const [colour, width, opacity] of [[`rgb(${theme.paper})`, 2.4, 0.5], [theme.ink, 1, 1 - 0.5 * share]]) {
        context.strokeStyle = colour;
        context.lineWidth = width;
        context.globalAlpha = opacity;
        context.stroke();
      }
    }
    context.globalAlpha = 1;
    context.setTransform(1, 0, 0, 1, 0, 0);
  }

  /** Where the probe stands on the map: {x, y, exact}, or null before there is a latent. */
  probePlace() {
    const { row, latents, neighbours } = this.app.store.values;
    const latent = latents[this.lens.name];
    if (this.shownMap === "pca") {
      if (!latent) return row < 0 ? null : this.rowPlace(row);
      const [x, y] = this.lens.coordinatesOf(latent);
      return { x, y, exact: true };
    }
    if (row >= 0) return this.rowPlace(row);
    const nearest = neighbours[this.lens.name]?.[0];
    return nearest ? { ...this.rowPlace(nearest.row), exact: false } : null;
  }

  rowPlace(row) {
    return { x: this.columns.x[row], y: this.columns.y[row], exact: true };
  }

  /** Everything that moves: the probe, tracks, neighbours, what the pointer is over. */
  mark() {
    if (!this.width) return;
    const { theme, tracks, neighbours, row } = this.app.store.values;
    const context = this.overlay.getContext("2d");
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    if (!this.morphing) {
      for (const track of Object.values(tracks)) if (track?.model === this.lens.name) this.drawTrack(context, track, theme);
      for (const near of neighbours[this.lens.name] ?? []) this.ring(context, near.row, 4.5, theme.muted, 1);
      if (row >= 0) this.ring(context, row, 6, theme.ink, 1.5);
      if (this.hovered >= 0) this.ring(context, this.hovered, 6, theme.ink, 2);
    }
    if (this.box) {
      context.strokeStyle = theme.ink;
      context.setLineDash([4, 3]);
      context.strokeRect(...this.box);
      context.setLineDash([]);
    }
    this.placeProbe();
  }

  ring(context, row, radius, colour, width) {
    const [left, top] = this.toScreen(this.columns.x[row], this.columns.y[row]);
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.beginPath();
    context.arc(left, top, radius, 0, 2 * Math.PI);
    context.stroke();
  }

  /** A line through latents, in the plane only: the other map has no place for them. */
  drawTrack(context, { places, dots }, theme) {
    if (this.shownMap !== "pca" || places.length < 1) return;
    const spots = places.map(([x, y]) => this.toScreen(x, y));
    context.strokeStyle = theme.accent;
    context.fillStyle = theme.accent;
    context.lineWidth = 1.6;
    context.globalAlpha = dots ? 0.45 : 0.9;
    context.beginPath();
    spots.forEach(([left, top], place) => context[place ? "lineTo" : "moveTo"](left, top));
    context.stroke();
    context.globalAlpha = 1;
    for (const [left, top] of dots ? spots : [spots[0], spots[spots.length - 1]]) {
      context.beginPath();
      context.arc(left, top, 3, 0, 2 * Math.PI);
      context.fill();
    }
  }

  placeProbe() {
    const place = this.morphing ? null : this.probePlace();
    const [left, top] = place ? this.toScreen(place.x, place.y) : [-1, -1];
    const inside = left >= 0 && top >= 0 && left <= this.width && top <= this.height;
    this.probe.hidden = !inside;
    if (!inside) return;
    this.probe.style.left = `${left}px`;
    this.probe.style.top = `${top}px`;
    this.probe.classList.toggle("pnx-probe-near", !place.exact);
    this.probe.classList.toggle("pnx-probe-second", this.app.store.get("model") !== this.lens.name);
    this.probe.setAttribute("aria-valuenow", place.x.toFixed(3));
    this.probe.setAttribute("aria-valuetext", this.app.describePlace(this.lens));
  }

  /** Show what is known of a row beside it, or hide it again (-1). */
  hover(row) {
    if (row === this.hovered) return;
    this.hovered = row;
    this.mark();
    this.tip.hidden = row < 0;
    if (row < 0) return;
    const { points, styles } = this.app;
    const architecture = points.architecture(row);
    const part = points.isTest(row) ? "test part" : "training part";
    this.tip.replaceChildren(
      make("strong", {}, points.format(points.score[row])),
      make("span", {}, `${points.numSkips[row]} skips · ${part}`),
      miniDrawing(graphOf(architecture), styles),
    );
    const [left, top] = this.toScreen(this.columns.x[row], this.columns.y[row]);
    this.tip.style.left = `${clamp(left + 12, 4, Math.max(4, this.width - 158))}px`;
    this.tip.style.top = `${top > this.height - 110 ? top - 92 : top + 12}px`;
  }

  close() {
    this.stop();
  }
}

// ---- ui_map_input.mjs
// Mouse, touch and keyboard on the map.

const CLICK_PIXELS = 5;
const CATCH_PIXELS = 14;
const WALK_STEP = 1 / 60;

/** Listen to everything a reader may do on a map. */
function attachMapInput(map) {
  const fingers = new Fingers(map);
  attachPointers(map, fingers);
  attachWheel(map);
  attachProbe(map, fingers);
  map.surface.addEventListener("keydown", (event) => {
    if (handleMapKey(map, event)) event.preventDefault();
  });
  map.surface.addEventListener("blur", () => map.hover(-1));
}

function placeOn(map, event) {
  const { left, top } = map.node.getBoundingClientRect();
  return [event.clientX - left, event.clientY - top];
}

/** The pointers that are down on a map. One does its own job; two zoom, and then do no other job any more. */
class Fingers {
  constructor(map) {
    this.map = map;
    this.down = new Map();
    map.node.addEventListener("touchmove", (event) => {
      if (this.several && event.cancelable) event.preventDefault(); // or two fingers would scroll the page
    }, { passive: false });
  }

  /** Whether two were down together, and not all are lifted yet. */
  get several() {
    return [...this.down.values()].some(({ alone }) => !alone);
  }

  /** Follow a pointer that went down: `move(here, before)`, then `end(here, done)`; not done, it was no click. */
  follow(node, event, { move, end }) {
    const { map, down } = this;
    if (event.isPrimary) down.clear(); // a pointer whose node left the page was never lifted
    const finger = { place: placeOn(map, event), alone: true };
    down.set(event.pointerId, finger);
    if (down.size > 1) this.join();
    followPointer(node, event, (other) => {
      const before = finger.place;
      finger.place = placeOn(map, other);
      if (down.size > 1) this.pinch();
      else if (finger.alone) move(finger.place, before);
      else panAlong(map, before, finger.place);
    }, (other) => {
      down.delete(other.pointerId);
      this.hold();
      end(finger.place, finger.alone && other.type !== "pointercancel");
    });
  }

  join() {
    for (const finger of this.down.values()) finger.alone = false;
    this.map.box = null;
    this.map.markSoon();
    this.hold();
  }

  /** The middle and the distance of the first two fingers. */
  span() {
    const [[x0, y0], [x1, y1]] = [...this.down.values()].map(({ place }) => place);
    return { middle: [(x0 + x1) / 2, (y0 + y1) / 2], gap: Math.max(20, Math.hypot(x1 - x0, y1 - y0)) };
  }

  /** Keep in mind what is between two fingers. */
  hold() {
    if (this.down.size < 2) return;
    const { middle, gap } = this.span();
    this.held = { place: this.map.toMap(...middle), size: this.map.zoom / gap };
  }

  /** Two fingers: what was between them stays between them. */
  pinch() {
    const { map, held } = this;
    const { middle, gap } = this.span();
    map.zoomBy((held.size * gap) / map.zoom);
    const [x, y] = map.toMap(...middle);
    map.panBy(held.place[0] - x, held.place[1] - y);
  }
}

/** Hover; a click goes there; a drag moves the view or draws a box. */
function attachPointers(map, fingers) {
  const { surface, app } = map;
  surface.addEventListener("pointerenter", () => app.wakeUp());
  surface.addEventListener("pointerleave", () => map.hover(-1));
  surface.addEventListener("pointermove", (event) => {
    if (event.buttons === 0) map.hover(map.rowNear(...placeOn(map, event), CATCH_PIXELS));
  });
  surface.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    app.wakeUp();
    app.store.set({ model: map.lens.name });
    surface.focus({ preventScroll: true });
    const start = placeOn(map, event);
    let dragged = false;
    const boxing = event.shiftKey || app.store.get("areas");
    const move = (here, before) => {
      dragged ||= Math.hypot(here[0] - start[0], here[1] - start[1]) > CLICK_PIXELS;
      if (dragged && boxing) drawBox(map, start, here);
      else if (dragged) panAlong(map, before, here);
    };
    fingers.follow(surface, event, { move, end: (here, done) => {
      if (done && map.box) app.selectBox(map, start, here);
      else if (done && !dragged) goToPlace(map, ...start);
      map.box = null;
      map.markSoon();
    } });
  });
}

function drawBox(map, [x0, y0], [x1, y1]) {
  map.hover(-1);
  map.box = [Math.min(x0, x1), Math.min(y0, y1), Math.abs(x1 - x0), Math.abs(y1 - y0)];
  map.markSoon();
}

function panAlong(map, before, here) {
  map.panBy((before[0] - here[0]) / map.scale, (here[1] - before[1]) / map.scale);
}

/** The known architecture under a click, else the point of the plane itself. */
function goToPlace(map, left, top) {
  const { app, lens } = map;
  const row = map.rowNear(left, top, CATCH_PIXELS);
  if (row >= 0) app.goToRow(row);
  else if (map.shownMap === "pca") app.goToPlane(lens, ...map.toMap(left, top));
}

/** The wheel scrolls the page, unless the map has the focus or Ctrl is held. */
function attachWheel(map) {
  const hideHint = settled(() => {
    map.hint.hidden = true;
  }, 1200);
  map.surface.addEventListener("wheel", (event) => {
    if (event.ctrlKey || event.metaKey || document.activeElement === map.surface) {
      event.preventDefault();
      const lines = event.deltaMode === 1 ? 24 * event.deltaY : event.deltaY;
      map.zoomBy(Math.exp(-clamp(lines, -120, 120) / (event.ctrlKey ? 120 : 320)), placeOn(map, event));
    } else {
      map.hint.hidden = false;
      hideHint();
    }
  }, { passive: false });
}

/** The probe is dragged, or walks by arrow keys: over the plane, or from point to point. */
function attachProbe(map, fingers) {
  const { probe, app, lens } = map;
  const moveTo = (left, top) => {
    if (map.shownMap === "pca") {
      app.goToPlane(lens, ...map.toMap(clamp(left, 0, map.width), clamp(top, 0, map.height)));
    } else {
      const row = map.rowNear(left, top, 60);
      if (row >= 0 && row !== app.store.get("row")) app.goToRow(row);
    }
  };
  probe.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    app.wakeUp();
    app.store.set({ model: lens.name });
    map.hover(-1);
    const start = placeOn(map, event);
    const handle = map.toScreen(...Object.values(map.probePlace()).slice(0, 2));
    const grip = [handle[0] - start[0], handle[1] - start[1]];
    probe.classList.add("pnx-held");
    fingers.follow(probe, event, {
      move: (here) => moveTo(here[0] + grip[0], here[1] + grip[1]),
      end: () => probe.classList.remove("pnx-held"),
    });
  });
  probe.addEventListener("focus", () => app.wakeUp());
  probe.addEventListener("keydown", (event) => {
    const direction = ARROWS[event.key];
    if (!direction) return;
    event.preventDefault();
    app.store.set({ model: lens.name });
    if (map.shownMap !== "pca") {
      stepToNeighbour(map, direction);
      return;
    }
    const { x, y } = map.probePlace();
    const { x0, x1, y0, y1 } = boundsOf(lens.maps.pca);
    const step = WALK_STEP * Math.max(...map.extent) * (event.shiftKey ? 5 : 1) / Math.max(1, map.zoom);
    const target = [clamp(x + direction[0] * step, x0, x1), clamp(y + direction[1] * step, y0, y1)];
    map.reveal(...target); // first: a probe that leaves the view loses the focus
    app.goToPlane(lens, ...target);
  });
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** A key on the map itself; true if it meant something. */
function handleMapKey(map, event) {
  const { app } = map;
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  if (ARROWS[event.key]) stepToNeighbour(map, ARROWS[event.key]);
  else if (event.key === "+" || event.key === "=") map.zoomBy(1.6);
  else if (event.key === "-") map.zoomBy(1 / 1.6);
  else if (event.key === "0") map.fit();
  else if (event.key === "a" || event.key === "A") app.selectBox(map, [0, 0], [map.width, map.height]);
  else if (event.key === "Escape") app.clearSelection();
  else return false;
  return true;
}

/** Go to the known architecture that lies next in a direction: near, and within an angle of 45 degrees. */
function stepToNeighbour(map, [dx, dy]) {
  const { app } = map;
  const place = map.probePlace() ?? { x: map.centre[0], y: map.centre[1] };
  const { x, y } = map.columns;
  const focus = app.store.get("focus");
  const least = 4 / map.scale; // nearer ones look like the same point
  let best = -1;
  let shortest = Infinity;
  for (let row = 0; row < x.length; row++) {
    if (!focus[row]) continue;
    const [right, up] = [x[row] - place.x, y[row] - place.y];
    const along = right * dx + up * dy;
    const aside = Math.abs(right * dy) + Math.abs(up * dx);
    if (along < least || aside > along) continue;
    const length = along + 2 * aside;
    if (length < shortest) [best, shortest] = [row, length];
  }
  if (best < 0) return;
  app.goToRow(best);
  map.reveal(x[best], y[best]);
}

// ---- ui_path.mjs
// A straight path in latent space between two architectures, with a button that walks it.

const PATH_STEPS = 40;
const PLAY_PAUSE = 110;

class PathPanel {
  constructor(app) {
    this.app = app;
    this.ends = [app.points.extreme(false), app.points.extreme(true)].map((row) => app.points.architecture(row));
    this.labels = ["from", "to"];
    this.slots = this.ends.map((_, side) => make("span", { class: "pnx-slot" }));
    this.slider = make("input", { type: "range", min: 0, max: PATH_STEPS, value: 0, step: 1,
      "aria-label": "Place on the path", oninput: () => this.goTo(Number(this.slider.value)) });
    this.playButton = makeButton("▶ Play", () => this.play(!this.playing), { class: "pnx-button pnx-primary" });
    this.words = make("p", { class: "pnx-words", role: "status" });
    this.strip = new Strip((width) => this.chart(width));
    const ends = this.labels.map((label, side) => make("div", { class: "pnx-end" },
      make("span", { class: "pnx-end-name" }, label), this.slots[side],
      makeButton("Set to here", () => this.take(side), { class: "pnx-button pnx-quiet", "aria-label": `Path ${label}: set to where we are` })));
    this.node = make("section", { class: "pnx-panel pnx-path", "aria-label": "Path between two architectures" },
      make("p", { class: "pnx-title" }, "Walk between two"),
      make("p", { class: "pnx-intro" }, "A straight line of latents; at first from the lowest to the highest recorded score."),
      ends, make("div", { class: "pnx-row pnx-player" }, this.playButton, this.slider), this.strip.node, this.words);
    this.round = this.number = 0;
    this.showEnds();
    app.store.watch(["model"], () => this.forget());
    app.store.watch(["message"], ({ message }) => {
      if (message && message.name !== NOTICE) this.play(false);
    });
    app.store.watch(["theme"], () => this.strip.draw());
    app.store.watch(["readings"], ({ readings }) => {
      if (!["path", "start"].includes(readings[app.lens.name]?.origin)) this.play(false);
    });
  }

  showEnds() {
    this.slots.forEach((slot, side) => {
      const { points, styles } = this.app;
      const record = points.record(this.ends[side]);
      const score = record.rows.length && record.low === record.high ? points.format(record.low) : "";
      slot.replaceChildren(miniDrawing(graphOf(this.ends[side]), styles), make("span", {}, score));
    });
  }

  /** Take where we are as one end. */
  take(side) {
    const reading = this.app.currentReading(this.app.lens);
    if (!reading?.architecture) {
      this.words.textContent = reading
        ? "An invalid graph cannot be an end of the path."
        : "The model has not read this place yet.";
      return;
    }
    this.ends[side] = reading.architecture;
    this.showEnds();
    this.forget();
    this.prepare();
  }

  forget() {
    this.play(false);
    this.ready = null;
    this.profile = [];
    this.words.textContent = "";
    this.app.store.set({ tracks: { ...this.app.store.get("tracks"), path: null } });
    this.strip.draw();
  }

  /** Latents of the ends, then what the model reads at every step; once per path and model. */
  prepare() {
    this.ready ??= this.measure(this.app.lens, this.ends.slice()).catch((error) => {
      this.ready = null;
      this.app.report(error);
      return null;
    });
    return this.ready;
  }

  async measure(lens, ends) {
    const { client } = this.app;
    this.app.wakeUp();
    const [from, to] = await Promise.all(ends.map((architecture) => client.encode(lens.name, architecture)));
    const latents = Array.from({ length: PATH_STEPS + 1 }, (_, step) =>
      from.map((value, place) => value + (step / PATH_STEPS) * (to[place] - value)));
    if (this.app.lens === lens) this.fill(lens, latents, ends);
    return latents;
  }

  async fill(lens, latents, ends) {
    const { client, store } = this.app;
    const places = latents.map((latent) => lens.coordinatesOf(latent).slice(0, 2));
    store.set({ tracks: { ...store.get("tracks"), path: { model: lens.name, places } } });
    const profile = [];
    try {
      for (const latent of latents) {
        const [{ architecture, types, edges }, { mean, sd }] = await Promise.all([
          client.decode(lens.name, latent), client.predict(lens.name, latent)]);
        profile.push({ key: architecture ?? JSON.stringify([types, edges]), valid: architecture !== null, mean, sd });
      }
    } catch (error) {
      this.app.report(error);
      return;
    }
    if (this.app.lens !== lens || ends.some((end, side) => end !== this.ends[side])) return;
    this.profile = profile;
    this.tell();
    this.strip.draw();
  }

  changes() {
    return this.profile.flatMap(({ key }, step) => (step && key !== this.profile[step - 1].key ? [step - 0.5] : []));
  }

  tell() {
    const graphs = new Map(this.profile.map(({ key, valid }) => [key, valid]));
    const valid = [...graphs.values()].filter(Boolean).length;
    const changes = this.changes().length;
    this.words.textContent = `On the way: ${graphs.size} graph${graphs.size === 1 ? "" : "s"}, ${valid} valid, ` +
      `in ${changes} change${changes === 1 ? "" : "s"} over ${PATH_STEPS} steps.`;
  }

  /** Whether we got there: no, if meanwhile the reader went elsewhere, or asked for another step. */
  async goTo(step) {
    this.slider.value = step;
    const { lens, turn } = this.app;
    const number = ++this.number;
    const latents = await this.prepare();
    if (!latents || lens !== this.app.lens || turn !== this.app.turn || number !== this.number) return false;
    this.slider.setAttribute("aria-valuetext", `step ${step} of ${PATH_STEPS}`);
    this.app.goToLatent(lens, latents[step], "path");
    this.strip.draw();
    return true;
  }

  /** Walk on, or stop; of the rounds that began, only the last one goes on. */
  play(on) {
    if (Boolean(this.playing) === on) return;
    this.playing = on;
    const round = ++this.round;
    this.playButton.textContent = on ? "❚❚ Pause" : "▶ Play";
    clearTimeout(this.timer);
    if (!on) return;
    this.app.store.set({ message: null });
    let step = Number(this.slider.value) % PATH_STEPS;
    const next = async () => {
      const arrived = await this.goTo(step);
      if (round !== this.round) return;
      if (!arrived || step === PATH_STEPS) this.play(false);
      else this.timer = setTimeout(next, PLAY_PAUSE);
      step++;
    };
    next();
  }

  chart(width) {
    const { points } = this.app;
    const values = this.profile.map(({ mean, sd }, x) => ({ x, mean, sd }));
    const recorded = this.ends.map((end, side) => {
      const record = points.record(end);
      return { x: side * PATH_STEPS, score: record.low === record.high ? (record.low ?? NaN) : NaN };
    });
    return {
      width, height: 118, x: [0, PATH_STEPS], series: [{ kind: "band", values }],
      recorded: this.profile.length ? recorded : [], ticks: this.changes(),
      cursor: this.profile.length ? Number(this.slider.value) : null,
      least: (points.high - points.low) / 12, empty: "Play, and the predicted score appears here", foot: "predicted ± 1 sd · ticks: the graph changes",
      format: (score) => points.format(score),
    };
  }

  close() {
    this.play(false);
    this.strip.stop();
  }
}

// ---- ui_reading.mjs
// What one model decodes where we are: the drawing, the scores, the architecture as a string.

class ReadingPanel {
  constructor(app, lens) {
    this.app = app;
    this.lens = lens;
    this.drawing = new Drawing(app.styles);
    this.state = make("span", { class: "pnx-state" });
    this.predicted = make("div");
    this.recorded = make("div");
    this.text = make("code", { class: "pnx-string" });
    const copy = makeButton("Copy", () => this.copy(this.text.textContent, copy), { class: "pnx-button pnx-quiet" });
    const link = makeButton("Link", () => this.copy(this.address(), link), { class: "pnx-button pnx-quiet" });
    copy.title = "Copy the architecture as a string";
    link.title = "Copy a link to this architecture";
    this.actions = make("span", { class: "pnx-actions" }, copy, app.shareable ? link : null);
    const head = make("header", {}, make("span", { class: "pnx-title" }, `${lens.label} decodes`), this.state);
    const scores = make("div", { class: "pnx-scores" },
      make("div", { class: "pnx-predicted" }, make("div", { class: "pnx-label" }, "predicted score"), this.predicted),
      make("div", { class: "pnx-known" }, make("div", { class: "pnx-label" }, "recorded score"), this.recorded));
    this.node = make("section", { class: "pnx-reading", "aria-label": `Decoded by ${lens.label}` },
      head, this.drawing.node,
      make("div", { class: "pnx-facts" }, scores, make("p", { class: "pnx-line" }, this.text, this.actions)));
    app.store.watch(["readings", "row", "model"], () => this.show());
  }

  /** The address of this page with the architecture in it. */
  address() {
    const address = new URL(location.href);
    address.hash = `architecture=${this.text.textContent.replaceAll(" ", "-")}`;
    return address.href;
  }

  async copy(text, button) {
    const before = button.textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not allowed";
    }
    setTimeout(() => {
      button.textContent = before;
    }, 1200);
  }

  show() {
    const { points, store } = this.app;
    const reading = store.get("readings")[this.lens.name];
    this.node.classList.toggle("pnx-second", store.get("model") !== this.lens.name);
    if (!reading || reading === this.shown) return;
    this.shown = reading;
    const { graph, architecture, mean, sd, record } = reading;
    this.drawing.show(graph);
    this.node.classList.toggle("pnx-invalid", !architecture);
    this.state.textContent = this.describeState(reading);
    const known = Number.isFinite(mean);
    this.predicted.replaceChildren(
      make("strong", {}, known ? points.format(mean) : "–"),
      known ? make("span", {}, ` ± ${points.format(sd)}`) : "",
    );
    this.recorded.replaceChildren(...this.recordNodes(architecture, record));
    this.text.textContent = architecture ? formatArchitecture(architecture) : "no architecture: the graph is invalid";
    this.actions.hidden = !architecture;
  }

  recordNodes(architecture, record) {
    if (!architecture) return [make("strong", {}, "–")];
    const { points } = this.app;
    if (!record.rows.length) {
      const what = points.wiringDecides ? "wiring" : "architecture";
      return [make("strong", {}, "–"), make("span", {}, ` ${what} not in the data`)];
    }
    const { low, high, rows, exact } = record;
    const value = low === high ? points.format(low) : `${points.format(low)}–${points.format(high)}`;
    const others = `${formatCount(rows.length)} with this wiring`;
    return [make("strong", {}, value), make("span", {}, exact ? " this architecture" : ` ${others}`)];
  }

  describeState({ architecture, from, margin, milliseconds }) {
    const kind = architecture ? "valid" : "invalid";
    if (from === "grid") return `${kind} · from the precomputed grid`;
    if (from === "string") return "as it was chosen · the model has yet to come";
    const { row } = this.app.store.values;
    const { points } = this.app;
    const wanted = row < 0 ? null : formatArchitecture(points.architecture(row));
    const other = wanted && (!architecture || formatArchitecture(architecture) !== wanted);
    const note = other ? " · not the one chosen" : margin < 0.05 ? " · a close call" : "";
    return `${kind} · ${milliseconds.toFixed(1)} ms${note}`;
  }
}

// ---- ui_splat.mjs
// Points painted straight into the pixels of a canvas: 19,020 of them take a few milliseconds.

const STAMP_PHASES = 4;

/** How much of each pixel a disc covers, for centres at quarters of a pixel. */
function discStamps(radius) {
  const reach = Math.ceil(radius + 0.5);
  const side = 2 * reach + 1;
  const stamps = [];
  for (let phase = 0; phase < STAMP_PHASES * STAMP_PHASES; phase++) {
    const dx = (phase % STAMP_PHASES) / STAMP_PHASES;
    const dy = Math.floor(phase / STAMP_PHASES) / STAMP_PHASES;
    const cover = new Uint8Array(side * side);
    for (let place = 0; place < cover.length; place++) {
      const away = Math.hypot((place % side) - reach - dx, Math.floor(place / side) - reach - dy);
      cover[place] = Math.round(255 * clamp(radius + 0.5 - away, 0, 1));
    }
    stamps.push(cover);
  }
  return { reach, side, stamps };
}

/** A picture that discs are blended into. */
class PointPainter {
  constructor(canvas) {
    this.context = canvas.getContext("2d", { alpha: false });
    this.stamps = new Map();
  }

  /** Begin a picture of so many pixels. */
  begin(width, height, [red, green, blue]) {
    if (this.image?.width !== width || this.image?.height !== height) {
      this.image = this.context.createImageData(width, height);
      this.pixels = new Uint32Array(this.image.data.buffer);
    }
    this.pixels.fill((255 << 24) | (blue << 16) | (green << 8) | red);
  }

  /**
   * Blend one disc.
   *
   * @param {number} colour Red, green, blue as 0xrrggbb.
   * @param {number} opacity Of its middle, 0 to 256.
   */
  disc(x, y, radius, colour, opacity) {
    let kind = this.stamps.get(radius);
    if (!kind) this.stamps.set(radius, (kind = discStamps(radius)));
    const { reach, side, stamps } = kind;
    const { width, height } = this.image;
    const column = Math.floor(x);
    const line = Math.floor(y);
    if (column < reach || line < reach || column >= width - reach || line >= height - reach) return;
    const phase = Math.floor((y - line) * STAMP_PHASES) * STAMP_PHASES + Math.floor((x - column) * STAMP_PHASES);
    const cover = stamps[phase];
    const { pixels } = this;
    const red = (colour >> 16) & 255;
    const green = (colour >> 8) & 255;
    const blue = colour & 255;
    let source = 0;
    for (let v = -reach; v <= reach; v++) {
      let target = (line + v) * width + column - reach;
      for (let u = 0; u < side; u++, target++) {
        const amount = (cover[source++] * opacity) >> 8;
        if (!amount) continue;
        const old = pixels[target];
        const r = old & 255;
        const g = (old >> 8) & 255;
        const b = (old >> 16) & 255;
        pixels[target] = (255 << 24) | ((b + (((blue - b) * amount) >> 8)) << 16) |
          ((g + (((green - g) * amount) >> 8)) << 8) | (r + (((red - r) * amount) >> 8));
      }
    }
  }

  finish() {
    this.context.putImageData(this.image, 0, 0);
  }
}

// ---- ui_strip.mjs
// A small chart of scores, for the wheel and for the path.

const STRIP_LEFT = 48;
const STRIP_RIGHT = 8;
const STRIP_TOP = 8;
const STRIP_BOTTOM = 18;

/** The least and the greatest score of a chart, with room around; never a narrower range than `least`. */
function stripRange(series, recorded, least) {
  const ends = series.flatMap(({ values }) => values.flatMap(({ mean, sd }) => [mean - sd, mean + sd]));
  const scores = [...ends, ...recorded.map(({ score }) => score)].filter(Number.isFinite);
  if (!scores.length) return null;
  const [low, high] = [Math.min(...scores), Math.max(...scores)];
  const room = Math.max((high - low) * 0.12, least / 2);
  return [low - room, high + room];
}

/**
 * Draw the chart.
 *
 * @param {SVGElement} svg
 * @param {object} chart width, height; x: [from, to]; series: [{kind: "dots" | "band", second,
 *   values: [{x, mean, sd}]}]; recorded: [{x, score}]; ticks: [x] of changes; cursor: x or null;
 *   least: range of scores to show at least;
 *   empty: text where there is nothing yet; foot: text below; format: of a score.
 */
function drawStrip(svg, { width, height, x, series, recorded = [], ticks = [], cursor = null, least, empty, foot, format }) {
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("height", height);
  const range = stripRange(series, recorded, least);
  const [right, bottom] = [width - STRIP_RIGHT, height - STRIP_BOTTOM];
  const atX = (value) => STRIP_LEFT + ((value - x[0]) / (x[1] - x[0] || 1)) * (right - STRIP_LEFT);
  const parts = [makeSvg("text", { x: STRIP_LEFT, y: height - 4, class: "pnx-axis-text" }, foot)];
  if (!range) {
    const middle = { x: (STRIP_LEFT + right) / 2, y: bottom / 2, "text-anchor": "middle" };
    svg.replaceChildren(...parts, makeSvg("text", { ...middle, class: "pnx-axis-text" }, empty));
    return;
  }
  const atY = (value) => bottom - ((value - range[0]) / (range[1] - range[0])) * (bottom - STRIP_TOP);
  const step = roundStep((range[1] - range[0]) / 2.5);
  for (let tick = Math.ceil(range[0] / step) * step; tick <= range[1]; tick += step) {
    parts.push(makeSvg("line", { x1: STRIP_LEFT, x2: right, y1: atY(tick), y2: atY(tick), class: "pnx-gridline" }),
      makeSvg("text", { x: STRIP_LEFT - 6, y: atY(tick), dy: ".35em", "text-anchor": "end", class: "pnx-axis-text" },
        format(tick)));
  }
  for (const tick of ticks) {
    parts.push(makeSvg("line", { x1: atX(tick), x2: atX(tick), y1: bottom, y2: bottom + 4, class: "pnx-change" }));
  }
  for (const { kind, second, values } of series) {
    const group = makeSvg("g", { class: second ? "pnx-track pnx-track-second" : "pnx-track" });
    if (kind === "band" && values.length > 1) {
      const upper = values.map(({ x: v, mean, sd }) => `${atX(v)},${atY(mean + sd)}`);
      const lower = values.map(({ x: v, mean, sd }) => `${atX(v)},${atY(mean - sd)}`).reverse();
      const line = values.map(({ x: v, mean }) => `${atX(v)},${atY(mean)}`);
      group.append(makeSvg("polygon", { points: [...upper, ...lower].join(" "), class: "pnx-band" }),
        makeSvg("polyline", { points: line.join(" "), fill: "none", "stroke-width": 2 }));
    } else {
      for (const { x: v, mean, sd } of values) {
        group.append(makeSvg("line", { x1: atX(v), x2: atX(v), y1: atY(mean - sd), y2: atY(mean + sd), "stroke-width": 1.2 }),
          makeSvg("circle", { cx: atX(v), cy: atY(mean), r: 2.8 }));
      }
    }
    parts.push(group);
  }
  for (const { x: v, score } of recorded.filter((entry) => Number.isFinite(entry.score))) {
    parts.push(makeSvg("line", { x1: atX(v) - 5, x2: atX(v) + 5, y1: atY(score), y2: atY(score), class: "pnx-recorded-mark" }));
  }
  if (cursor !== null) {
    parts.push(makeSvg("line", { x1: atX(cursor), x2: atX(cursor), y1: STRIP_TOP, y2: bottom, class: "pnx-cursor" }));
  }
  svg.replaceChildren(...parts);
}

/** A chart that follows its width; `describe(width)` gives what drawStrip takes. */
class Strip {
  constructor(describe) {
    this.svg = makeSvg("svg", { class: "pnx-strip", "aria-hidden": "true" });
    this.node = make("div", { class: "pnx-strip-box" }, this.svg);
    this.draw = perFrame(() => {
      if (this.node.clientWidth) drawStrip(this.svg, describe(this.node.clientWidth));
    });
    this.stop = whenResized(this.node, () => this.draw());
  }
}

// ---- ui_sync.mjs
// The explorer and a notebook: what the reader does becomes traits, what a cell sets moves the page.

/** Keep the traits of `model` and the state of the explorer in step; gives a function that stops. */
function syncWithModel(app, model) {
  const sent = new Map();
  const asked = new Set();
  let led = false; // whether another view tells what is read where we are
  const act = settled(() => {
    const values = [...asked].map((name) => [name, model.get(name)]);
    asked.clear();
    try {
      actOn(app, Object.fromEntries(values));
    } catch (error) {
      app.report(error);
    }
  }, 0);
  const tell = settled(() => {
    if (asked.size) return tell(); // what was asked for comes first
    const traits = currentTraits(app);
    const place = placeOf(traits);
    led &&= ["model_name", place].every((name) => isSame(traits[name], model.get(name)));
    // What the other view has told of this place stands until a model has read it in this one.
    const left = led && app.currentReading(app.lens)?.from !== "model" ? followers(place) : [];
    for (const [name, value] of Object.entries(traits)) {
      const text = JSON.stringify(value);
      if (sent.get(name) === text || left.includes(name)) continue;
      sent.set(name, text);
      model.set(name, value, { view: app });
    }
    model.save_changes();
  }, 90);
  app.store.watch(["model", "row", "selection", "range", "latents", "readings"], tell);
  const stops = Object.keys(TRAIT_ACTIONS).map((name) => {
    const listener = (source, value, { view } = {}) => {
      const text = JSON.stringify(model.get(name));
      if (text === sent.get(name)) return;
      sent.set(name, text);
      if (name === "model_name" || PLACE_TRAITS.includes(name)) led = Boolean(view);
      // What another view reads where we both go is not a place to go to instead.
      if (view && followers(placeOf(placeTraits(model))).includes(name)) return;
      asked.add(name);
      act();
    };
    model.on(`change:${name}`, listener);
    return () => model.off(`change:${name}`, listener);
  });
  return () => stops.forEach((stop) => stop());
}

/** What cells may read; without what is still to be read where we are. */
function currentTraits(app) {
  const { model, row, selection, range } = app.store.values;
  const latent = app.currentLatent(app.lens);
  const traits = {
    model_name: model,
    row: row < 0 ? null : row,
    selection,
    score_range: range ?? [],
    latent: latent ? Array.from(latent) : [],
  };
  const reading = app.currentReading(app.lens);
  if (!reading) return traits;
  const { graph, architecture, mean, sd } = reading;
  return {
    ...traits,
    architecture: architecture ? formatArchitecture(architecture) : "",
    decoded: { types: graph.types, edges: graph.edges },
    predicted: Number.isFinite(mean) ? [mean, sd] : [],
  };
}

/** Traits that say where we are, from what is chosen to what follows from it. */
const PLACE_TRAITS = ["row", "latent", "architecture"];

/** The trait that says where we are: the first one that says a place. */
function placeOf(values) {
  return PLACE_TRAITS.find((name) => isPlace(values[name]));
}

function placeTraits(model) {
  return Object.fromEntries(PLACE_TRAITS.map((name) => [name, model.get(name)]));
}

/** The traits that follow from the one that says where we are. */
function followers(place) {
  return place ? [...PLACE_TRAITS, "decoded", "predicted"].slice(PLACE_TRAITS.indexOf(place) + 1) : [];
}

/** Do what new values of traits ask for; of several that say where to go, the first one counts. */
function actOn(app, values) {
  const place = placeOf(values);
  for (const [name, act] of Object.entries(TRAIT_ACTIONS)) {
    if (!(name in values) || (PLACE_TRAITS.includes(name) && name !== place)) continue;
    if (!isSame(values[name], currentTraits(app)[name])) act(app, values[name]);
  }
}

/** Whether the value of a place trait says a place: not null, nor empty. */
function isPlace(value) {
  return Number.isInteger(value) || value?.length > 0;
}

/** Whether two values of a trait are the same. */
function isSame(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** What happens when a cell sets one of them. */
const TRAIT_ACTIONS = {
  model_name: (app, name) => {
    if (app.lenses.has(name)) app.choose(name, app.store.get("compare"));
  },
  row: (app, row) => {
    if (row !== null && row >= 0 && row < app.points.count) app.goToRow(row);
  },
  selection: (app, rows) => app.setSelection(rows.filter((row) => row >= 0 && row < app.points.count)),
  score_range: (app, range) => app.setRange(range.length === 2 ? range : null),
  latent: (app, latent) => {
    if (latent.length !== app.lens.size) return;
    app.wakeUp();
    app.goToLatent(app.lens, Float32Array.from(latent), "plane");
  },
  architecture: (app, text) => {
    if (!text) return;
    const architecture = parseArchitecture(text);
    const { rows, exact } = app.points.record(architecture);
    app.goToArchitecture(architecture, { row: exact ? rows[0] : -1, origin: exact ? "row" : "architecture" });
  },
};

/** What a notebook or a link asks for at the start; cells may have set traits before the page was there. */
function startFromModel(app, model) {
  for (const name of ["selection", "score_range"]) {
    const value = model.get(name);
    if (value?.length) TRAIT_ACTIONS[name](app, value);
  }
  const name = model.get("model_name");
  if (app.lenses.has(name)) app.store.set({ model: name });
  app.startAt(app.lens);
  const linked = app.shareable ? /^#architecture=([\d-]+)$/.exec(location.hash)?.[1].replaceAll("-", " ") : null;
  const place = placeOf(placeTraits(model));
  try {
    if (linked) TRAIT_ACTIONS.architecture(app, linked);
    else if (place) TRAIT_ACTIONS[place](app, model.get(place));
  } catch (error) {
    app.report(error);
  }
}

// ---- ui_wheel.mjs
// The counterfactual wheel: the wiring stays, the operations turn.

const WHEEL_MEMORY = 40;
const SPIN_FRAMES = 9;
const SPIN_PAUSE = 48;
const KEEP_PAUSE = 850;
const BESIDE = 0.25; // one model's dots beside the other's

class Wheel {
  constructor(app) {
    this.app = app;
    this.history = [];
    this.operations = null;
    this.round = 0;
    this.reels = Array.from({ length: 6 }, (_, layer) => this.makeReel(layer));
    this.spinButton = makeButton("Spin", () => this.spin(), { class: "pnx-button pnx-primary" });
    this.keepButton = makeButton("Keep spinning", () => this.keep(!this.keeping), { "aria-pressed": "false" });
    this.words = make("p", { class: "pnx-words", role: "status" });
    this.strip = new Strip((width) => this.chart(width));
    const intro = app.points.wiringDecides
      ? "The wiring stays, the operations turn. Watch the recorded score."
      : "The wiring stays, the operations turn. Here the recorded score, where there is one, depends on them.";
    this.node = make("section", { class: "pnx-panel pnx-wheel", "aria-label": "Counterfactual wheel" },
      make("p", { class: "pnx-title" }, "Spin the operations"), make("p", { class: "pnx-intro" }, intro),
      make("div", { class: "pnx-reels" }, this.reels.map(({ node }) => node)),
      make("div", { class: "pnx-row" }, this.spinButton, this.keepButton), this.strip.node, this.words);
    app.store.watch(["readings"], () => this.look());
    app.store.watch(["model", "compare", "theme"], () => this.strip.draw());
    app.store.watch(["message"], ({ message }) => {
      if (this.keeping && message && message.name !== NOTICE) this.keep(false);
    });
  }

  makeReel(layer) {
    const chip = make("span", { class: "pnx-chip" });
    const turn = (step, text, label) =>
      makeButton(text, () => this.turn(layer, step), { class: "pnx-turn", "aria-label": `Layer ${layer + 1}: ${label} operation` });
    const node = make("div", { class: "pnx-reel", role: "group", "aria-label": `Layer ${layer + 1}` },
      make("span", { class: "pnx-reel-name" }, `layer ${layer + 1}`),
      turn(-1, "▲", "previous"), chip, turn(1, "▼", "next"));
    return { node, chip };
  }

  /** Show operations on the reels. */
  face(operations) {
    this.reels.forEach(({ chip }, layer) => {
      const { label, fill, ink } = this.app.styles[operations[layer] + 2];
      chip.textContent = label.replace(" ", "\n");
      chip.style.background = fill;
      chip.style.color = ink;
    });
  }

  /** A model has read something: a wiring of its own begins a new history. */
  look() {
    const { store, lenses } = this.app;
    const reading = store.get("readings")[this.app.lens.name];
    const architecture = reading?.architecture;
    const usable = Boolean(architecture) && architecture.operations.length === 6;
    for (const button of this.node.querySelectorAll("button")) button.disabled = !usable && !this.keeping;
    if (!usable) {
      if (reading && !this.keeping) this.words.textContent = "An invalid graph has no wiring to keep: move on.";
      return;
    }
    const ours = ["wheel", "follow"].includes(reading.origin) && this.skips;
    if (!ours && formatArchitecture(architecture) !== this.key) this.begin(architecture);
    const entry = this.history[this.history.length - 1];
    for (const lens of lenses.values()) this.note(entry, lens, store.get("readings")[lens.name]);
    this.strip.draw();
    this.tell();
  }

  begin(architecture) {
    this.skips = architecture.skips;
    this.history = [];
    this.enter(architecture.operations);
    this.face(architecture.operations);
  }

  /** One more choice of operations in the history. */
  enter(operations) {
    this.operations = operations;
    const architecture = { operations, skips: this.skips };
    this.key = formatArchitecture(architecture);
    const record = this.app.points.record(architecture);
    const score = record.exact || this.app.points.wiringDecides ? record.low : NaN;
    this.history.push({ key: this.key, score: score ?? NaN, values: {} });
    if (this.history.length > WHEEL_MEMORY) this.history.splice(1, 1); // the first one stays
  }

  note(entry, lens, reading) {
    if (reading?.from !== "model" || !reading.architecture) return;
    if (formatArchitecture(reading.architecture) !== entry.key || !Number.isFinite(reading.mean)) return;
    const latent = this.app.store.get("latents")[lens.name];
    if (latent) entry.values[lens.name] = { mean: reading.mean, sd: reading.sd, latent };
  }

  // ---- turning ---------------------------------------------------------------------------------

  turn(layer, step) {
    const operations = this.operations.slice();
    operations[layer] = (operations[layer] + step + 6) % 6;
    this.set(operations);
  }

  draw() {
    return this.operations.map(() => Math.floor(Math.random() * 6));
  }

  /** Turn all reels; a reader who goes elsewhere meanwhile stays there. */
  async spin() {
    if (this.spinning || !this.operations) return;
    this.spinning = true;
    const { turn } = this.app;
    const operations = this.draw();
    if (!wantsStillness()) {
      for (let frame = 0; frame < SPIN_FRAMES; frame++) {
        const settledReels = Math.floor((frame / SPIN_FRAMES) * 7);
        this.face(this.draw().map((code, layer) => (layer < settledReels ? operations[layer] : code)));
        await new Promise((resolve) => setTimeout(resolve, SPIN_PAUSE));
      }
    }
    this.spinning = false;
    if (turn === this.app.turn) this.set(operations);
    else this.face(this.operations);
  }

  set(operations) {
    this.enter(operations);
    this.face(operations);
    const architecture = { operations, skips: this.skips };
    const { rows, exact } = this.app.points.record(architecture);
    this.app.goToArchitecture(architecture, { row: exact ? rows[0] : -1, origin: "wheel" });
  }

  /** Spin again and again, or stop; of the rounds that began, only the last one goes on. */
  keep(on) {
    this.keeping = on;
    const round = ++this.round;
    this.keepButton.textContent = on ? "Stop" : "Keep spinning";
    this.keepButton.setAttribute("aria-pressed", String(on));
    clearTimeout(this.timer);
    const next = async () => {
      if (!document.hidden) await this.spin();
      if (round !== this.round) return;
      this.timer = setTimeout(next, KEEP_PAUSE);
    };
    if (!on) return;
    this.app.store.set({ message: null });
    next();
  }

  // ---- what came of it -----------------------------------------------------------------------------

  chart(width) {
    const { points, store } = this.app;
    const series = this.app.shownLenses().map((lens, place) => ({
      kind: "dots",
      second: store.get("model") !== lens.name,
      values: this.history.map(({ values }, x) => ({ x: x + place * BESIDE, ...values[lens.name] })).filter(({ mean }) => mean !== undefined),
    }));
    const recorded = this.history.map(({ score }, x) => ({ x, score }));
    return {
      width, height: 118, x: [-1, Math.max(12, this.history.length)], series, recorded,
      least: (points.high - points.low) / 12, empty: "Spin, and the scores appear here", foot: "spins → · recorded: bar · predicted: dot ± 1 sd",
      format: (score) => points.format(score),
    };
  }

  tell() {
    const { points, lens } = this.app;
    const read = this.history.filter(({ values }) => values[lens.name]);
    this.showTrack(lens, read);
    if (read.length < 2) {
      this.words.textContent = "After a spin this line says what stood still and what moved.";
      return;
    }
    const means = read.map(({ values }) => values[lens.name].mean);
    const scores = read.map(({ score }) => score).filter(Number.isFinite);
    const first = read[0].values[lens.name].latent;
    const away = read.slice(1).map(({ values }) => distance(values[lens.name].latent, first));
    const [low, high] = [Math.min(...means), Math.max(...means)];
    const { sd, explained } = lens.description.pca;
    const typical = Math.sqrt((2 * sd[0] ** 2) / explained[0]);
    const mean = away.reduce((sum, value) => sum + value, 0) / away.length;
    this.words.textContent =
      `${read.length} choices of operations on one wiring. ${this.tellRecorded(scores, read.length)} ` +
      `Predicted by ${lens.label}: ${points.format(low)} to ${points.format(high)}. The latent moved ` +
      `${mean.toFixed(2)} on average; two architectures lie ${typical.toFixed(2)} apart.`;
  }

  tellRecorded(scores, count) {
    const { points } = this.app;
    if (!scores.length) return "None of them is recorded.";
    const [low, high] = [Math.min(...scores), Math.max(...scores)].map((score) => points.format(score));
    const range = low === high ? low : `${low} to ${high}`;
    if (scores.length < count) return `${scores.length} of them recorded: ${range}.`;
    return `Recorded score: ${range}${low === high ? ", every time" : ""}.`;
  }

  showTrack(lens, read) {
    const tracks = this.app.store.get("tracks");
    const places = read.map(({ values }) => lens.coordinatesOf(values[lens.name].latent).slice(0, 2));
    const wheel = read.length > 1 ? { model: lens.name, places, dots: true } : null;
    this.app.store.set({ tracks: { ...tracks, wheel } });
  }

  close() {
    this.keep(false);
    this.strip.stop();
  }
}

// ---- main.mjs
// Entry point: an anywidget in JupyterLab; on the static page a loader calls the same function.

/** The parts of the page around an explorer, in the order in which a phone shows them. */
function buildPage(app) {
  const maps = new Map();
  const readings = new Map();
  const mapBox = make("div", { class: "pnx-maps" });
  const readingBox = make("div", { class: "pnx-readings" });
  const loading = make("p", { class: "pnx-loading", role: "status" });
  const live = make("p", { class: "pnx-sr", "aria-live": "polite" });
  const message = make("div", { class: "pnx-message", role: "alert", hidden: true });
  const parts = [new Histogram(app), new Wheel(app), new PathPanel(app), new AxesPanel(app), new NeighboursPanel(app)];
  const [histogram, ...panels] = parts;
  app.root.append(message, make("div", { class: "pnx-body" }, new TopLine(app).node, mapBox, readingBox,
    new MapLine(app).node, histogram.node, make("div", { class: "pnx-panels" }, panels.map(({ node }) => node)),
    loading, live));
  app.store.watch(["model", "compare"], ({ compare }) => {
    app.root.classList.toggle("pnx-compare", compare);
    const shown = app.shownLenses();
    for (const lens of shown) {
      if (!maps.has(lens)) maps.set(lens, new MapView(app, lens));
      if (!readings.has(lens)) readings.set(lens, new ReadingPanel(app, lens));
    }
    replaceIfOther(mapBox, shown.map((lens) => maps.get(lens).node));
    replaceIfOther(readingBox, shown.map((lens) => readings.get(lens).node));
  });
  app.store.watch(["loading"], (values) => {
    loading.textContent = values.loading;
    loading.hidden = !values.loading;
  });
  app.store.watch(["message"], (values) => showMessage(message, values.message, () => app.retry()));
  const speak = settled(() => {
    live.textContent = app.describe();
  }, 700);
  app.store.watch(["readings", "compare", "model"], speak);
  return () => {
    for (const part of [...parts, ...maps.values()]) part.close?.();
  };
}

/** Replace the children of a box unless they are the same: a node that stays keeps its focus. */
function replaceIfOther(box, nodes) {
  const same = box.children.length === nodes.length && nodes.every((node, place) => box.children[place] === node);
  if (!same) box.replaceChildren(...nodes);
}

/** Say what went wrong, with a way to try again. */
function showMessage(node, message, retry) {
  node.hidden = !message;
  node.replaceChildren();
  const answer = message?.name === NOTICE ? "Close" : "Try again";
  if (message) node.append(make("span", {}, message.text), makeButton(answer, retry));
}

/** Take the colours of the page, now and whenever they change. */
function followTheme(app, el) {
  const apply = () => {
    const dark = String(isDark(el));
    if (app.root.dataset.dark === dark && app.store.get("theme")) return;
    app.root.dataset.dark = dark;
    app.store.set({ theme: readTheme(app.root) });
  };
  apply();
  return watchTheme(el, apply);
}

/** Show the explorer in `el`; a still picture that is there stays until the first picture. */
async function openExplorer(model, el) {
  const base = model.get("base");
  const fetchFile = base ? folderSource(base, model.get("first") ?? []) : kernelSource(model);
  const given = model.get("index");
  const first = await loadFirst(fetchFile, given && Object.keys(given).length ? given : null);
  const root = make("div", { class: "pnx", role: "group", "aria-label": `Latent explorer: ${first.index.dataset.title}` });
  el.replaceChildren(root);
  const app = new Explorer({ root, fetchFile, ...first });
  app.shareable = Boolean(base);
  const stopTheme = followTheme(app, el);
  const stopPage = buildPage(app);
  startFromModel(app, model);
  const stopSync = syncWithModel(app, model);
  afterPaint(() => {
    performance.mark(`paper-nas-explorer ${first.index.dataset.name}`);
    el.dataset.state = "ready";
  });
  return () => {
    stopSync();
    stopPage();
    stopTheme();
    app.close();
  };
}

/** Call `job` when the frame that is being prepared has been painted. */
function afterPaint(job) {
  requestAnimationFrame(() => requestAnimationFrame(job));
}

/** Say in the widget itself why there is no explorer; the still picture stays where there is one. */
function showFailure(el, error, retry) {
  el.dataset.state = "failed";
  el.querySelector(":scope > .pnx-failure")?.remove();
  const box = make("div", { class: "pnx pnx-failure", role: "alert" },
    make("span", {}, `The explorer cannot start. ${error.message}`), makeButton("Try again", retry));
  el.prepend(box);
  if (!["DamagedFile", "NoFile", "BadFormat"].includes(error.name)) console.error(error);
}

async function render({ model, el }) {
  let close = () => {};
  const start = async () => {
    try {
      close = await openExplorer(model, el);
    } catch (error) {
      showFailure(el, error, start);
    }
  };
  await start();
  return () => close();
}

export default { render };
