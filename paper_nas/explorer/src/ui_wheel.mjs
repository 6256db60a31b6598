// The counterfactual wheel: the wiring stays, the operations turn.

const WHEEL_MEMORY = 40;
const SPIN_FRAMES = 9;
const SPIN_PAUSE = 48;
const KEEP_PAUSE = 850;
const BESIDE = 0.25; // one model's dots beside the other's

class Wheel {
  constructor(app) {
    this.app = app;
    this.history = [];
    this.operations = null;
    this.round = 0;
    this.reels = Array.from({ length: 6 }, (_, layer) => this.makeReel(layer));
    this.spinButton = makeButton("Spin", () => this.spin(), { class: "pnx-button pnx-primary" });
    this.keepButton = makeButton("Keep spinning", () => this.keep(!this.keeping), { "aria-pressed": "false" });
    this.words = make("p", { class: "pnx-words", role: "status" });
    this.strip = new Strip((width) => this.chart(width));
    const intro = app.points.wiringDecides
      ? "The wiring stays, the operations turn. Watch the recorded score."
      : "The wiring stays, the operations turn. Here the recorded score, where there is one, depends on them.";
    this.node = make("section", { class: "pnx-panel pnx-wheel", "aria-label": "Counterfactual wheel" },
      make("p", { class: "pnx-title" }, "Spin the operations"), make("p", { class: "pnx-intro" }, intro),
      make("div", { class: "pnx-reels" }, this.reels.map(({ node }) => node)),
      make("div", { class: "pnx-row" }, this.spinButton, this.keepButton), this.strip.node, this.words);
    app.store.watch(["readings"], () => this.look());
    app.store.watch(["model", "compare", "theme"], () => this.strip.draw());
    app.store.watch(["message"], ({ message }) => {
      if (this.keeping && message && message.name !== NOTICE) this.keep(false);
    });
  }

  makeReel(layer) {
    const chip = make("span", { class: "pnx-chip" });
    const turn = (step, text, label) =>
      makeButton(text, () => this.turn(layer, step), { class: "pnx-turn", "aria-label": `Layer ${layer + 1}: ${label} operation` });
    const node = make("div", { class: "pnx-reel", role: "group", "aria-label": `Layer ${layer + 1}` },
      make("span", { class: "pnx-reel-name" }, `layer ${layer + 1}`),
      turn(-1, "▲", "previous"), chip, turn(1, "▼", "next"));
    return { node, chip };
  }

  /** Show operations on the reels. */
  face(operations) {
    this.reels.forEach(({ chip }, layer) => {
      const { label, fill, ink } = this.app.styles[operations[layer] + 2];
      chip.textContent = label.replace(" ", "\n");
      chip.style.background = fill;
      chip.style.color = ink;
    });
  }

  /** A model has read something: a wiring of its own begins a new history. */
  look() {
    const { store, lenses } = this.app;
    const reading = store.get("readings")[this.app.lens.name];
    const architecture = reading?.architecture;
    const usable = Boolean(architecture) && architecture.operations.length === 6;
    for (const button of this.node.querySelectorAll("button")) button.disabled = !usable && !this.keeping;
    if (!usable) {
      if (reading && !this.keeping) this.words.textContent = "An invalid graph has no wiring to keep: move on.";
      return;
    }
    const ours = ["wheel", "follow"].includes(reading.origin) && this.skips;
    if (!ours && formatArchitecture(architecture) !== this.key) this.begin(architecture);
    const entry = this.history[this.history.length - 1];
    for (const lens of lenses.values()) this.note(entry, lens, store.get("readings")[lens.name]);
    this.strip.draw();
    this.tell();
  }

  begin(architecture) {
    this.skips = architecture.skips;
    this.history = [];
    this.enter(architecture.operations);
    this.face(architecture.operations);
  }

  /** One more choice of operations in the history. */
  enter(operations) {
    this.operations = operations;
    const architecture = { operations, skips: this.skips };
    this.key = formatArchitecture(architecture);
    const record = this.app.points.record(architecture);
    const score = record.exact || this.app.points.wiringDecides ? record.low : NaN;
    this.history.push({ key: this.key, score: score ?? NaN, values: {} });
    if (this.history.length > WHEEL_MEMORY) this.history.splice(1, 1); // the first one stays
  }

  note(entry, lens, reading) {
    if (reading?.from !== "model" || !reading.architecture) return;
    if (formatArchitecture(reading.architecture) !== entry.key || !Number.isFinite(reading.mean)) return;
    const latent = this.app.store.get("latents")[lens.name];
    if (latent) entry.values[lens.name] = { mean: reading.mean, sd: reading.sd, latent };
  }

  // ---- turning ---------------------------------------------------------------------------------

  turn(layer, step) {
    const operations = this.operations.slice();
    operations[layer] = (operations[layer] + step + 6) % 6;
    this.set(operations);
  }

  draw() {
    return this.operations.map(() => Math.floor(Math.random() * 6));
  }

  /** Turn all reels; a reader who goes elsewhere meanwhile stays there. */
  async spin() {
    if (this.spinning || !this.operations) return;
    this.spinning = true;
    const { turn } = this.app;
    const operations = this.draw();
    if (!wantsStillness()) {
      for (let frame = 0; frame < SPIN_FRAMES; frame++) {
        const settledReels = Math.floor((frame / SPIN_FRAMES) * 7);
        this.face(this.draw().map((code, layer) => (layer < settledReels ? operations[layer] : code)));
        await new Promise((resolve) => setTimeout(resolve, SPIN_PAUSE));
      }
    }
    this.spinning = false;
    if (turn === this.app.turn) this.set(operations);
    else this.face(this.operations);
  }

  set(operations) {
    this.enter(operations);
    this.face(operations);
    const architecture = { operations, skips: this.skips };
    const { rows, exact } = this.app.points.record(architecture);
    this.app.goToArchitecture(architecture, { row: exact ? rows[0] : -1, origin: "wheel" });
  }

  /** Spin again and again, or stop; of the rounds that began, only the last one goes on. */
  keep(on) {
    this.keeping = on;
    const round = ++this.round;
    this.keepButton.textContent = on ? "Stop" : "Keep spinning";
    this.keepButton.setAttribute("aria-pressed", String(on));
    clearTimeout(this.timer);
    const next = async () => {
      if (!document.hidden) await this.spin();
      if (round !== this.round) return;
      this.timer = setTimeout(next, KEEP_PAUSE);
    };
    if (!on) return;
    this.app.store.set({ message: null });
    next();
  }

  // ---- what came of it -----------------------------------------------------------------------------

  chart(width) {
    const { points, store } = this.app;
    const series = this.app.shownLenses().map((lens, place) => ({
      kind: "dots",
      second: store.get("model") !== lens.name,
      values: this.history.map(({ values }, x) => ({ x: x + place * BESIDE, ...values[lens.name] })).filter(({ mean }) => mean !== undefined),
    }));
    const recorded = this.history.map(({ score }, x) => ({ x, score }));
    return {
      width, height: 118, x: [-1, Math.max(12, this.history.length)], series, recorded,
      least: (points.high - points.low) / 12, empty: "Spin, and the scores appear here", foot: "spins → · recorded: bar · predicted: dot ± 1 sd",
      format: (score) => points.format(score),
    };
  }

  tell() {
    const { points, lens } = this.app;
    const read = this.history.filter(({ values }) => values[lens.name]);
    this.showTrack(lens, read);
    if (read.length < 2) {
      this.words.textContent = "After a spin this line says what stood still and what moved.";
      return;
    }
    const means = read.map(({ values }) => values[lens.name].mean);
    const scores = read.map(({ score }) => score).filter(Number.isFinite);
    const first = read[0].values[lens.name].latent;
    const away = read.slice(1).map(({ values }) => distance(values[lens.name].latent, first));
    const [low, high] = [Math.min(...means), Math.max(...means)];
    const { sd, explained } = lens.description.pca;
    const typical = Math.sqrt((2 * sd[0] ** 2) / explained[0]);
    const mean = away.reduce((sum, value) => sum + value, 0) / away.length;
    this.words.textContent =
      `${read.length} choices of operations on one wiring. ${this.tellRecorded(scores, read.length)} ` +
      `Predicted by ${lens.label}: ${points.format(low)} to ${points.format(high)}. The latent moved ` +
      `${mean.toFixed(2)} on average; two architectures lie ${typical.toFixed(2)} apart.`;
  }

  tellRecorded(scores, count) {
    const { points } = this.app;
    if (!scores.length) return "None of them is recorded.";
    const [low, high] = [Math.min(...scores), Math.max(...scores)].map((score) => points.format(score));
    const range = low === high ? low : `${low} to ${high}`;
    if (scores.length < count) return `${scores.length} of them recorded: ${range}.`;
    return `Recorded score: ${range}${low === high ? ", every time" : ""}.`;
  }

  showTrack(lens, read) {
    const tracks = this.app.store.get("tracks");
    const places = read.map(({ values }) => lens.coordinatesOf(values[lens.name].latent).slice(0, 2));
    const wheel = read.length > 1 ? { model: lens.name, places, dots: true } : null;
    this.app.store.set({ tracks: { ...tracks, wheel } });
  }

  close() {
    this.keep(false);
    this.strip.stop();
  }
}
