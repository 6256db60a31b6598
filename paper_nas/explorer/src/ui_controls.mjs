// The line above the map (which model, which architecture) and the line below it (how it looks).

/** Choice of the model, and the search. */
class TopLine {
  constructor(app) {
    this.app = app;
    const choices = [...app.lenses.values()].map(({ name, label }) => [name, label]);
    if (choices.length > 1) choices.push(["both", "side by side"]);
    this.models = makeChoice("Model", choices, app.store.get("model"), (key) => this.choose(key));
    this.input = make("input", { type: "search", class: "pnx-search", spellcheck: "false", autocomplete: "off",
      placeholder: "architecture, such as 0 2 1 5 0 1 …", "aria-label": "Find an architecture by its string" });
    this.error = make("p", { class: "pnx-error", role: "alert" });
    const form = make("form", { class: "pnx-find", role: "search", onsubmit: (event) => {
      event.preventDefault();
      this.find(this.input.value);
    } }, this.input, make("button", { type: "submit", class: "pnx-button" }, "Find"));
    const pick = (text, row) => makeButton(text, () => {
      this.say("");
      app.goToRow(row());
    }, { class: "pnx-button pnx-quiet" });
    const { points } = app;
    const picks = make("span", { class: "pnx-picks" }, pick("Best", () => points.extreme(true)),
      pick("Worst", () => points.extreme(false)), pick("Random", () => Math.floor(Math.random() * points.count)));
    this.node = make("div", { class: "pnx-top" }, choices.length > 1 ? this.models.node : null, form, picks, this.error);
    app.store.watch(["model", "compare"], ({ model, compare }) => this.models.show(compare ? "both" : model));
  }

  choose(key) {
    const { store } = this.app;
    this.app.choose(key === "both" ? store.get("model") : key, key === "both");
  }

  say(text) {
    this.error.textContent = text;
    this.input.setAttribute("aria-invalid", String(text !== ""));
  }

  /** Go to the architecture of a string, or say what is wrong with it. */
  find(text) {
    try {
      const architecture = parseArchitecture(text);
      this.say("");
      const { rows, exact } = this.app.points.record(architecture);
      const row = exact ? rows[0] : -1;
      this.app.goToArchitecture(architecture, { row, origin: row < 0 ? "architecture" : "row" });
    } catch (error) {
      if (error.name !== "BadArchitecture") throw error;
      this.say(error.message);
    }
  }
}

/** How the map looks. */
class MapLine {
  constructor(app) {
    const { store } = app;
    const known = (map) => [...app.lenses.values()].some(({ maps }) => maps[map]);
    const choices = [["pca", "PCA"], ["tsne", "t-SNE"]].filter(([map]) => known(map));
    const map = makeChoice("Map", choices, store.get("map"), (key) => store.set({ map: key }));
    const options = colourChoices(app.index.operations).map(([value, text]) => make("option", { value }, text));
    const colour = make("select", { onchange: () => store.set({ colour: colour.value }) }, options);
    const contours = make("input", { type: "checkbox", onchange: () => store.set({ contours: contours.checked }) });
    const areas = makeButton("Select an area", () => store.set({ areas: !store.get("areas") }),
      { title: "Then drag a box on the map; Shift and drag does it too" });
    this.node = make("div", { class: "pnx-controls" }, choices.length > 1 ? map.node : null,
      make("label", { class: "pnx-field" }, make("span", {}, "Colour"), colour),
      make("label", { class: "pnx-check" }, contours, make("span", {}, "Contours")), areas);
    store.watch(["map", "colour", "contours", "areas"], (values) => {
      map.show(values.map);
      colour.value = values.colour;
      contours.checked = values.contours;
      areas.setAttribute("aria-pressed", String(values.areas));
      app.root.classList.toggle("pnx-boxing", values.areas);
    });
  }
}
