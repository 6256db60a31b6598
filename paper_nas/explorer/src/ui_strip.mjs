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
