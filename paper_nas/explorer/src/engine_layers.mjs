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
