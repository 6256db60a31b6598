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
