// Encoder and decoder of D-VAE and DVAE-EMB: those of paper_nas.models.encoders and decoders, for one
// graph at a time. What depends on a vertex type alone is computed once, at the start; the message of
// a vertex once per vertex; a new state only after a true edge; and the first layer of the edge
// classifier in two halves, one per source vertex, one per state of the target.

/** The bidirectional asynchronous encoder. */
class Encoder {
  constructor(weights, codes) {
    this.weights = weights;
    this.forward = {
      gru: new GruCell(weights, "encoder.gru_forward", codes),
      messages: new MessageFunction(weights, "encoder.messages_forward"),
    };
    this.backward = {
      gru: new GruCell(weights, "encoder.gru_backward", codes),
      messages: new MessageFunction(weights, "encoder.messages_backward"),
    };
  }

  /** The mean of the posterior of a graph, Float32Array [Z]. */
  encode({ types, edges }) {
    const { weights } = this;
    const order = types.map((_, vertex) => vertex);
    const last = this.sweep(this.forward, types, order, edges);
    const reversed = edges.map(([source, target]) => [target, source]);
    const first = this.sweep(this.backward, types, order.reverse(), reversed);
    const both = new Float32Array(last.length + first.length);
    both.set(last);
    both.set(first, last.length);
    const bias = weights["encoder.unify.bias"];
    const vector = new Float32Array(bias.length);
    affine(weights["encoder.unify.weight"], bias, both, vector);
    const mean = new Float32Array(weights["posterior_mean.bias"].length);
    return affine(weights["posterior_mean.weight"], weights["posterior_mean.bias"], vector, mean);
  }

  /** The state of the last vertex of an order in which every edge goes forward. */
  sweep({ gru, messages }, types, order, edges) {
    const sent = [];
    let state;
    for (const vertex of order) {
      const total = new Float32Array(gru.size);
      for (const [source, target] of edges) if (target === vertex) addTo(total, sent[source]);
      state = gru.step(types[vertex], total);
      sent[vertex] = messages.send(state, vertex);
    }
    return state;
  }
}

/** A graph that grows from START to END, with a record of how close its decisions were. */
class GrowingGraph {
  constructor() {
    this.types = [START_TYPE];
    this.edges = [];
    this.margin = Infinity;
    this.typeProbabilities = new Float32Array(MAX_VERTICES * NUM_TYPES);
    this.edgeProbabilities = new Float32Array(MAX_VERTICES * MAX_VERTICES);
    this.typeProbabilities[START_TYPE] = 1;
  }

  /** The likeliest type of the next vertex; at the last position it is END. */
  chooseType(logits) {
    const vertex = this.types.length;
    let best = 0;
    for (let kind = 1; kind < NUM_TYPES; kind++) if (logits[kind] > logits[best]) best = kind;
    let total = 0;
    for (const logit of logits) total += Math.exp(logit - logits[best]);
    logits.forEach((logit, kind) => {
      if (kind !== best) this.margin = Math.min(this.margin, logits[best] - logit);
      const probability = Math.exp(logit - logits[best]) / total;
      this.typeProbabilities[vertex * NUM_TYPES + kind] = probability;
    });
    return best;
  }

  /** Whether an edge goes into the newest vertex. */
  chooseEdge(source, logit) {
    const vertex = this.types.length - 1;
    this.margin = Math.min(this.margin, Math.abs(logit));
    this.edgeProbabilities[source * MAX_VERTICES + vertex] = sigmoid(logit);
    if (logit > 0) this.edges.push([source, vertex]);
    return logit > 0;
  }

  /** Add END: every vertex without an out-edge gets one to it. */
  finish() {
    const end = this.types.length;
    this.types.push(END_TYPE);
    const feeding = new Set(this.edges.map(([source]) => source));
    for (let vertex = 0; vertex < end; vertex++) {
      if (feeding.has(vertex)) continue;
      this.edges.push([vertex, end]);
      this.edgeProbabilities[vertex * MAX_VERTICES + end] = 1;
    }
    const order = ([u, v], [x, y]) => v - y || u - x;
    this.edges.sort(order);
  }
}

/** The autoregressive decoder, taking the likeliest decision everywhere. */
class Decoder {
  /** It sends the messages of the encoder's forward sweep, as in training. */
  constructor(weights, codes, messages) {
    this.weights = weights;
    this.gru = new GruCell(weights, "decoder.gru", codes);
    this.messages = messages;
    const hidden = weights["decoder.edge_hidden.weight"];
    this.hiddenBias = weights["decoder.edge_hidden.bias"];
    const size = this.gru.size;
    this.sourceWeight = columnsOf(hidden, 2 * size, 0, size);
    this.targetWeight = columnsOf(hidden, 2 * size, size, 2 * size);
    this.tableHalves = this.gru.withoutMessages.map((state) => this.targetHalf(state));
  }

  targetHalf(state) {
    const half = new Float32Array(this.hiddenBias.length);
    return affine(this.targetWeight, this.hiddenBias, state, half);
  }

  /** The graph of a latent [Z]; see GrowingGraph for its fields. */
  decode(latent) {
    const { weights, gru, messages } = this;
    const start = new Float32Array(gru.size);
    affine(weights["decoder.start.weight"], weights["decoder.start.bias"], latent, start);
    const graph = new GrowingGraph();
    const sent = [];
    const sources = [];
    let state = gru.step(START_TYPE, start.map(Math.tanh));
    for (let vertex = 1; vertex < MAX_VERTICES - 1; vertex++) {
      const kind = graph.chooseType(this.typeLogits(state));
      if (kind === END_TYPE) break;
      graph.types.push(kind);
      sent.push(messages.send(state, vertex - 1));
      const half = new Float32Array(this.hiddenBias.length);
      sources.push(affine(this.sourceWeight, null, state, half));
      state = this.addEdges(graph, kind, sent, sources);
    }
    graph.typeProbabilities[graph.types.length * NUM_TYPES + END_TYPE] ||= 1;
    graph.finish();
    return graph;
  }

  typeLogits(state) {
    const { weights } = this;
    const bias = weights["decoder.add_vertex.0.bias"];
    const hidden = new Float32Array(bias.length);
    affine(weights["decoder.add_vertex.0.weight"], bias, state, hidden);
    for (let i = 0; i < hidden.length; i++) if (hidden[i] < 0) hidden[i] = 0;
    const logits = new Float32Array(NUM_TYPES);
    const output = weights["decoder.add_vertex.2.weight"];
    return affine(output, weights["decoder.add_vertex.2.bias"], hidden, logits);
  }

  /** Decide all edges into the newest vertex, last source first; gives its final state. */
  addEdges(graph, kind, sent, sources) {
    const { gru } = this;
    const total = new Float32Array(gru.size);
    let state = gru.withoutMessages[kind];
    let half = this.tableHalves[kind];
    for (let source = sources.length - 1; source >= 0; source--) {
      if (!graph.chooseEdge(source, this.edgeLogit(half, sources[source]))) continue;
      addTo(total, sent[source]);
      state = gru.step(kind, total);
      if (source > 0) half = this.targetHalf(state);
    }
    return state;
  }

  edgeLogit(target, source) {
    const output = this.weights["decoder.edge_output.weight"];
    let logit = 0;
    for (let i = 0; i < output.length; i++) {
      const value = target[i] + source[i];
      if (value > 0) logit += output[i] * value;
    }
    return logit + this.weights["decoder.edge_output.bias"][0];
  }
}
