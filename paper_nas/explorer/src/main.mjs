// Entry point: an anywidget in JupyterLab; on the static page a loader calls the same function.

/** The parts of the page around an explorer, in the order in which a phone shows them. */
function buildPage(app) {
  const maps = new Map();
  const readings = new Map();
  const mapBox = make("div", { class: "pnx-maps" });
  const readingBox = make("div", { class: "pnx-readings" });
  const loading = make("p", { class: "pnx-loading", role: "status" });
  const live = make("p", { class: "pnx-sr", "aria-live": "polite" });
  const message = make("div", { class: "pnx-message", role: "alert", hidden: true });
  const parts = [new Histogram(app), new Wheel(app), new PathPanel(app), new AxesPanel(app), new NeighboursPanel(app)];
  const [histogram, ...panels] = parts;
  app.root.append(message, make("div", { class: "pnx-body" }, new TopLine(app).node, mapBox, readingBox,
    new MapLine(app).node, histogram.node, make("div", { class: "pnx-panels" }, panels.map(({ node }) => node)),
    loading, live));
  app.store.watch(["model", "compare"], ({ compare }) => {
    app.root.classList.toggle("pnx-compare", compare);
    const shown = app.shownLenses();
    for (const lens of shown) {
      if (!maps.has(lens)) maps.set(lens, new MapView(app, lens));
      if (!readings.has(lens)) readings.set(lens, new ReadingPanel(app, lens));
    }
    replaceIfOther(mapBox, shown.map((lens) => maps.get(lens).node));
    replaceIfOther(readingBox, shown.map((lens) => readings.get(lens).node));
  });
  app.store.watch(["loading"], (values) => {
    loading.textContent = values.loading;
    loading.hidden = !values.loading;
  });
  app.store.watch(["message"], (values) => showMessage(message, values.message, () => app.retry()));
  const speak = settled(() => {
    live.textContent = app.describe();
  }, 700);
  app.store.watch(["readings", "compare", "model"], speak);
  return () => {
    for (const part of [...parts, ...maps.values()]) part.close?.();
  };
}

/** Replace the children of a box unless they are the same: a node that stays keeps its focus. */
function replaceIfOther(box, nodes) {
  const same = box.children.length === nodes.length && nodes.every((node, place) => box.children[place] === node);
  if (!same) box.replaceChildren(...nodes);
}

/** Say what went wrong, with a way to try again. */
function showMessage(node, message, retry) {
  node.hidden = !message;
  node.replaceChildren();
  const answer = message?.name === NOTICE ? "Close" : "Try again";
  if (message) node.append(make("span", {}, message.text), makeButton(answer, retry));
}

/** Take the colours of the page, now and whenever they change. */
function followTheme(app, el) {
  const apply = () => {
    const dark = String(isDark(el));
    if (app.root.dataset.dark === dark && app.store.get("theme")) return;
    app.root.dataset.dark = dark;
    app.store.set({ theme: readTheme(app.root) });
  };
  apply();
  return watchTheme(el, apply);
}

/** Show the explorer in `el`; a still picture that is there stays until the first picture. */
async function openExplorer(model, el) {
  const base = model.get("base");
  const fetchFile = base ? folderSource(base, model.get("first") ?? []) : kernelSource(model);
  const given = model.get("index");
  const first = await loadFirst(fetchFile, given && Object.keys(given).length ? given : null);
  const root = make("div", { class: "pnx", role: "group", "aria-label": `Latent explorer: ${first.index.dataset.title}` });
  el.replaceChildren(root);
  const app = new Explorer({ root, fetchFile, ...first });
  app.shareable = Boolean(base);
  const stopTheme = followTheme(app, el);
  const stopPage = buildPage(app);
  startFromModel(app, model);
  const stopSync = syncWithModel(app, model);
  afterPaint(() => {
    performance.mark(`paper-nas-explorer ${first.index.dataset.name}`);
    el.dataset.state = "ready";
  });
  return () => {
    stopSync();
    stopPage();
    stopTheme();
    app.close();
  };
}

/** Call `job` when the frame that is being prepared has been painted. */
function afterPaint(job) {
  requestAnimationFrame(() => requestAnimationFrame(job));
}

/** Say in the widget itself why there is no explorer; the still picture stays where there is one. */
function showFailure(el, error, retry) {
  el.dataset.state = "failed";
  el.querySelector(":scope > .pnx-failure")?.remove();
  const box = make("div", { class: "pnx pnx-failure", role: "alert" },
    make("span", {}, `The explorer cannot start. ${error.message}`), makeButton("Try again", retry));
  el.prepend(box);
  if (!["DamagedFile", "NoFile", "BadFormat"].includes(error.name)) console.error(error);
}

async function render({ model, el }) {
  let close = () => {};
  const start = async () => {
    try {
      close = await openExplorer(model, el);
    } catch (error) {
      showFailure(el, error, start);
    }
  };
  await start();
  return () => close();
}

export default { render };
