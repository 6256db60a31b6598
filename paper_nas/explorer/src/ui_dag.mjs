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
