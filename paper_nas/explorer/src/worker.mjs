// The engine: models by name, and the answers to requests {id, method, args}, in a worker or here.

/** What one model can do, as far as its files are there. */
class LoadedModel {
  constructor(description) {
    this.description = description;
    this.parameters = 0;
  }

  /** Take one file, "weights", "latents" or "gp", after a check of its length and checksum. */
  async take(part, buffer) {
    const file = this.description[part];
    if (!file) throw failure("NotLoaded", `${this.description.label} has no file of ${part}.`);
    await checkFile(buffer, file);
    const arrays = {};
    if (part !== "latents") {
      for (const name of Object.keys(file.arrays)) arrays[name] = readArray(buffer, file.arrays[name]);
    }
    if (part === "weights") this.takeWeights(arrays);
    if (part === "latents") {
      const { latents } = file.arrays;
      this.latents = new Neighbours(readCodes(buffer, latents), latents);
    }
    if (part === "gp") this.gp = new SparseProcess(arrays, file);
  }

  takeWeights({ codes, ...weights }) {
    this.parameters = Object.values(weights).reduce((sum, array) => sum + array.length, 0);
    this.encoder = new Encoder(weights, codes);
    this.decoder = new Decoder(weights, codes, this.encoder.forward.messages);
    this.weights = weights;
  }

  /** One of the parts above, or an error that says what is still to come. */
  part(name, needs) {
    if (this[name]) return this[name];
    throw failure("NotLoaded", `${this.description.label} still waits for its file of ${needs}.`);
  }
}

/** A latent as the model takes it, or an error. */
function checkedLatent(latent, model) {
  const size = model.description.latent_size;
  if (latent?.length !== size || !Array.prototype.every.call(latent, Number.isFinite)) {
    throw failure("BadLatent", `A latent of ${model.description.label} is ${size} finite numbers.`);
  }
  return latent;
}

/** The methods of the engine; each takes the arguments of a request and the loaded models. */
const ENGINE_METHODS = {
  async load({ model, index, buffers }, models) {
    if (!models.has(model)) {
      const description = index.models.find((entry) => entry.name === model);
      if (!description) throw failure("NotLoaded", `There is no model called "${model}".`);
      models.set(model, new LoadedModel(description));
    }
    const loaded = models.get(model);
    for (const part of Object.keys(buffers)) await loaded.take(part, buffers[part]);
    const ready = { weights: loaded.weights, latents: loaded.latents, gp: loaded.gp };
    return {
      parameters: loaded.parameters,
      ready: Object.keys(ready).filter((part) => ready[part]),
    };
  },

  decode({ latent }, model) {
    const start = performance.now();
    const graph = model.part("decoder", "weights").decode(checkedLatent(latent, model));
    const { types, edges, margin } = graph;
    const architecture = architectureOf(graph);
    return {
      types,
      edges,
      vertices: types.length,
      architecture: architecture && formatArchitecture(architecture),
      probabilities: { types: graph.typeProbabilities, edges: graph.edgeProbabilities },
      margin,
      milliseconds: performance.now() - start,
    };
  },

  encode({ architecture }, model) {
    const wanted = typeof architecture === "string" ? parseArchitecture(architecture) : architecture;
    return model.part("encoder", "weights").encode(graphOf(wanted));
  },

  predict({ latent }, model) {
    return model.part("gp", "the Gaussian process").predict(checkedLatent(latent, model));
  },

  nearest({ latent, count }, model) {
    return model.part("latents", "latents").nearest(checkedLatent(latent, model), count);
  },
};

/** An engine on this thread: `await engine.call(method, args)`. */
function createEngine() {
  const models = new Map();
  return {
    async call(method, args) {
      if (!Object.hasOwn(ENGINE_METHODS, method)) {
        throw failure("BadRequest", `The engine has no method "${method}".`);
      }
      if (method === "load") return ENGINE_METHODS.load(args, models);
      const model = models.get(args.model);
      if (!model) throw failure("NotLoaded", `The model "${args.model}" is not loaded yet.`);
      return ENGINE_METHODS[method](args, model);
    },
  };
}

/** Answer the messages that a worker gets: {id, ok, value} or {id, ok, error: {name, message}}. */
function serveEngine(scope) {
  const engine = createEngine();
  scope.onmessage = async ({ data: { id, method, args } }) => {
    try {
      scope.postMessage({ id, ok: true, value: await engine.call(method, args) });
    } catch ({ name, message }) {
      scope.postMessage({ id, ok: false, error: { name, message } });
    }
  };
}

/** The program of a worker that serves the engine. */
function workerSource() {
  return `(${paperNasEngine})().serveEngine(self);`;
}
