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
