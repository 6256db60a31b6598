// The explorer and a notebook: what the reader does becomes traits, what a cell sets moves the page.

/** Keep the traits of `model` and the state of the explorer in step; gives a function that stops. */
function syncWithModel(app, model) {
  const sent = new Map();
  const asked = new Set();
  let led = false; // whether another view tells what is read where we are
  const act = settled(() => {
    const values = [...asked].map((name) => [name, model.get(name)]);
    asked.clear();
    try {
      actOn(app, Object.fromEntries(values));
    } catch (error) {
      app.report(error);
    }
  }, 0);
  const tell = settled(() => {
    if (asked.size) return tell(); // what was asked for comes first
    const traits = currentTraits(app);
    const place = placeOf(traits);
    led &&= ["model_name", place].every((name) => isSame(traits[name], model.get(name)));
    // What the other view has told of this place stands until a model has read it in this one.
    const left = led && app.currentReading(app.lens)?.from !== "model" ? followers(place) : [];
    for (const [name, value] of Object.entries(traits)) {
      const text = JSON.stringify(value);
      if (sent.get(name) === text || left.includes(name)) continue;
      sent.set(name, text);
      model.set(name, value, { view: app });
    }
    model.save_changes();
  }, 90);
  app.store.watch(["model", "row", "selection", "range", "latents", "readings"], tell);
  const stops = Object.keys(TRAIT_ACTIONS).map((name) => {
    const listener = (source, value, { view } = {}) => {
      const text = JSON.stringify(model.get(name));
      if (text === sent.get(name)) return;
      sent.set(name, text);
      if (name === "model_name" || PLACE_TRAITS.includes(name)) led = Boolean(view);
      // What another view reads where we both go is not a place to go to instead.
      if (view && followers(placeOf(placeTraits(model))).includes(name)) return;
      asked.add(name);
      act();
    };
    model.on(`change:${name}`, listener);
    return () => model.off(`change:${name}`, listener);
  });
  return () => stops.forEach((stop) => stop());
}

/** What cells may read; without what is still to be read where we are. */
function currentTraits(app) {
  const { model, row, selection, range } = app.store.values;
  const latent = app.currentLatent(app.lens);
  const traits = {
    model_name: model,
    row: row < 0 ? null : row,
    selection,
    score_range: range ?? [],
    latent: latent ? Array.from(latent) : [],
  };
  const reading = app.currentReading(app.lens);
  if (!reading) return traits;
  const { graph, architecture, mean, sd } = reading;
  return {
    ...traits,
    architecture: architecture ? formatArchitecture(architecture) : "",
    decoded: { types: graph.types, edges: graph.edges },
    predicted: Number.isFinite(mean) ? [mean, sd] : [],
  };
}

/** Traits that say where we are, from what is chosen to what follows from it. */
const PLACE_TRAITS = ["row", "latent", "architecture"];

/** The trait that says where we are: the first one that says a place. */
function placeOf(values) {
  return PLACE_TRAITS.find((name) => isPlace(values[name]));
}

function placeTraits(model) {
  return Object.fromEntries(PLACE_TRAITS.map((name) => [name, model.get(name)]));
}

/** The traits that follow from the one that says where we are. */
function followers(place) {
  return place ? [...PLACE_TRAITS, "decoded", "predicted"].slice(PLACE_TRAITS.indexOf(place) + 1) : [];
}

/** Do what new values of traits ask for; of several that say where to go, the first one counts. */
function actOn(app, values) {
  const place = placeOf(values);
  for (const [name, act] of Object.entries(TRAIT_ACTIONS)) {
    if (!(name in values) || (PLACE_TRAITS.includes(name) && name !== place)) continue;
    if (!isSame(values[name], currentTraits(app)[name])) act(app, values[name]);
  }
}

/** Whether the value of a place trait says a place: not null, nor empty. */
function isPlace(value) {
  return Number.isInteger(value) || value?.length > 0;
}

/** Whether two values of a trait are the same. */
function isSame(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
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
  const place = placeOf(placeTraits(model));
  try {
    if (linked) TRAIT_ACTIONS.architecture(app, linked);
    else if (place) TRAIT_ACTIONS[place](app, model.get(place));
  } catch (error) {
    app.report(error);
  }
}
