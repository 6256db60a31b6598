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
