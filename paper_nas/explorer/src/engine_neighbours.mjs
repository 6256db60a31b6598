// The known architectures nearest to a latent, by Euclidean distance.

/** Searches latents that are stored as one byte per coordinate. */
class Neighbours {
  /**
   * @param {Uint8Array} codes [R, Z]; a coordinate is minimum[z] + step[z] * code.
   * @param {{minimum: number[], step: number[]}} scale
   */
  constructor(codes, { minimum, step }) {
    this.codes = codes;
    this.minimum = minimum;
    this.step = step;
    this.width = step.length;
    this.squares = Float64Array.from(step, (value) => value * value);
  }

  /** The nearest rows, nearest first: [{row, distance}]. */
  nearest(latent, count) {
    const { codes, width, squares } = this;
    const target = Float64Array.from(latent, (value, z) => (value - this.minimum[z]) / this.step[z]);
    const found = [];
    let limit = Infinity;
    for (let row = 0, place = 0; place < codes.length; row++, place += width) {
      let sum = 0;
      for (let z = 0; z < width; z++) {
        const difference = codes[place + z] - target[z];
        sum += squares[z] * difference * difference;
      }
      if (sum >= limit) continue;
      let position = found.length;
      while (position > 0 && found[position - 1].distance > sum) position--;
      found.splice(position, 0, { row, distance: sum });
      if (found.length > count) found.pop();
      if (found.length === count) limit = found[count - 1].distance;
    }
    return found.map(({ row, distance }) => ({ row, distance: Math.sqrt(distance) }));
  }
}
