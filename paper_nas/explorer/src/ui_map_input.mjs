// Mouse, touch and keyboard on the map.

const CLICK_PIXELS = 5;
const CATCH_PIXELS = 14;
const WALK_STEP = 1 / 60;

/** Listen to everything a reader may do on a map. */
function attachMapInput(map) {
  const fingers = new Fingers(map);
  attachPointers(map, fingers);
  attachWheel(map);
  attachProbe(map, fingers);
  map.surface.addEventListener("keydown", (event) => {
    if (handleMapKey(map, event)) event.preventDefault();
  });
  map.surface.addEventListener("blur", () => map.hover(-1));
}

function placeOn(map, event) {
  const { left, top } = map.node.getBoundingClientRect();
  return [event.clientX - left, event.clientY - top];
}

/** The pointers that are down on a map. One does its own job; two zoom, and then do no other job any more. */
class Fingers {
  constructor(map) {
    this.map = map;
    this.down = new Map();
    map.node.addEventListener("touchmove", (event) => {
      if (this.several && event.cancelable) event.preventDefault(); // or two fingers would scroll the page
    }, { passive: false });
  }

  /** Whether two were down together, and not all are lifted yet. */
  get several() {
    return [...this.down.values()].some(({ alone }) => !alone);
  }

  /** Follow a pointer that went down: `move(here, before)`, then `end(here, done)`; not done, it was no click. */
  follow(node, event, { move, end }) {
    const { map, down } = this;
    if (event.isPrimary) down.clear(); // a pointer whose node left the page was never lifted
    const finger = { place: placeOn(map, event), alone: true };
    down.set(event.pointerId, finger);
    if (down.size > 1) this.join();
    followPointer(node, event, (other) => {
      const before = finger.place;
      finger.place = placeOn(map, other);
      if (down.size > 1) this.pinch();
      else if (finger.alone) move(finger.place, before);
      else panAlong(map, before, finger.place);
    }, (other) => {
      down.delete(other.pointerId);
      this.hold();
      end(finger.place, finger.alone && other.type !== "pointercancel");
    });
  }

  join() {
    for (const finger of this.down.values()) finger.alone = false;
    this.map.box = null;
    this.map.markSoon();
    this.hold();
  }

  /** The middle and the distance of the first two fingers. */
  span() {
    const [[x0, y0], [x1, y1]] = [...this.down.values()].map(({ place }) => place);
    return { middle: [(x0 + x1) / 2, (y0 + y1) / 2], gap: Math.max(20, Math.hypot(x1 - x0, y1 - y0)) };
  }

  /** Keep in mind what is between two fingers. */
  hold() {
    if (this.down.size < 2) return;
    const { middle, gap } = this.span();
    this.held = { place: this.map.toMap(...middle), size: this.map.zoom / gap };
  }

  /** Two fingers: what was between them stays between them. */
  pinch() {
    const { map, held } = this;
    const { middle, gap } = this.span();
    map.zoomBy((held.size * gap) / map.zoom);
    const [x, y] = map.toMap(...middle);
    map.panBy(held.place[0] - x, held.place[1] - y);
  }
}

/** Hover; a click goes there; a drag moves the view or draws a box. */
function attachPointers(map, fingers) {
  const { surface, app } = map;
  surface.addEventListener("pointerenter", () => app.wakeUp());
  surface.addEventListener("pointerleave", () => map.hover(-1));
  surface.addEventListener("pointermove", (event) => {
    if (event.buttons === 0) map.hover(map.rowNear(...placeOn(map, event), CATCH_PIXELS));
  });
  surface.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    app.wakeUp();
    app.store.set({ model: map.lens.name });
    surface.focus({ preventScroll: true });
    const start = placeOn(map, event);
    let dragged = false;
    const boxing = event.shiftKey || app.store.get("areas");
    const move = (here, before) => {
      dragged ||= Math.hypot(here[0] - start[0], here[1] - start[1]) > CLICK_PIXELS;
      if (dragged && boxing) drawBox(map, start, here);
      else if (dragged) panAlong(map, before, here);
    };
    fingers.follow(surface, event, { move, end: (here, done) => {
      if (done && map.box) app.selectBox(map, start, here);
      else if (done && !dragged) goToPlace(map, ...start);
      map.box = null;
      map.markSoon();
    } });
  });
}

function drawBox(map, [x0, y0], [x1, y1]) {
  map.hover(-1);
  map.box = [Math.min(x0, x1), Math.min(y0, y1), Math.abs(x1 - x0), Math.abs(y1 - y0)];
  map.markSoon();
}

function panAlong(map, before, here) {
  map.panBy((before[0] - here[0]) / map.scale, (here[1] - before[1]) / map.scale);
}

/** The known architecture under a click, else the point of the plane itself. */
function goToPlace(map, left, top) {
  const { app, lens } = map;
  const row = map.rowNear(left, top, CATCH_PIXELS);
  if (row >= 0) app.goToRow(row);
  else if (map.shownMap === "pca") app.goToPlane(lens, ...map.toMap(left, top));
}

/** The wheel scrolls the page, unless the map has the focus or Ctrl is held. */
function attachWheel(map) {
  const hideHint = settled(() => {
    map.hint.hidden = true;
  }, 1200);
  map.surface.addEventListener("wheel", (event) => {
    if (event.ctrlKey || event.metaKey || document.activeElement === map.surface) {
      event.preventDefault();
      const lines = event.deltaMode === 1 ? 24 * event.deltaY : event.deltaY;
      map.zoomBy(Math.exp(-clamp(lines, -120, 120) / (event.ctrlKey ? 120 : 320)), placeOn(map, event));
    } else {
      map.hint.hidden = false;
      hideHint();
    }
  }, { passive: false });
}

/** The probe is dragged, or walks by arrow keys: over the plane, or from point to point. */
function attachProbe(map, fingers) {
  const { probe, app, lens } = map;
  const moveTo = (left, top) => {
    if (map.shownMap === "pca") {
      app.goToPlane(lens, ...map.toMap(clamp(left, 0, map.width), clamp(top, 0, map.height)));
    } else {
      const row = map.rowNear(left, top, 60);
      if (row >= 0 && row !== app.store.get("row")) app.goToRow(row);
    }
  };
  probe.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    app.wakeUp();
    app.store.set({ model: lens.name });
    map.hover(-1);
    const start = placeOn(map, event);
    const handle = map.toScreen(...Object.values(map.probePlace()).slice(0, 2));
    const grip = [handle[0] - start[0], handle[1] - start[1]];
    probe.classList.add("pnx-held");
    fingers.follow(probe, event, {
      move: (here) => moveTo(here[0] + grip[0], here[1] + grip[1]),
      end: () => probe.classList.remove("pnx-held"),
    });
  });
  probe.addEventListener("focus", () => app.wakeUp());
  probe.addEventListener("keydown", (event) => {
    const direction = ARROWS[event.key];
    if (!direction) return;
    event.preventDefault();
    app.store.set({ model: lens.name });
    if (map.shownMap !== "pca") {
      stepToNeighbour(map, direction);
      return;
    }
    const { x, y } = map.probePlace();
    const { x0, x1, y0, y1 } = boundsOf(lens.maps.pca);
    const step = WALK_STEP * Math.max(...map.extent) * (event.shiftKey ? 5 : 1) / Math.max(1, map.zoom);
    const target = [clamp(x + direction[0] * step, x0, x1), clamp(y + direction[1] * step, y0, y1)];
    map.reveal(...target); // first: a probe that leaves the view loses the focus
    app.goToPlane(lens, ...target);
  });
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** A key on the map itself; true if it meant something. */
function handleMapKey(map, event) {
  const { app } = map;
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  if (ARROWS[event.key]) stepToNeighbour(map, ARROWS[event.key]);
  else if (event.key === "+" || event.key === "=") map.zoomBy(1.6);
  else if (event.key === "-") map.zoomBy(1 / 1.6);
  else if (event.key === "0") map.fit();
  else if (event.key === "a" || event.key === "A") app.selectBox(map, [0, 0], [map.width, map.height]);
  else if (event.key === "Escape") app.clearSelection();
  else return false;
  return true;
}

/** Go to the known architecture that lies next in a direction: near, and within an angle of 45 degrees. */
function stepToNeighbour(map, [dx, dy]) {
  const { app } = map;
  const place = map.probePlace() ?? { x: map.centre[0], y: map.centre[1] };
  const { x, y } = map.columns;
  const focus = app.store.get("focus");
  const least = 4 / map.scale; // nearer ones look like the same point
  let best = -1;
  let shortest = Infinity;
  for (let row = 0; row < x.length; row++) {
    if (!focus[row]) continue;
    const [right, up] = [x[row] - place.x, y[row] - place.y];
    const along = right * dx + up * dy;
    const aside = Math.abs(right * dy) + Math.abs(up * dx);
    if (along < least || aside > along) continue;
    const length = along + 2 * aside;
    if (length < shortest) [best, shortest] = [row, length];
  }
  if (best < 0) return;
  app.goToRow(best);
  map.reveal(x[best], y[best]);
}
