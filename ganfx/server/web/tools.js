/** The tools above the picture: zoom, what is painted for a mask, and dots of color. */
import { reason } from "./api.js";
import { button, make } from "./controls.js";
import { TEXT } from "./text.js";

/** @typedef {import("./viewer.js").Viewer} Viewer */
/** @typedef {import("./mask.js").Mask} Mask */
/** @typedef {import("./mask.js").Painted} Painted */
/** What the page knows. @typedef {{mask: () => Mask | null, hints: () => HTMLInputElement | null, name: () => string,
 *   tell: (error: unknown) => void}} Host */

const MASK_MODES = /** @type {const} */ (["brush", "erase", "box", "lasso"]);
const NEAREST_POINT = 0.5;

export class Tools {
  /** @param {HTMLElement} place @param {Viewer} viewer @param {Host} host */
  constructor(place, viewer, host) {
    this.viewer = viewer;
    this.host = host;
    this.mode = "move";
    /** @type {Painted | null} */ this.painted = null;
    this.percent = make("output");
    this.beside = this.toggle(TEXT.beside, () => {
      viewer.beside = !viewer.beside;
      this.beside.setAttribute("aria-pressed", String(viewer.beside));
      if (viewer.fitted) viewer.fit();
      else viewer.change();
    });
    const zoom = [
      button("−", () => viewer.scale(0.8), TEXT.zoomOut),
      this.percent,
      button("+", () => viewer.scale(1.25), TEXT.zoomIn),
      button(TEXT.fit, () => viewer.fit()),
      button("100 %", () => viewer.scale(viewer.finest / viewer.zoom), TEXT.full),
    ];
    this.modes = Object.fromEntries(
      ["move", ...MASK_MODES, "dot"].map((mode) => [mode, this.toggle(TEXT.modes[/** @type {"move"} */ (mode)], () => this.choose(mode))]),
    );
    this.size = this.range(TEXT.size, 1, 400, 40);
    this.hard = this.range(TEXT.hardness, 0, 100, 100);
    this.color = make("input", { type: "color", value: "#7a2430" });
    this.forMask = make("span", { className: "group" }, ...this.maskTools());
    this.forDots = make("span", { className: "group" }, this.modes.dot, make("label", {}, TEXT.color, this.color));
    this.forDots.append(button(TEXT.removeDot, () => this.dots((words) => words.slice(0, -1))));
    place.setAttribute("aria-label", TEXT.tools);
    const group = (/** @type {Node[]} */ ...some) => make("span", { className: "group" }, ...some);
    place.replaceChildren(group(...zoom, this.beside), group(this.modes.move, this.forMask, this.forDots));
    viewer.overlay = (context, zoom) => this.draw(context, zoom);
    this.choose("move");
  }

  maskTools() {
    const act = (/** @type {(mask: Mask) => void} */ what) => () => {
      const mask = this.host.mask();
      if (mask) what(mask);
      this.viewer.draw();
    };
    const file = make("input", { type: "file", accept: "image/*", hidden: true, ariaLabel: TEXT.loadMask });
    file.addEventListener("change", async () => {
      const [chosen] = file.files ?? [];
      file.value = "";
      await this.host.mask()?.load(chosen).catch(this.host.tell);
      this.viewer.draw();
    });
    return [
      ...MASK_MODES.map((mode) => this.modes[mode]),
      make("label", {}, TEXT.size, this.size),
      make("label", {}, TEXT.hardness, this.hard),
      button(TEXT.undo, act((mask) => mask.step(-1))),
      button(TEXT.redo, act((mask) => mask.step(1))),
      button(TEXT.grow, act((mask) => mask.add({ kind: "grow", by: Number(this.size.value) / 4 }))),
      button(TEXT.invert, act((mask) => mask.add({ kind: "invert" }))),
      button(TEXT.clear, act((mask) => mask.add({ kind: "clear" }))),
      button(TEXT.loadMask, () => file.click()),
      button(TEXT.saveMask, act((mask) => this.save(mask))),
      file,
    ];
  }

  /** @param {Mask} mask */
  async save(mask) {
    try {
      const href = URL.createObjectURL(await mask.file());
      make("a", { href, download: `${this.host.name()}_mask.png` }).click();
      setTimeout(() => URL.revokeObjectURL(href), 60_000);
    } catch (error) {
      this.host.tell(reason(error));
    }
  }

  /** @param {string} title @param {() => void} pressed */
  toggle(title, pressed) {
    const made = button(title, pressed);
    made.setAttribute("aria-pressed", "false");
    return made;
  }

  range(label = "", min = 0, max = 1, value = 0) {
    return make("input", { type: "range", min: String(min), max: String(max), value: String(value), ariaLabel: label });
  }

  /** @param {string} mode */
  choose(mode) {
    this.mode = mode;
    for (const [name, made] of Object.entries(this.modes)) made.setAttribute("aria-pressed", String(name === mode));
    this.viewer.canvas.classList.toggle("paints", mode !== "move");
    this.viewer.tool = mode === "move" ? null : this;
    this.viewer.draw();
  }

  /** Shows what is of use. @param {boolean} isMasked @param {boolean} isHinted @param {boolean} hasResult */
  show(isMasked, isHinted, hasResult) {
    this.forMask.hidden = !isMasked;
    this.forDots.hidden = !isHinted;
    this.modes.move.hidden = !isMasked && !isHinted;
    this.beside.hidden = !hasResult;
    const isLost = (this.mode === "dot" && !isHinted) || (MASK_MODES.some((one) => one === this.mode) && !isMasked);
    if (isLost) this.choose("move");
  }

  down(x = 0, y = 0) {
    if (this.mode === "dot") {
      const at = [x, y].map(Math.floor).join();
      this.dots((words) => [...words, `${at},${this.color.value}`]);
      return;
    }
    const kind = this.mode === "box" || this.mode === "lasso" ? this.mode : "stroke";
    // Sizes are those seen on the screen.
    const size = Number(this.size.value) / this.viewer.zoom;
    this.painted = { kind, erase: this.mode === "erase", size, hard: Number(this.hard.value) / 100, points: [[x, y]] };
    this.move(x, y);
  }

  move(x = 0, y = 0) {
    if (!this.painted) return;
    const last = this.painted.points[this.painted.points.length - 1];
    if (Math.hypot(x - last[0], y - last[1]) * this.viewer.zoom > NEAREST_POINT) this.painted.points.push([x, y]);
    this.host.mask()?.preview(this.painted);
    this.viewer.draw();
  }

  up() {
    if (this.painted) this.host.mask()?.add(this.painted);
    this.painted = null;
    this.viewer.draw();
  }

  /** @param {(words: string[]) => string[]} change of the colors that are known */
  dots(change) {
    const field = this.host.hints();
    if (!field) return;
    field.value = change(field.value.split(/\s+/).filter(Boolean)).join(" ");
    field.dispatchEvent(new Event("input", { bubbles: true }));
    this.viewer.draw();
  }

  /** @param {CanvasRenderingContext2D} context @param {number} zoom */
  draw(context, zoom) {
    const mask = this.forMask.hidden ? null : this.host.mask();
    if (mask && (this.painted || !mask.isEmpty)) {
      context.globalAlpha = 0.55;
      context.drawImage(mask.shown, 0, 0, mask.width, mask.height);
      context.globalAlpha = 1;
    }
    const ring = (x = 0, y = 0, radius = 0, color = "") => {
      context.beginPath();
      context.arc(x, y, radius / zoom, 0, 2 * Math.PI);
      context.fillStyle = color;
      if (color) context.fill();
      for (const [strokeStyle, width] of /** @type {[string, number][]} */ ([["#000", 3], ["#fff", 1.5]])) {
        Object.assign(context, { strokeStyle, lineWidth: width / zoom });
        context.stroke();
      }
    };
    for (const word of this.host.hints()?.value.split(/\s+/) ?? []) {
      const [x, y, color] = word.split(",");
      if (color) ring(Number(x) + 0.5, Number(y) + 0.5, 8, color);
    }
    const hover = this.viewer.hover;
    if (hover && (this.mode === "brush" || this.mode === "erase")) ring(hover[0], hover[1], Number(this.size.value) / 2);
  }
}
