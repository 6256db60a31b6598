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
