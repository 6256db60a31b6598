// A straight path in latent space between two architectures, with a button that walks it.

const PATH_STEPS = 40;
const PLAY_PAUSE = 110;

class PathPanel {
  constructor(app) {
    this.app = app;
    this.ends = [app.points.extreme(false), app.points.extreme(true)].map((row) => app.points.architecture(row));
    this.labels = ["from", "to"];
    this.slots = this.ends.map((_, side) => make("span", { class: "pnx-slot" }));
    this.slider = make("input", { type: "range", min: 0, max: PATH_STEPS, value: 0, step: 1,
      "aria-label": "Place on the path", oninput: () => this.goTo(Number(this.slider.value)) });
    this.playButton = makeButton("▶ Play", () => this.play(!this.playing), { class: "pnx-button pnx-primary" });
    this.words = make("p", { class: "pnx-words", role: "status" });
    this.strip = new Strip((width) => this.chart(width));
    const ends = this.labels.map((label, side) => make("div", { class: "pnx-end" },
      make("span", { class: "pnx-end-name" }, label), this.slots[side],
      makeButton("Set to here", () => this.take(side), { class: "pnx-button pnx-quiet", "aria-label": `Path ${label}: set to where we are` })));
    this.node = make("section", { class: "pnx-panel pnx-path", "aria-label": "Path between two architectures" },
      make("p", { class: "pnx-title" }, "Walk between two"),
      make("p", { class: "pnx-intro" }, "A straight line of latents; at first from the lowest to the highest recorded score."),
      ends, make("div", { class: "pnx-row pnx-player" }, this.playButton, this.slider), this.strip.node, this.words);
    this.round = this.number = 0;
    this.showEnds();
    app.store.watch(["model"], () => this.forget());
    app.store.watch(["message"], ({ message }) => {
      if (message && message.name !== NOTICE) this.play(false);
    });
    app.store.watch(["theme"], () => this.strip.draw());
    app.store.watch(["readings"], ({ readings }) => {
      if (!["path", "start"].includes(readings[app.lens.name]?.origin)) this.play(false);
    });
  }

  showEnds() {
    this.slots.forEach((slot, side) => {
      const { points, styles } = this.app;
      const record = points.record(this.ends[side]);
      const score = record.rows.length && record.low === record.high ? points.format(record.low) : "";
      slot.replaceChildren(miniDrawing(graphOf(this.ends[side]), styles), make("span", {}, score));
    });
  }

  /** Take where we are as one end. */
  take(side) {
    const reading = this.app.currentReading(this.app.lens);
    if (!reading?.architecture) {
      this.words.textContent = reading
        ? "An invalid graph cannot be an end of the path."
        : "The model has not read this place yet.";
      return;
    }
    this.ends[side] = reading.architecture;
    this.showEnds();
    this.forget();
    this.prepare();
  }

  forget() {
    this.play(false);
    this.ready = null;
    this.profile = [];
    this.words.textContent = "";
    this.app.store.set({ tracks: { ...this.app.store.get("tracks"), path: null } });
    this.strip.draw();
  }

  /** Latents of the ends, then what the model reads at every step; once per path and model. */
  prepare() {
    this.ready ??= this.measure(this.app.lens, this.ends.slice()).catch((error) => {
      this.ready = null;
      this.app.report(error);
      return null;
    });
    return this.ready;
  }

  async measure(lens, ends) {
    const { client } = this.app;
    this.app.wakeUp();
    const [from, to] = await Promise.all(ends.map((architecture) => client.encode(lens.name, architecture)));
    const latents = Array.from({ length: PATH_STEPS + 1 }, (_, step) =>
      from.map((value, place) => value + (step / PATH_STEPS) * (to[place] - value)));
    if (this.app.lens === lens) this.fill(lens, latents, ends);
    return latents;
  }

  async fill(lens, latents, ends) {
    const { client, store } = this.app;
    const places = latents.map((latent) => lens.coordinatesOf(latent).slice(0, 2));
    store.set({ tracks: { ...store.get("tracks"), path: { model: lens.name, places } } });
    const profile = [];
    try {
      for (const latent of latents) {
        const [{ architecture, types, edges }, { mean, sd }] = await Promise.all([
          client.decode(lens.name, latent), client.predict(lens.name, latent)]);
        profile.push({ key: architecture ?? JSON.stringify([types, edges]), valid: architecture !== null, mean, sd });
      }
    } catch (error) {
      this.app.report(error);
      return;
    }
    if (this.app.lens !== lens || ends.some((end, side) => end !== this.ends[side])) return;
    this.profile = profile;
    this.tell();
    this.strip.draw();
  }

  changes() {
    return this.profile.flatMap(({ key }, step) => (step && key !== this.profile[step - 1].key ? [step - 0.5] : []));
  }

  tell() {
    const graphs = new Map(this.profile.map(({ key, valid }) => [key, valid]));
    const valid = [...graphs.values()].filter(Boolean).length;
    const changes = this.changes().length;
    this.words.textContent = `On the way: ${graphs.size} graph${graphs.size === 1 ? "" : "s"}, ${valid} valid, ` +
      `in ${changes} change${changes === 1 ? "" : "s"} over ${PATH_STEPS} steps.`;
  }

  /** Whether we got there: no, if meanwhile the reader went elsewhere, or asked for another step. */
  async goTo(step) {
    this.slider.value = step;
    const { lens, turn } = this.app;
    const number = ++this.number;
    const latents = await this.prepare();
    if (!latents || lens !== this.app.lens || turn !== this.app.turn || number !== this.number) return false;
    this.slider.setAttribute("aria-valuetext", `step ${step} of ${PATH_STEPS}`);
    this.app.goToLatent(lens, latents[step], "path");
    this.strip.draw();
    return true;
  }

  /** Walk on, or stop; of the rounds that began, only the last one goes on. */
  play(on) {
    if (Boolean(this.playing) === on) return;
    this.playing = on;
    const round = ++this.round;
    this.playButton.textContent = on ? "❚❚ Pause" : "▶ Play";
    clearTimeout(this.timer);
    if (!on) return;
    this.app.store.set({ message: null });
    let step = Number(this.slider.value) % PATH_STEPS;
    const next = async () => {
      const arrived = await this.goTo(step);
      if (round !== this.round) return;
      if (!arrived || step === PATH_STEPS) this.play(false);
      else this.timer = setTimeout(next, PLAY_PAUSE);
      step++;
    };
    next();
  }

  chart(width) {
    const { points } = this.app;
    const values = this.profile.map(({ mean, sd }, x) => ({ x, mean, sd }));
    const recorded = this.ends.map((end, side) => {
      const record = points.record(end);
      return { x: side * PATH_STEPS, score: record.low === record.high ? (record.low ?? NaN) : NaN };
    });
    return {
      width, height: 118, x: [0, PATH_STEPS], series: [{ kind: "band", values }],
      recorded: this.profile.length ? recorded : [], ticks: this.changes(),
      cursor: this.profile.length ? Number(this.slider.value) : null,
      least: (points.high - points.low) / 12, empty: "Play, and the predicted score appears here", foot: "predicted ± 1 sd · ticks: the graph changes",
      format: (score) => points.format(score),
    };
  }

  close() {
    this.play(false);
    this.strip.stop();
  }
}
