// Colours: one sequence of rising (or, on dark pages, falling) darkness, safe for colour-blind
// readers because it is ordered by lightness alone, and the colours of the page around.

const LIGHT_SEQUENCE = ["#e6dcae", "#bcd2a4", "#84bfa5", "#4ca3a7", "#2d7da1", "#23558d", "#1c2c68"];
const DARK_SEQUENCE = ["#2b3a66", "#285b93", "#3183a6", "#52a8a9", "#8ac4a4", "#cbdb9b", "#f7efb4"];
const SHADES = 256;
const END_COLOUR = "#6b7280";
const OTHER_COLOUR = "#8d95a1";
const OUTLINE = "#8a919c";

/** Red, green, blue of "#rrggbb". */
function rgbOf(hex) {
  return [1, 3, 5].map((place) => parseInt(hex.slice(place, place + 2), 16));
}

/** So many shades of a sequence of colours, flat [SHADES * 3]. */
function shadesOf(colours) {
  const stops = colours.map(rgbOf);
  const shades = new Uint8Array(SHADES * 3);
  for (let shade = 0; shade < SHADES; shade++) {
    const place = (shade / (SHADES - 1)) * (stops.length - 1);
    const left = Math.min(Math.floor(place), stops.length - 2);
    for (let channel = 0; channel < 3; channel++) {
      const [from, to] = [stops[left][channel], stops[left + 1][channel]];
      shades[3 * shade + channel] = Math.round(from + (place - left) * (to - from));
    }
  }
  return shades;
}

/** One shade as CSS. */
function shadeColour(theme, fraction) {
  const shade = 3 * Math.round(clamp(fraction, 0, 1) * (SHADES - 1));
  return `rgb(${theme.shades[shade]}, ${theme.shades[shade + 1]}, ${theme.shades[shade + 2]})`;
}

/** Any CSS colour as red, green, blue. */
function resolveColour(css) {
  const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  context.fillStyle = css.trim() || "#808080";
  context.fillRect(0, 0, 1, 1);
  return Array.from(context.getImageData(0, 0, 1, 1).data.slice(0, 3));
}

/** Whether the page around a node is dark: then its text is light. */
function isDark(node) {
  const [red, green, blue] = resolveColour(getComputedStyle(node).color);
  return 299 * red + 587 * green + 114 * blue > 140_000;
}

/** What canvases need to know of the style sheet. */
function readTheme(root) {
  const style = getComputedStyle(root);
  const dark = root.dataset.dark === "true";
  const colour = (name) => style.getPropertyValue(`--pnx-${name}`).trim();
  return {
    dark,
    paper: resolveColour(colour("paper")),
    ink: colour("ink"),
    muted: colour("muted"),
    line: colour("line"),
    accent: colour("accent"),
    second: colour("second"),
    shades: shadesOf(dark ? DARK_SEQUENCE : LIGHT_SEQUENCE),
  };
}

/** Tell when the page turns dark or light; gives a function that stops. */
function watchTheme(parent, onchange) {
  const observer = new MutationObserver(onchange);
  const attributeFilter = ["data-theme", "data-mode", "data-jp-theme-light", "class", "style"];
  for (const node of [document.documentElement, document.body]) {
    observer.observe(node, { attributes: true, attributeFilter });
  }
  const query = matchMedia("(prefers-color-scheme: dark)");
  query.addEventListener("change", onchange);
  return () => {
    observer.disconnect();
    query.removeEventListener("change", onchange);
  };
}

/** Dark or light text, whichever is easier to read on a fill "#rrggbb". */
function textColour(fill) {
  const [red, green, blue] = rgbOf(fill);
  return 299 * red + 587 * green + 114 * blue > 125_000 ? "#111111" : "#ffffff";
}
