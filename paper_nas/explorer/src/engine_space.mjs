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
