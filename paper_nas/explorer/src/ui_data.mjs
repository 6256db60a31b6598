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
