// Drawings of graphs: a large one in the paper's style, a small one for lists, and words.

/** Label, fill and text colour of each vertex type. */
function vertexStyles(operations) {
  const ends = ["START", "END"].map((label) => ({ label, fill: END_COLOUR, ink: "#ffffff" }));
  return [
    ...ends,
    ...operations.map(({ label, colour }) => ({ label, fill: colour, ink: textColour(colour) })),
  ];
}

/** A vertex type that no operation has; a decoder may not give it, a damaged grid might. */
function styleOf(styles, type) {
  return styles[type] ?? { label: `type ${type}`, fill: OTHER_COLOUR, ink: "#111111" };
}

/** The graph in words, for those who hear it. */
function describeGraph({ types, edges }, styles) {
  const label = (vertex) => styleOf(styles, types[vertex]).label;
  const name = (vertex) => {
    if (types[vertex] === 0) return "START";
    return types[vertex] === 1 ? "END" : `layer ${vertex}`;
  };
  const inner = types.map((_, vertex) => vertex).filter((vertex) => types[vertex] > 1);
  const layers = inner.map((vertex) => `${vertex} ${label(vertex)}`).join(", ");
  const skips = edges
    .filter(([source, target]) => target - source > 1)
    .map(([source, target]) => `${name(source)} to ${name(target)}`);
  const gaps = types
    .slice(1)
    .map((_, source) => source)
    .filter((source) => !edges.some((edge) => edge[0] === source && edge[1] === source + 1));
  const missing = gaps.map((source) => `${name(source)} to ${name(source + 1)}`);
  return (
    `Layers: ${layers || "none"}. Skips: ${skips.join(", ") || "none"}.` +
    (missing.length ? ` Missing in the chain: ${missing.join(", ")}.` : "")
  );
}

/** The large drawing. Its boxes stay in the middle whatever the arcs do, so it does not jump. */
class Drawing {
  constructor(styles) {
    this.styles = styles;
    this.node = makeSvg("svg", { class: "pnx-dag", role: "img" });
    this.shown = { types: [], edges: new Set() };
  }

  /** Show a graph; what is new since the last one is set off for a moment. */
  show({ types, edges }) {
    const looks = types.map((type) => styleOf(this.styles, type));
    const layout = dagLayout(looks.map(({ label }) => label), edges, WIDEST_LABEL);
    const half = Math.max(128, layout.axis, layout.width - layout.axis) + 2;
    const height = 8 * DAG_BOX_HEIGHT + 7 * DAG_GAP + 2 * DAG_MARGIN;
    this.node.setAttribute("viewBox", `${layout.axis - half} 0 ${2 * half} ${height}`);
    this.node.setAttribute("aria-label", `Graph. ${describeGraph({ types, edges }, this.styles)}`);
    const lines = makeSvg("g", { class: "pnx-edges" });
    const first = !this.shown.types.length;
    layout.edges.forEach((edge, index) => {
      const fresh = !first && !this.shown.edges.has(String(edge)) ? "pnx-fresh" : null;
      const { line, head } = edgeData(layout.paths[index]);
      lines.append(makeSvg("g", { class: fresh }, makeSvg("path", { d: line, fill: "none" }),
        makeSvg("path", { d: head, class: "pnx-head" })));
    });
    const boxes = makeSvg("g", { "text-anchor": "middle", "font-size": DAG_FONT_SIZE });
    looks.forEach((look, vertex) => {
      const fresh = !first && this.shown.types[vertex] !== types[vertex] ? "pnx-fresh" : null;
      boxes.append(this.box(look, layout.centres[vertex], layout.boxSize, fresh));
    });
    this.node.replaceChildren(lines, boxes);
    this.shown = { types: types.slice(), edges: new Set(edges.map(String)) };
  }

  box({ label, fill, ink }, [x, y], [width, height], fresh) {
    return makeSvg("g", { class: fresh },
      makeSvg("rect", { x: x - width / 2, y: y - height / 2, width, height, rx: 7, fill, stroke: OUTLINE }),
      makeSvg("text", { x, y, dy: ".36em", fill: ink }, label));
  }
}

/** A small drawing: a row of coloured squares with arcs above. */
function miniDrawing({ types, edges }, styles) {
  const [size, pitch, top] = [9, 15, 22];
  const centre = (vertex) => 6 + vertex * pitch;
  const svg = makeSvg("svg", {
    class: "pnx-mini",
    viewBox: `0 0 ${types.length * pitch - 3} ${top + size + 1}`,
    width: types.length * pitch - 3,
    height: top + size + 1,
    role: "img",
    "aria-label": describeGraph({ types, edges }, styles),
  });
  for (const [source, target] of edges) {
    const [from, to] = [centre(source), centre(target)];
    const lift = target - source > 1 ? 4 + 2.6 * (target - source) : 0;
    const data = lift
      ? `M${from},${top}C${from},${top - lift * 1.3} ${to},${top - lift * 1.3} ${to},${top}`
      : `M${from},${top + size / 2}L${to},${top + size / 2}`;
    svg.append(makeSvg("path", { d: data, class: "pnx-arc" }));
  }
  types.forEach((type, vertex) => {
    svg.append(makeSvg("rect", { x: centre(vertex) - size / 2, y: top, width: size, height: size,
      rx: type < 2 ? size / 2 : 2, fill: styleOf(styles, type).fill, stroke: OUTLINE, "stroke-width": 0.6 }));
  });
  return svg;
}
