/** What is painted over a picture: a list of operations, which is drawn small to be seen and in full to be sent. */
import { make } from "./controls.js";
import { TEXT } from "./text.js";

/** @typedef {[number, number]} Point */
/** @typedef {{kind: "stroke" | "lasso" | "box", erase: boolean, size: number, hard: number, points: Point[]}} Painted */
/** @typedef {Painted | {kind: "grow", by: number} | {kind: "invert"} | {kind: "clear"} | {kind: "image", image: HTMLCanvasElement}} Operation */

const SHOWN_PIXELS = 4e6;
const DIRECTIONS = 32;

/** @param {number} width @param {number} height */
const sheet = (width, height) => make("canvas", { width: Math.max(1, Math.round(width)), height: Math.max(1, Math.round(height)) });

export class Mask {
  /** @param {number} width @param {number} height of the picture */
  constructor(width, height) {
    this.width = width;
    this.height = height;
    this.scale = Math.min(1, Math.sqrt(SHOWN_PIXELS / (width * height)));
    this.kept = sheet(width * this.scale, height * this.scale);
    this.shown = sheet(width * this.scale, height * this.scale);
    /** @type {Operation[]} */ this.operations = [];
    this.count = 0;
    /** The mask as the engine knows it. @type {string | null} */ this.id = null;
  }

  get isEmpty() {
    return this.count === 0 || this.operations[this.count - 1].kind === "clear";
  }

  /** @param {Operation} operation */
  add(operation) {
    this.operations.length = this.count;
    this.operations.push(operation);
    this.count += 1;
    this.id = null;
    apply(this.kept, this.scale, operation);
    this.preview();
  }

  /** Shows what is there, and what is being painted. @param {Operation} [operation] */
  preview(operation) {
    const context = this.shown.getContext("2d");
    context?.clearRect(0, 0, this.shown.width, this.shown.height);
    context?.drawImage(this.kept, 0, 0);
    if (operation) apply(this.shown, this.scale, operation);
    if (!context) return;
    context.globalCompositeOperation = "source-in";
    context.fillStyle = "#ff2d55";
    context.fillRect(0, 0, this.shown.width, this.shown.height);
    context.globalCompositeOperation = "source-over";
  }

  /** Undoes with -1, and does again with 1. @param {number} by */
  step(by) {
    this.count = Math.min(Math.max(this.count + by, 0), this.operations.length);
    this.id = null;
    this.kept.width += 0;
    for (const operation of this.operations.slice(0, this.count)) apply(this.kept, this.scale, operation);
    this.preview();
  }

  /** The mask in the picture's own size: white where it marks. @returns {Promise<Blob>} */
  async file() {
    const whole = sheet(this.width, this.height);
    for (const operation of this.operations.slice(0, this.count)) apply(whole, 1, operation);
    return new Promise((done, failed) => whole.toBlob((blob) => (blob ? done(blob) : failed(new Error(TEXT.maskTooLarge)))));
  }

  /** Takes a mask from a picture file: white, or what is not black. @param {Blob} blob */
  async load(blob) {
    const bitmap = await createImageBitmap(blob).catch(() => {
      throw new Error(TEXT.maskUnreadable);
    });
    if (bitmap.width !== this.width || bitmap.height !== this.height)
      throw new Error(TEXT.maskSize(bitmap.width, bitmap.height, this.width, this.height));
    const image = sheet(bitmap.width, bitmap.height);
    const context = /** @type {CanvasRenderingContext2D} */ (image.getContext("2d"));
    context.drawImage(bitmap, 0, 0);
    const pixels = context.getImageData(0, 0, image.width, image.height);
    for (let at = 0; at < pixels.data.length; at += 4) {
      const [red, green, blue, alpha] = pixels.data.subarray(at, at + 4);
      pixels.data.set([255, 255, 255, ((0.2126 * red + 0.7152 * green + 0.0722 * blue) * alpha) / 255], at);
    }
    context.putImageData(pixels, 0, 0);
    this.add({ kind: "image", image });
  }
}

/** @param {HTMLCanvasElement} canvas @param {number} scale @param {Operation} operation */
function apply(canvas, scale, operation) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.save();
  Object.assign(context, { fillStyle: "#fff", strokeStyle: "#fff", lineCap: "round", lineJoin: "round" });
  if (operation.kind === "clear") context.clearRect(0, 0, canvas.width, canvas.height);
  else if (operation.kind === "image") context.drawImage(operation.image, 0, 0, canvas.width, canvas.height);
  else if (operation.kind === "invert") {
    context.globalCompositeOperation = "xor";
    context.fillRect(0, 0, canvas.width, canvas.height);
  } else if (operation.kind === "grow") {
    const by = Math.max(1, operation.by * scale);
    const before = sheet(canvas.width, canvas.height);
    before.getContext("2d")?.drawImage(canvas, 0, 0);
    for (let at = 0; at < DIRECTIONS; at += 1) {
      const angle = (2 * Math.PI * at) / DIRECTIONS;
      context.drawImage(before, by * Math.cos(angle), by * Math.sin(angle));
    }
  } else paint(context, scale, operation);
  context.restore();
}

/** @param {CanvasRenderingContext2D} context @param {number} scale @param {Painted} painted */
function paint(context, scale, { kind, erase, size, hard, points }) {
  const [first, last] = [points[0], points[points.length - 1]];
  if (erase) context.globalCompositeOperation = "destination-out";
  if (kind === "stroke" && hard < 1) context.filter = `blur(${((1 - hard) * size * scale) / 4}px)`;
  context.scale(scale, scale);
  context.lineWidth = size * (0.5 + hard / 2);
  context.beginPath();
  if (kind === "box") context.rect(first[0], first[1], last[0] - first[0], last[1] - first[1]);
  else for (const point of points) context.lineTo(...point);
  // A line of no length would not be drawn.
  if (points.length === 1) context.lineTo(first[0] + 0.01, first[1]);
  if (kind === "stroke") context.stroke();
  else context.fill();
}
