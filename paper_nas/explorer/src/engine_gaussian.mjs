// The sparse Gaussian process of paper_nas.regression, in double precision.
// Glossary of shapes: M inducing points, D = Z input dimensions.

/** Lower triangular rows of a symmetric matrix [M, M], packed one after another; its Cholesky factor. */
function cholesky(packed, size) {
  const lower = Float64Array.from(packed);
  for (let row = 0; row < size; row++) {
    const start = (row * (row + 1)) / 2;
    for (let column = 0; column <= row; column++) {
      const other = (column * (column + 1)) / 2;
      let sum = lower[start + column];
      for (let k = 0; k < column; k++) sum -= lower[start + k] * lower[other + k];
      if (column < row) {
        lower[start + column] = sum / lower[other + column];
      } else {
        if (!(sum > 0)) {
          throw failure("DamagedFile", "The stored Gaussian process is not a covariance.");
        }
        lower[start + column] = Math.sqrt(sum);
      }
    }
  }
  return lower;
}

/** Solve lower x = right, for a packed lower triangular matrix. */
function solveLower(lower, right) {
  const solution = new Float64Array(right.length);
  for (let row = 0, start = 0; row < right.length; row++, start += row) {
    let sum = right[row];
    for (let k = 0; k < row; k++) sum -= lower[start + k] * solution[k];
    solution[row] = sum / lower[start + row];
  }
  return solution;
}

/** Predicts the score of a latent, with its uncertainty. */
class SparseProcess {
  /**
   * @param {object} arrays inducing [M, D] and squared_lengths [D] (double); precision, the Cholesky
   *   factor of the whitened posterior precision, packed [M (M + 1) / 2]; mean [M], whitened.
   * @param {object} numbers variance, noise, jitter (added to the diagonal, in units of the
   *   targets' variance), location and scale of the targets.
   */
  constructor(arrays, numbers) {
    Object.assign(this, arrays, numbers);
    this.size = this.mean.length;
    this.width = this.squared_lengths.length;
    this.weights = Float64Array.from(this.squared_lengths, (length) => 0.5 / length);
    const packed = new Float64Array((this.size * (this.size + 1)) / 2);
    for (let row = 0, place = 0; row < this.size; row++) {
      const point = this.inducing.subarray(row * this.width, (row + 1) * this.width);
      for (let column = 0; column <= row; column++) packed[place++] = this.covariance(point, column);
      packed[place - 1] += this.jitter;
    }
    this.lower = cholesky(packed, this.size);
  }

  /** Prior covariance of a point with one inducing point. */
  covariance(point, index) {
    const { inducing, weights, width } = this;
    let sum = 0;
    for (let d = 0, place = index * width; d < width; d++, place++) {
      const difference = point[d] - inducing[place];
      sum += weights[d] * difference * difference;
    }
    return this.variance * Math.exp(-sum);
  }

  /** Mean and standard deviation of a new observation, in the units of the score. */
  predict(latent) {
    const cross = Float64Array.from(this.mean, (_, index) => this.covariance(latent, index));
    const white = solveLower(this.lower, cross);
    const left = solveLower(this.precision, white);
    let mean = 0;
    let variance = this.variance;
    for (let i = 0; i < this.size; i++) {
      mean += this.mean[i] * white[i];
      variance += left[i] * left[i] - white[i] * white[i];
    }
    const sd = Math.sqrt(Math.max(0, variance) + this.noise);
    return { mean: this.location + this.scale * mean, sd: this.scale * sd };
  }
}
