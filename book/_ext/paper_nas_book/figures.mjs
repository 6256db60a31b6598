// Draws the page's plotly figures, each when it comes near the window.
//
// Python writes `<figure class="paper-nas-figure">` with an empty box and the figure as JSON
// (paper_nas/rendering.py). plotly.js is loaded before this module, from the site itself. Colours
// of text and grid lines follow the light or dark theme through the style sheet.

const CONFIG = { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["select2d", "lasso2d"] };

// A choice of points in one panel chooses the same rows in all (figures/projections.py).
function link(box) {
  // The box itself is taken away: plotly would apply it again to its own panel.
  const choose = (rows) => window.Plotly.update(box, { selectedpoints: [rows] }, { selections: [] });
  box.on("plotly_selected", (event) => {
    if (event?.points.length) choose([...new Set(event.points.map((point) => point.pointNumber))]);
  });
  box.on("plotly_deselect", () => choose(null));
}

function draw(figure) {
  const box = figure.querySelector(".paper-nas-plot");
  if (box.dataset.state) return;
  box.dataset.state = "drawing";
  const spec = JSON.parse(figure.querySelector("script").textContent);
  // A figure whose panels are linked keeps the button that chooses a box of points.
  const tools = spec.layout.meta?.linked ? { modeBarButtonsToRemove: ["lasso2d"] } : {};
  window.Plotly.newPlot(box, spec.data, spec.layout, { ...CONFIG, ...tools, ...spec.config }).then(() => {
    if (spec.layout.meta?.linked) link(box);
    box.dataset.state = "drawn";
  });
}

const figures = document.querySelectorAll(".paper-nas-figure");
const observer = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting) {
        observer.unobserve(entry.target);
        draw(entry.target);
      }
    }
  },
  { rootMargin: "800px" },
);
figures.forEach((figure) => observer.observe(figure));
window.addEventListener("beforeprint", () => figures.forEach(draw));
