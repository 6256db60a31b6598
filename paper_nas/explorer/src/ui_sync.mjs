// The explorer and a notebook: what the reader does becomes traits, what a cell sets moves the page.

/** Keep the traits of `model` and the state of the explorer in step; gives a function that stops. */
function syncWithModel(app, model) {
  const sent = new Map();
  const tell = settled(() => {
    for (const [name, value] of Object.entries(currentTraits(app))) {
      const text = JSON.stringify(value);
      if (sent.get(name) === text) continue;
      sent.set(name, text);
      model.set(name, value);
    }
    model.save_changes();
  }, 90);
  app.store.watch(["model", "row", "selection", "range", "latents", "readings"], tell);
  const stops = Object.entries(TRAIT_ACTIONS).map(([name, act]) => {
    const listener = () => {
      const value = model.get(name);
      if (JSON.stringify(value) === sent.get(name)) return;
      sent.set(name, JSON.stringify(value));
      act(app, value);
    };
    model.on(`change:${name}`, listener);
    return () => model.off(`change:${name}`, listener);
  });
  return () => stops.forEach((stop) => stop());
}

/** What cells may read. */
function currentTraits(app) {
  const { model, row, selection, range, latents, readings } = app.store.values;
  const latent = latents[model];
  const { graph, architecture, mean, sd } = readings[model] ?? {};
  return {
    model_name: model,
    row: row < 0 ? null : row,
    selection,
    score_range: range ?? [],
    latent: latent ? Array.from(latent) : [],
    architecture: architecture ? formatArchitecture(architecture) : "",
    decoded: graph ? { types: graph.types, edges: graph.edges } : {},
    predicted: Number.isFinite(mean) ? [mean, sd] : [],
  };
}

/** What happens when a cell sets one of them. */
const TRAIT_ACTIONS = {
  model_name: (app, name) => {
    if (app.lenses.has(name)) app.choose(name, app.store.get("compare"));
  },
  row: (app, row) => {
    if (row !== null && row >= 0 && row < app.points.count) app.goToRow(row);
  },
  selection: (app, rows) => app.setSelection(rows.filter((row) => row >= 0 && row < app.points.count)),
  score_range: (app, range) => app.setRange(range.length === 2 ? range : null),
  latent: (app, latent) => {
    if (latent.length !== app.lens.size) return;
    app.wakeUp();
    app.goToLatent(app.lens, Float32Array.from(latent), "plane");
  },
  architecture: (app, text) => {
    if (!text) return;
    const architecture = parseArchitecture(text);
    const { rows, exact } = app.points.record(architecture);
    app.goToArchitecture(architecture, { row: exact ? rows[0] : -1, origin: exact ? "row" : "architecture" });
  },
};

/** What a notebook or a link asks for at the start; cells may have set traits before the page was there. */
function startFromModel(app, model) {
  for (const name of ["selection", "score_range"]) {
    const value = model.get(name);
    if (value?.length) TRAIT_ACTIONS[name](app, value);
  }
  const name = model.get("model_name");
  if (app.lenses.has(name)) app.store.set({ model: name });
  app.startAt(app.lens);
  const linked = app.shareable ? /^#architecture=([\d-]+)$/.exec(location.hash)?.[1].replaceAll("-", " ") : null;
  const row = model.get("row");
  try {
    if (linked) TRAIT_ACTIONS.architecture(app, linked);
    else if (Number.isInteger(row)) TRAIT_ACTIONS.row(app, row);
  } catch (error) {
    app.report(error);
  }
}
