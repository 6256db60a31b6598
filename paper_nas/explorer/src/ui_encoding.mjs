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
