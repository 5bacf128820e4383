/** Two pictures under one view: with a line between them or side by side, at any zoom, and what is painted on them. */
import { Layer } from "./layer.js";

/** @typedef {import("./api.js").Picture} Picture */
/** Left, top, width and height in pixels of the original. @typedef {[number, number, number, number]} Box */
/** @typedef {{down: (x: number, y: number) => void, move: (x: number, y: number) => void, up: () => void}} Tool */

const MOST_ZOOM = 32;
const HANDLE = 18;
const SETTLE_MS = 150;

export class Viewer {
  /** @param {HTMLCanvasElement} canvas @param {() => void} moved is called whenever the zoom or the line changes */
  constructor(canvas, moved) {
    this.canvas = canvas;
    this.moved = moved;
    /** @type {Layer | null} */ this.before = null;
    /** @type {Layer | null} */ this.after = null;
    /** @type {Tool | null} */ this.tool = null;
    /** @type {(context: CanvasRenderingContext2D, zoom: number) => void} */ this.overlay = () => {};
    this.zoom = 1;
    this.x = 0;
    this.y = 0;
    this.line = 0.5;
    this.beside = false;
    this.fitted = true;
    /** @type {Map<number, PointerEvent>} */ this.pointers = new Map();
    this.drag = "";
    this.listen();
  }

  listen() {
    new ResizeObserver(() => (this.fitted ? this.fit() : this.change())).observe(this.canvas);
    this.canvas.addEventListener("pointerdown", (event) => this.down(event));
    this.canvas.addEventListener("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"])
      this.canvas.addEventListener(name, (event) => this.up(/** @type {PointerEvent} */ (event)));
    this.canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    const wheel = (/** @type {WheelEvent} */ event) => {
      event.preventDefault();
      this.scale(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.002)), event.offsetX, event.offsetY);
    };
    this.canvas.addEventListener("wheel", wheel, { passive: false });
  }

  /** @param {Picture} before @param {Picture} original @param {Picture | null} after @param {Box | null} box of `after` */
  show(before, original, after, box) {
    const whole = /** @type {Box} */ ([0, 0, original.width, original.height]);
    const isNew = this.original?.id !== original.id;
    this.original = original;
    const redraw = () => this.draw();
    if (this.before?.file.id !== before.id) this.before = new Layer(before, whole, redraw);
    if (!after) this.after = null;
    else if (this.after?.file.id !== after.id) this.after = new Layer(after, box ?? whole, redraw);
    if (isNew) this.fit();
    else this.change();
  }

  get width() {
    return this.canvas.clientWidth;
  }
  get height() {
    return this.canvas.clientHeight;
  }

  /** The width of one pane. */
  get pane() {
    return this.beside && this.after ? this.width / 2 : this.width;
  }

  /** Pixels of the larger picture for each of the original: at 100 % each is one of the screen. */
  get finest() {
    return Math.max(1, this.after?.scale ?? 1, this.before?.scale ?? 1) / devicePixelRatio;
  }

  fit() {
    if (!this.original) return;
    const most = Math.min(this.pane / this.original.width, this.height / this.original.height);
    this.zoom = Math.min(most, 8 * this.finest);
    [this.x, this.y] = [this.original.width / 2, this.original.height / 2];
    this.fitted = true;
    this.change();
  }

  /** Shows `box` as large as it can be. @param {Box} box */
  look([left, top, width, height]) {
    [this.x, this.y, this.fitted] = [left + width / 2, top + height / 2, false];
    this.zoom = 0.9 * Math.min(this.pane / width, this.height / height);
    this.change();
  }

  /** Zooms by `by` about a point of the canvas. */
  scale(by = 1, x = this.pane / 2, y = this.height / 2) {
    const zoom = Math.min(Math.max(this.zoom * by, 0.01), MOST_ZOOM * this.finest);
    const [dx, dy] = [(x % this.pane) - this.pane / 2, y - this.height / 2];
    this.x += dx / this.zoom - dx / zoom;
    this.y += dy / this.zoom - dy / zoom;
    [this.zoom, this.fitted] = [zoom, false];
    this.change();
  }

  /** The part of the original that is seen. @returns {Box} */
  get seen() {
    const [width, height] = [this.pane / this.zoom, this.height / this.zoom];
    const [left, top] = [Math.max(0, this.x - width / 2), Math.max(0, this.y - height / 2)];
    const { width: wide, height: high } = this.original ?? { width: 1, height: 1 };
    return [left, top, Math.min(wide, this.x + width / 2) - left, Math.min(high, this.y + height / 2) - top];
  }

  change() {
    if (!this.original) return;
    this.x = Math.min(Math.max(this.x, 0), this.original.width);
    this.y = Math.min(Math.max(this.y, 0), this.original.height);
    clearTimeout(this.settling);
    this.settling = setTimeout(() => {
      for (const layer of [this.before, this.after]) layer?.sharpen(this.seen, this.zoom * devicePixelRatio);
    }, SETTLE_MS);
    this.moved();
    this.draw();
  }

  draw() {
    cancelAnimationFrame(this.frame ?? 0);
    this.frame = requestAnimationFrame(() => this.paint());
  }

  paint() {
    const [width, height] = [this.width, this.height];
    Object.assign(this.canvas, { width: width * devicePixelRatio, height: height * devicePixelRatio });
    const context = this.canvas.getContext("2d");
    if (!context || !this.before) return;
    const under = [this.before];
    const both = this.after ? [...under, this.after] : under;
    const at = this.line * width;
    if (!this.after) this.panel(context, 0, width, width / 2, under, this.overlay);
    else if (this.beside) {
      this.panel(context, 0, width / 2 - 1, width / 4, under, this.overlay);
      this.panel(context, width / 2 + 1, width, (3 * width) / 4, both);
    } else {
      this.panel(context, 0, at, width / 2, under, this.overlay);
      this.panel(context, at, width, width / 2, both);
      this.handle(context, at);
    }
  }

  /** @param {CanvasRenderingContext2D} context @param {Layer[]} layers @param {Viewer["overlay"]} [overlay] */
  panel(context, from = 0, to = 0, middle = 0, layers, overlay) {
    const ratio = devicePixelRatio;
    context.save();
    context.scale(ratio, ratio);
    context.beginPath();
    context.rect(from, 0, Math.max(0, to - from), this.height);
    context.clip();
    context.translate(middle - this.x * this.zoom, this.height / 2 - this.y * this.zoom);
    context.scale(this.zoom, this.zoom);
    for (const layer of layers) layer.draw(context, this.zoom * ratio);
    if (this.after && this.after.box[2] < (this.original?.width ?? 0)) this.frameOf(context, this.after.box);
    overlay?.(context, this.zoom);
    context.restore();
  }

  /** @param {CanvasRenderingContext2D} context @param {Box} box */
  frameOf(context, box) {
    for (const [color, width] of /** @type {[string, number][]} */ ([["#000", 3], ["#fff", 1]])) {
      Object.assign(context, { strokeStyle: color, lineWidth: width / this.zoom });
      context.strokeRect(...box);
    }
  }

  /** @param {CanvasRenderingContext2D} context */
  handle(context, at = 0) {
    context.save();
    context.scale(devicePixelRatio, devicePixelRatio);
    Object.assign(context, { fillStyle: "#fff", shadowColor: "#000a", shadowBlur: 4, font: "700 16px system-ui" });
    context.fillRect(at - 1, 0, 2, this.height);
    context.beginPath();
    context.arc(at, this.height / 2, HANDLE, 0, 2 * Math.PI);
    context.fill();
    Object.assign(context, { fillStyle: "#1c2324", shadowBlur: 0, textAlign: "center", textBaseline: "middle" });
    context.fillText("‹ ›", at, this.height / 2 - 1);
    context.restore();
  }

  /** A point of the canvas in pixels of the original. @param {{offsetX: number, offsetY: number}} event */
  point({ offsetX, offsetY }) {
    const middle = this.pane / 2;
    return /** @type {[number, number]} */ ([
      ((this.beside && this.after ? offsetX % this.pane : offsetX) - middle) / this.zoom + this.x,
      (offsetY - this.height / 2) / this.zoom + this.y,
    ]);
  }

  /** @param {PointerEvent} event */
  down(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, event);
    if (this.pointers.size > 1) {
      if (this.drag === "tool") this.tool?.up();
      this.drag = "pinch";
      return;
    }
    const isOnLine = this.after && !this.beside && Math.abs(event.offsetX - this.line * this.width) < HANDLE;
    const isOnHandle = isOnLine && Math.abs(event.offsetY - this.height / 2) < HANDLE;
    this.drag = event.button ? "pan" : isOnHandle || (isOnLine && !this.tool) ? "line" : this.tool ? "tool" : "pan";
    if (this.drag === "tool") this.tool?.down(...this.point(event));
  }

  /** @param {PointerEvent} event */
  move(event) {
    const last = this.pointers.get(event.pointerId);
    this.hover = this.point(event);
    if (!last) {
      if (this.tool) this.draw();
      return;
    }
    this.pointers.set(event.pointerId, event);
    if (this.drag === "line") this.slide(event.offsetX / this.width);
    else if (this.drag === "tool") event.getCoalescedEvents().concat(event).forEach((one) => this.tool?.move(...this.point(one)));
    else if (this.drag === "pinch") this.pinch(last, event);
    else {
      this.x -= (event.offsetX - last.offsetX) / this.zoom;
      this.y -= (event.offsetY - last.offsetY) / this.zoom;
      this.fitted = false;
      this.change();
    }
  }

  /** @param {PointerEvent} last @param {PointerEvent} now */
  pinch(last, now) {
    const other = [...this.pointers.values()].find((one) => one.pointerId !== now.pointerId);
    if (!other) return;
    const far = (/** @type {PointerEvent} */ one) => Math.hypot(one.offsetX - other.offsetX, one.offsetY - other.offsetY);
    this.scale(far(now) / Math.max(1, far(last)), (now.offsetX + other.offsetX) / 2, (now.offsetY + other.offsetY) / 2);
  }

  /** @param {PointerEvent} event */
  up(event) {
    this.pointers.delete(event.pointerId);
    if (this.drag === "tool") this.tool?.up();
    this.drag = "";
  }

  slide(share = 0.5) {
    this.line = Math.min(Math.max(share, 0), 1);
    this.change();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const step = 60 / this.zoom;
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    const by = moves[/** @type {"ArrowUp"} */ (event.key)];
    if (event.key === "+" || event.key === "=") this.scale(1.25);
    else if (event.key === "-") this.scale(0.8);
    else if (event.key === "0") this.fit();
    else if (event.key === "1") this.scale(this.finest / this.zoom);
    else if (by) {
      [this.x, this.y, this.fitted] = [this.x + by[0], this.y + by[1], false];
      this.change();
    } else return;
    event.preventDefault();
  }
}
