// Small helpers of the page: elements, numbers, state.

const SVG_NAMESPACE = "http://www.w3.org/2000/svg";

/** Give a node attributes, listeners ("onclick": function) and children (nodes or text). */
function furnish(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) {
      node.setAttribute(name, value === true ? "" : value);
    }
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

/** An HTML element. Text becomes text, never markup. */
function make(tag, attributes = {}, ...children) {
  return furnish(document.createElement(tag), attributes, children);
}

/** An SVG element. */
function makeSvg(tag, attributes = {}, ...children) {
  return furnish(document.createElementNS(SVG_NAMESPACE, tag), attributes, children);
}

/** A button that is a button. */
function makeButton(text, onclick, attributes = {}) {
  return make("button", { type: "button", class: "pnx-button", onclick, ...attributes }, text);
}

/** One choice out of few: radio buttons in a row. `choices` are [value, label]. */
function makeChoice(legend, choices, value, onchange) {
  const name = `pnx-${Math.random().toString(36).slice(2)}`;
  const inputs = new Map();
  const labels = choices.map(([key, text]) => {
    const input = make("input", { type: "radio", name, value: key, onchange: () => onchange(key) });
    inputs.set(key, input);
    return make("label", {}, input, make("span", {}, text));
  });
  const node = make("fieldset", { class: "pnx-choice" }, make("legend", {}, legend), labels);
  const show = (key) => {
    for (const [other, input] of inputs) input.checked = other === key;
  };
  show(value);
  return { node, show };
}

function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value));
}

/** Whether the reader asked for little motion. */
function wantsStillness() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** A count as people read it: 19,020. */
function formatCount(count) {
  return count.toLocaleString("en-GB");
}

/** A number with so many digits, a true minus, and no minus before zero. */
function formatPlain(value, digits) {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

/** A number with its sign. */
function formatSigned(value, digits) {
  const text = Math.abs(value).toFixed(digits);
  return `${value < 0 && Number(text) !== 0 ? "−" : "+"}${text}`;
}

/** Run `job` once the calls have stopped for so many milliseconds. */
function settled(job, milliseconds) {
  let timer = 0;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => job(...args), milliseconds);
  };
}

/** Run one job at a time; of the requests that come meanwhile, keep only the newest. */
function latestOnly(job) {
  let busy = false;
  let waiting = null;
  return async function request(...args) {
    if (busy) {
      waiting = args;
      return;
    }
    busy = true;
    try {
      await job(...args);
    } finally {
      busy = false;
      if (waiting) {
        const next = waiting;
        waiting = null;
        request(...next);
      }
    }
  };
}

/** What the reader has chosen, and who wants to know when it changes. */
class Store {
  constructor(values) {
    this.values = { ...values };
    this.listeners = [];
  }

  get(key) {
    return this.values[key];
  }

  /** Change some values; those who listen to one that did change are told at once. */
  set(changes) {
    const changed = Object.keys(changes).filter((key) => this.values[key] !== changes[key]);
    Object.assign(this.values, changes);
    for (const { keys, listener } of this.listeners) {
      if (changed.some((key) => keys.includes(key))) listener(this.values);
    }
  }

  /** Call `listener` now and after every change of one of `keys`. */
  watch(keys, listener) {
    this.listeners.push({ keys, listener });
    listener(this.values);
  }
}

/** Call `job` once per frame at most, however often it is asked for. */
function perFrame(job) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      job();
    });
  };
}

/** Call `job` with the size of a node, now and whenever it changes; gives a function that stops. */
function whenResized(node, job) {
  let last = "";
  const observer = new ResizeObserver(() => {
    const { clientWidth, clientHeight } = node;
    if (!clientWidth || last === `${clientWidth} ${clientHeight}`) return;
    last = `${clientWidth} ${clientHeight}`;
    job(clientWidth, clientHeight);
  });
  observer.observe(node);
  return () => observer.disconnect();
}

/** Follow a pointer that went down on a node until it is lifted: `move` and `end` get the event. */
function followPointer(node, event, move, end) {
  node.setPointerCapture(event.pointerId);
  const mine = (listener) => (other) => {
    if (other.pointerId === event.pointerId) listener(other);
  };
  const onMove = mine(move);
  const onEnd = mine((other) => {
    node.removeEventListener("pointermove", onMove);
    node.removeEventListener("pointerup", onEnd);
    node.removeEventListener("pointercancel", onEnd);
    end?.(other);
  });
  node.addEventListener("pointermove", onMove);
  node.addEventListener("pointerup", onEnd);
  node.addEventListener("pointercancel", onEnd);
}
