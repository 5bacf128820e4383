/** A file of the engine on the canvas. */
import { address } from "./api.js";

/** @typedef {import("./api.js").Picture} Picture */
/** @typedef {import("./viewer.js").Box} Box */

const SIDE = 2400;
const MOST_SIDE = 8192;

/** A file of the engine, shown where it belongs; in full sharpness as far as it is seen. */
export class Layer {
  /** @param {Picture} file @param {Box} box @param {() => void} redraw */
  constructor(file, box, redraw) {
    this.file = file;
    this.box = box;
    this.redraw = redraw;
    this.base = this.load("");
    /** @type {{key: string, image: HTMLImageElement, box: Box} | null} */
    this.detail = null;
  }

  /** @param {string} part */
  load(part, side = SIDE) {
    const image = new Image();
    image.onload = this.redraw;
    image.src = address(`files/${this.file.id}/view?side=${side}${part}`);
    return image;
  }

  /** Pixels of the file for each of the original. */
  get scale() {
    return this.file.width / this.box[2];
  }

  /** @param {Box} seen @param {number} density pixels of the screen for each of the original */
  sharpen(seen, density) {
    const wanted = Math.min(density, this.scale);
    const [left, top] = [0, 1].map((at) => Math.max(seen[at], this.box[at]) - this.box[at]);
    const [wide, high] = [2, 3].map((at) => Math.min(seen[at - 2] + seen[at], this.box[at - 2] + this.box[at]) - this.box[at - 2]);
    if (wide <= left || high <= top || (SIDE * 1.01) / Math.max(this.box[2], this.box[3]) >= wanted) return;
    const from = [left, top].map((at) => Math.floor(at * this.scale));
    const size = [wide, high].map((at, axis) => Math.ceil(at * this.scale) - from[axis]);
    const side = Math.min(MOST_SIDE, Math.ceil((Math.max(...size) * wanted) / this.scale));
    const key = [...from, ...size].join();
    if (this.detail?.key === key) return;
    const image = this.load(`&box=${key}`, side);
    const at = from.map((one, axis) => one / this.scale + this.box[axis]);
    const box = /** @type {Box} */ ([...at, ...size.map((one) => one / this.scale)]);
    image.onload = () => {
      this.detail = { key, image, box };
      this.redraw();
    };
  }

  /** @param {CanvasRenderingContext2D} context @param {number} density */
  draw(context, density) {
    for (const { image, box } of [{ image: this.base, box: this.box }, ...(this.detail ? [this.detail] : [])]) {
      if (!image.complete || !image.naturalWidth) continue;
      context.imageSmoothingEnabled = density * box[2] < 2.5 * image.naturalWidth;
      context.drawImage(image, ...box);
    }
  }
}
