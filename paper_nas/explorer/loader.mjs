// The explorer on the static page: a plain model in the place of a kernel's.
// The folder with an explorer's files lies beside this module: explorer/<data set>/.

import explorer from "./explorer.mjs";

const NEAR = 300; // pixels below the window

/** The part of anywidget's model that the explorer uses; nobody is at the other end. */
class PlainModel {
  constructor(state) {
    this.state = state;
  }

  get(name) {
    return this.state[name];
  }

  set(name, value) {
    this.state[name] = value;
  }

  on() {}
  off() {}
  send() {}
  save_changes() {}
}

/** Start one explorer. */
function start(box) {
  const state = JSON.parse(box.querySelector("script[type='application/json']").textContent);
  const base = new URL(`explorer/${state.dataset}/`, import.meta.url).href;
  explorer.render({ model: new PlainModel({ ...state, base }), el: box });
}

/** Start the explorers in or near the window now, the others when they come near. */
function watch() {
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        observer.unobserve(target);
        start(target);
      }
    },
    { rootMargin: `${NEAR}px` },
  );
  for (const box of document.querySelectorAll(".paper-nas-explorer")) {
    if (box.getBoundingClientRect().top < innerHeight + NEAR) start(box);
    else observer.observe(box);
  }
}

// As soon as the page is read: "DOMContentLoaded" would wait for all its other scripts.
if (document.readyState === "loading") document.addEventListener("readystatechange", watch, { once: true });
else watch();
