/** <before-after>: two pictures one above the other, and a slider between them for mouse, touch and keyboard. */
import { TEXT } from "./text.js";

export class BeforeAfter extends HTMLElement {
  connectedCallback() {
    if (this.firstChild) return;
    this.frame = document.createElement("div");
    this.original = new Image();
    this.result = new Image();
    this.slider = document.createElement("input");
    Object.assign(this.slider, { type: "range", min: "0", max: "100", step: "1", value: "50" });
    this.slider.setAttribute("aria-label", TEXT.slider);
    this.line = document.createElement("span");
    this.frame.className = "frame";
    this.result.className = "after";
    this.line.className = "line";
    this.frame.append(this.original, this.result, this.line, this.slider);
    this.append(this.frame);
    this.slider.addEventListener("input", () => this.place());
    this.place();
  }

  place() {
    const share = Number(this.slider?.value);
    this.style.setProperty("--at", `${share}%`);
    this.slider?.setAttribute("aria-valuetext", `${TEXT.before} ${share} %, ${TEXT.after} ${100 - share} %`);
  }

  /**
   * @param {string} before address
   * @param {string | null} after address
   * @param {number} width of the frame at 100 %
   * @param {string} name
   */
  show(before, after, width, name) {
    if (!this.frame || !this.original || !this.result || !this.slider || !this.line) return;
    this.original.src = before;
    this.original.alt = `${TEXT.before}: ${name}`;
    this.result.hidden = this.line.hidden = this.slider.hidden = after === null;
    if (after) this.result.src = after;
    else this.result.removeAttribute("src");
    this.result.alt = after ? `${TEXT.after}: ${name}` : "";
    this.style.setProperty("--full", `${width}px`);
  }
}
customElements.define("before-after", BeforeAfter);
