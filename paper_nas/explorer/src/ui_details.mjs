// Sliders along the principal axes, and the known architectures near by.

const SLIDER_REACH = 4;

/** One slider per principal axis, in standard deviations of the known architectures. */
class AxesPanel {
  constructor(app) {
    this.app = app;
    this.rows = make("div", { class: "pnx-axes" });
    this.rest = make("p", { class: "pnx-words" });
    const buttons = make("div", { class: "pnx-row" },
      makeButton("To the centre", () => app.goToLatent(app.lens, app.lens.latentAt([0, 0]), "axes")),
      makeButton("Onto the plane", () => this.flatten(), { title: "Set all directions but the first two to zero" }));
    this.node = make("section", { class: "pnx-panel", "aria-label": "Principal axes" },
      make("p", { class: "pnx-title" }, "Slide along the axes"),
      make("p", { class: "pnx-intro" }, "Principal axes of the known latents, in standard deviations; the bar is an axis's share of the variance."),
      this.rows, this.rest, buttons);
    app.store.watch(["model"], () => this.rebuild());
    app.store.watch(["latents"], () => this.show());
  }

  rebuild() {
    const { lens } = this.app;
    const most = Math.max(...lens.description.pca.explained);
    this.sliders = lens.sd.map((_, axis) => {
      const output = make("output");
      const input = make("input", { type: "range", min: -SLIDER_REACH, max: SLIDER_REACH, step: 0.05,
        "aria-label": `Axis ${axis + 1}`, oninput: () => this.move(axis, Number(input.value)) });
      const share = lens.description.pca.explained[axis];
      const bar = make("span", { class: "pnx-share", title: `${(100 * share).toFixed(1)} % of the variance` });
      bar.style.setProperty("--pnx-amount", share / most);
      return { input, output, node: make("label", { class: "pnx-axis-row" }, make("span", {}, String(axis + 1)), bar, input, output) };
    });
    this.rows.replaceChildren(...this.sliders.map(({ node }) => node));
    this.show();
  }

  show() {
    const { lens, store } = this.app;
    const latent = store.get("latents")[lens.name];
    if (!latent) return;
    const coordinates = lens.coordinatesOf(latent);
    this.sliders.forEach(({ input, output }, axis) => {
      const amount = coordinates[axis] / lens.sd[axis];
      if (document.activeElement !== input || Math.abs(Number(input.value) - amount) > 0.03) input.value = amount;
      output.textContent = formatSigned(amount, 1);
      input.setAttribute("aria-valuetext", `${formatSigned(amount, 1)} standard deviations`);
    });
    const height = lens.heightAbovePlane(latent);
    const others = distance(latent, lens.latentAt(coordinates));
    this.rest.textContent = height < 1e-3 ? "The point lies in the plane of the first two axes."
      : `Distance from the plane: ${height.toFixed(2)}; in the ${lens.size - lens.sd.length} further directions: ${others.toFixed(2)}.`;
  }

  move(axis, amount) {
    const { lens, store } = this.app;
    const latent = store.get("latents")[lens.name] ?? lens.latentAt([0, 0]);
    const wanted = lens.coordinatesOf(latent);
    wanted[axis] = amount * lens.sd[axis];
    this.app.wakeUp();
    this.app.goToLatent(lens, lens.moved(latent, wanted), "axes");
  }

  flatten() {
    const { lens, store } = this.app;
    const latent = store.get("latents")[lens.name] ?? lens.latentAt([0, 0]);
    this.app.wakeUp();
    this.app.goToLatent(lens, lens.latentAt(lens.coordinatesOf(latent).slice(0, 2)), "axes");
  }
}

/** The known architectures whose latents lie nearest; each is a button that goes there. */
class NeighboursPanel {
  constructor(app) {
    this.app = app;
    this.list = make("ol", { class: "pnx-neighbours" });
    this.node = make("section", { class: "pnx-panel", "aria-label": "Nearest known architectures" },
      make("p", { class: "pnx-title" }, "Nearest known architectures"),
      make("p", { class: "pnx-intro" }, "By distance in the whole latent space; ringed on the map."), this.list);
    app.store.watch(["neighbours", "model"], () => this.show());
  }

  show() {
    const { store, lens, points, styles } = this.app;
    const found = store.get("neighbours")[lens.name];
    if (!found) {
      this.list.replaceChildren(make("li", { class: "pnx-words" }, "They appear once the point has moved."));
      return;
    }
    this.list.replaceChildren(...found.map(({ row, distance: away }) => {
      const graph = graphOf(points.architecture(row));
      const label = `Go there: score ${points.format(points.score[row])}, distance ${away.toFixed(2)}. ${describeGraph(graph, styles)}`;
      const go = () => this.app.goToRow(row);
      return make("li", {}, make("button", { type: "button", onclick: go, "aria-label": label },
        miniDrawing(graph, styles), make("strong", {}, points.format(points.score[row])),
        make("span", {}, away < 0.005 ? "here" : away.toFixed(2))));
    }));
  }
}
