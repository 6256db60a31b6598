// The page's side of the engine: one worker, and the models' large files once they are wanted.

/** An engine in a worker, or on this thread where the browser refuses one. */
class EngineLine {
  constructor(onlocal) {
    this.onlocal = onlocal;
    this.pending = new Map();
    this.number = 0;
    this.ready = this.open();
  }

  /** Start the worker and hear whether it answers. */
  async open() {
    try {
      const url = URL.createObjectURL(new Blob([workerSource()], { type: "text/javascript" }));
      this.worker = new Worker(url);
      const answer = new Promise((resolve, reject) => {
        this.worker.onmessage = ({ data }) => {
          resolve();
          this.take(data);
        };
        this.worker.onerror = (event) => reject(event);
      });
      this.post("hello", {}).catch(() => {}); // any answer will do, and "no such method" is one
      await answer;
      URL.revokeObjectURL(url);
      this.worker.onerror = () => this.fail();
    } catch {
      this.worker?.terminate();
      this.worker = null;
      this.local = createEngine();
      this.onlocal();
    }
  }

  post(method, args, transfer = []) {
    const id = ++this.number;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject });
      this.worker.postMessage({ id, method, args }, transfer);
    });
  }

  take({ id, ok, value, error }) {
    const request = this.pending.get(id);
    this.pending.delete(id);
    if (ok) request?.resolve(value);
    else request?.reject(failure(error.name, error.message));
  }

  async call(method, args, transfer) {
    await this.ready;
    return this.worker ? this.post(method, args, transfer) : this.local.call(method, args);
  }

  /** Answer everything that waits, when the worker has died. */
  fail() {
    for (const { reject } of this.pending.values()) {
      reject(failure("EngineFailed", "The engine stopped. Load the page again."));
    }
    this.pending.clear();
  }

  close() {
    this.worker?.terminate();
  }
}

/**
 * Models in the engine, each of whose files is fetched when it is first needed.
 *
 * `onprogress(change, description, bytes)` hears when a file is under way and when it has come,
 * `onlocal()` that there is no worker.
 */
class EngineClient {
  constructor(index, fetchFile, onprogress, onlocal) {
    this.index = index;
    this.fetchFile = fetchFile;
    this.onprogress = onprogress;
    this.onlocal = onlocal;
    this.parts = new Map();
    this.loaded = new Set();
  }

  /** Whether a file of a model is in the engine. */
  has(model, part) {
    return this.loaded.has(`${model} ${part}`);
  }

  /** Bring a file of a model into the engine; asking twice fetches it once, failing forgets it. */
  need(model, part) {
    const key = `${model} ${part}`;
    if (!this.parts.has(key)) {
      const work = this.bring(model, part);
      this.parts.set(key, work);
      work.then(
        () => this.loaded.add(key),
        () => this.parts.delete(key),
      );
    }
    return this.parts.get(key);
  }

  async bring(model, part) {
    const description = this.index.models.find(({ name }) => name === model);
    const file = description[part];
    this.onprogress(1, description, file.bytes);
    try {
      this.line ??= new EngineLine(this.onlocal);
      const buffer = await this.fetchFile(file.file);
      const args = { model, index: this.index, buffers: { [part]: buffer } };
      await this.line.call("load", args, [buffer]);
    } finally {
      this.onprogress(-1, description, file.bytes);
    }
  }

  async decode(model, latent) {
    await this.need(model, "weights");
    return this.line.call("decode", { model, latent });
  }

  async encode(model, architecture) {
    await this.need(model, "weights");
    return Float32Array.from(await this.line.call("encode", { model, architecture }));
  }

  async predict(model, latent) {
    await this.need(model, "gp");
    return this.line.call("predict", { model, latent });
  }

  async nearest(model, latent, count) {
    await this.need(model, "latents");
    return this.line.call("nearest", { model, latent, count });
  }

  close() {
    this.line?.close();
  }
}
