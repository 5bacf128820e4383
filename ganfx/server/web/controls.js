/** The form, made from the engine's schema. */
import { TEXT } from "./text.js";

/** @typedef {import("./api.js").Filter} Filter */
/** @typedef {import("./api.js").Control} Control */

/** What the page asks in its own way, or not at all. */
const OWN = ["result", "candidates"];
const FORMATS = { "": TEXT.sameFormat, png: "PNG", jpg: "JPEG", webp: "WebP", tif: "TIFF", avif: "AVIF" };

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, any>} properties
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** @param {string} name @param {Record<string, string>} choices @param {string} chosen */
function select(name, choices, chosen) {
  const options = Object.entries(choices).map(([value, title]) =>
    make("option", { value, textContent: title, selected: value === chosen }),
  );
  return make("select", { name, id: `control-${name}` }, ...options);
}

/** @param {Control} control */
function input(control) {
  const { name, kind, low, high } = control;
  const id = `control-${name}`;
  if (kind === "choice") return select(name, control.choices ?? {}, String(control.default));
  if (kind === "bool") return make("input", { type: "checkbox", name, id, checked: control.default });
  const isNumber = kind !== "text" && !control.auto;
  const field = make("input", { type: isNumber ? "number" : "text", name, id, value: control.default ?? "" });
  if (isNumber) Object.assign(field, { min: low, max: high, step: kind === "int" ? 1 : "any" });
  return field;
}

/** @param {string} title @param {HTMLElement} field @param {string} help */
function row(title, field, help) {
  const note = make("small", { id: `${field.id}-help`, textContent: help });
  field.setAttribute("aria-describedby", note.id);
  return make("div", { className: "row" }, make("label", { htmlFor: field.id, textContent: title }), field, note);
}

export class Controls {
  /** @param {HTMLElement} place @param {Filter[]} filters */
  constructor(place, filters) {
    this.place = place;
    this.filters = filters.filter((one) => one.mask !== "required");
    this.filter = this.filters.find((one) => one.name === "upscale") ?? this.filters[0];
    this.draw();
  }

  draw() {
    const names = Object.fromEntries(this.filters.map((one) => [one.name, one.title]));
    const choice = select("filter", names, this.filter.name);
    choice.addEventListener("change", () => {
      this.filter = this.filters.find((one) => one.name === choice.value) ?? this.filter;
      this.draw();
      this.place.querySelector("select")?.focus();
    });
    const shown = this.filter.controls.filter((control) => !OWN.includes(control.name));
    const rows = shown.map((control) => [control, row(control.title, input(control), control.help)]);
    const first = rows.filter(([control]) => /** @type {Control} */ (control).name === "model");
    const rest = rows.filter((one) => !first.includes(one));
    const format = row(TEXT.format, select("format", FORMATS, ""), "");
    const more = make("details", {}, make("summary", { textContent: TEXT.more }));
    more.append(.../** @type {Node[]} */ (rest.map((one) => one[1])), format);
    this.place.replaceChildren(
      row(TEXT.filter, choice, this.filter.help),
      .../** @type {Node[]} */ (first.map((one) => one[1])),
      more,
    );
  }

  /** What is asked of the engine, for the picture `file`. @param {string} file */
  request(file) {
    const value = (/** @type {Control} */ control) => {
      const field = /** @type {HTMLInputElement} */ (this.place.querySelector(`[name="${control.name}"]`));
      if (control.kind === "bool") return field.checked;
      const isNumber = (control.kind === "int" || control.kind === "float") && field.value !== control.auto;
      return isNumber ? Number(field.value) : field.value;
    };
    /** @type {Record<string, any>} */
    const options = {};
    let model = null;
    for (const control of this.filter.controls) {
      if (OWN.includes(control.name)) continue;
      const given = value(control);
      if (control.name === "model") model = given;
      else if (given !== control.default && given !== "") options[control.name] = given;
    }
    const format = /** @type {HTMLSelectElement} */ (this.place.querySelector('[name="format"]')).value;
    return { file, filter: this.filter.name, model, options, format: format || null };
  }
}
