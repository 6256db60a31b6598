// What one model decodes where we are: the drawing, the scores, the architecture as a string.

class ReadingPanel {
  constructor(app, lens) {
    this.app = app;
    this.lens = lens;
    this.drawing = new Drawing(app.styles);
    this.state = make("span", { class: "pnx-state" });
    this.predicted = make("div");
    this.recorded = make("div");
    this.text = make("code", { class: "pnx-string" });
    const copy = makeButton("Copy", () => this.copy(this.text.textContent, copy), { class: "pnx-button pnx-quiet" });
    const link = makeButton("Link", () => this.copy(this.address(), link), { class: "pnx-button pnx-quiet" });
    copy.title = "Copy the architecture as a string";
    link.title = "Copy a link to this architecture";
    this.actions = make("span", { class: "pnx-actions" }, copy, app.shareable ? link : null);
    const head = make("header", {}, make("span", { class: "pnx-title" }, `${lens.label} decodes`), this.state);
    const scores = make("div", { class: "pnx-scores" },
      make("div", { class: "pnx-predicted" }, make("div", { class: "pnx-label" }, "predicted score"), this.predicted),
      make("div", { class: "pnx-known" }, make("div", { class: "pnx-label" }, "recorded score"), this.recorded));
    this.node = make("section", { class: "pnx-reading", "aria-label": `Decoded by ${lens.label}` },
      head, this.drawing.node,
      make("div", { class: "pnx-facts" }, scores, make("p", { class: "pnx-line" }, this.text, this.actions)));
    app.store.watch(["readings", "row", "model"], () => this.show());
  }

  /** The address of this page with the architecture in it. */
  address() {
    const address = new URL(location.href);
    address.hash = `architecture=${this.text.textContent.replaceAll(" ", "-")}`;
    return address.href;
  }

  async copy(text, button) {
    const before = button.textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not allowed";
    }
    setTimeout(() => {
      button.textContent = before;
    }, 1200);
  }

  show() {
    const { points, store } = this.app;
    const reading = store.get("readings")[this.lens.name];
    this.node.classList.toggle("pnx-second", store.get("model") !== this.lens.name);
    if (!reading || reading === this.shown) return;
    this.shown = reading;
    const { graph, architecture, mean, sd, record } = reading;
    this.drawing.show(graph);
    this.node.classList.toggle("pnx-invalid", !architecture);
    this.state.textContent = this.describeState(reading);
    const known = Number.isFinite(mean);
    this.predicted.replaceChildren(
      make("strong", {}, known ? points.format(mean) : "–"),
      known ? make("span", {}, ` ± ${points.format(sd)}`) : "",
    );
    this.recorded.replaceChildren(...this.recordNodes(architecture, record));
    this.text.textContent = architecture ? formatArchitecture(architecture) : "no architecture: the graph is invalid";
    this.actions.hidden = !architecture;
  }

  recordNodes(architecture, record) {
    if (!architecture) return [make("strong", {}, "–")];
    const { points } = this.app;
    if (!record.rows.length) {
      const what = points.wiringDecides ? "wiring" : "architecture";
      return [make("strong", {}, "–"), make("span", {}, ` ${what} not in the data`)];
    }
    const { low, high, rows, exact } = record;
    const value = low === high ? points.format(low) : `${points.format(low)}–${points.format(high)}`;
    const others = `${formatCount(rows.length)} with this wiring`;
    return [make("strong", {}, value), make("span", {}, exact ? " this architecture" : ` ${others}`)];
  }

  describeState({ architecture, from, margin, milliseconds }) {
    const kind = architecture ? "valid" : "invalid";
    if (from === "grid") return `${kind} · from the precomputed grid`;
    if (from === "string") return "as it was chosen · the model has yet to come";
    const { row } = this.app.store.values;
    const { points } = this.app;
    const wanted = row < 0 ? null : formatArchitecture(points.architecture(row));
    const other = wanted && (!architecture || formatArchitecture(architecture) !== wanted);
    const note = other ? " · not the one chosen" : margin < 0.05 ? " · a close call" : "";
    return `${kind} · ${milliseconds.toFixed(1)} ms${note}`;
  }
}
