/** The form of the steps, made from the engine's schema. */
import { TEXT } from "./text.js";

/** @typedef {import("./api.js").Filter} Filter */
/** @typedef {import("./api.js").Control} Control */
/** @typedef {{filter: string, model: string | null, options: Record<string, any>}} StepRequest */

/** What the page does not ask. */
const OWN = ["result"];
const FORMATS = { "": TEXT.sameFormat, png: "PNG", jpg: "JPEG", webp: "WebP", tif: "TIFF", avif: "AVIF" };
/** Instead of a filter: the engine chooses. @type {Filter} */
const AUTO = { name: "", title: TEXT.auto, help: TEXT.autoHelp, mask: "none", controls: [] };
let count = 0;

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

/** @param {string} textContent @param {() => void} pressed @param {string} [label] where the text is only a sign */
export function button(textContent, pressed, label) {
  const made = make("button", { type: "button", textContent, title: label ?? "" });
  if (label) made.setAttribute("aria-label", label);
  made.addEventListener("click", pressed);
  return made;
}

/** @param {string} name @param {Record<string, string>} choices @param {string} chosen */
export function select(name, choices, chosen) {
  const options = Object.entries(choices).map(([value, title]) =>
    make("option", { value, textContent: title, selected: value === chosen }),
  );
  return make("select", { name, id: `control-${(count += 1)}` }, ...options);
}

/** @param {Control} control */
function input(control) {
  const { name, kind, low, high } = control;
  const id = `control-${(count += 1)}`;
  if (kind === "choice") return select(name, control.choices ?? {}, String(control.default));
  if (kind === "bool") return make("input", { type: "checkbox", name, id, checked: control.default });
  const isNumber = kind !== "text" && !control.auto;
  const field = make("input", { type: isNumber ? "number" : "text", name, id, value: control.default ?? "" });
  if (isNumber) Object.assign(field, { min: low, max: high, step: kind === "int" ? 1 : "any" });
  return field;
}

/** @param {string} title @param {HTMLElement} field @param {string} help */
export function row(title, field, help) {
  const note = make("small", { id: `${field.id}-help`, textContent: help });
  field.setAttribute("aria-describedby", note.id);
  return make("div", { className: "row" }, make("label", { htmlFor: field.id, textContent: title }), field, note);
}

/** One step: its filter, and what may be set. */
class Step {
  /** @param {Filter[]} filters @param {string} name @param {() => void} changed */
  constructor(filters, name, changed) {
    this.element = make("fieldset", { className: "step" });
    this.filters = filters;
    this.changed = changed;
    this.choose(name);
  }

  /** @param {string} name */
  choose(name) {
    this.filter = this.filters.find((one) => one.name === name) ?? this.filters[0];
    const choice = select("filter", Object.fromEntries(this.filters.map((one) => [one.name, one.title])), this.filter.name);
    choice.addEventListener("change", () => {
      this.choose(choice.value);
      this.element.querySelector("select")?.focus();
      this.changed();
    });
    const shown = this.filter.controls.filter((control) => !OWN.includes(control.name));
    const rows = (/** @type {Control[]} */ some) => some.map((control) => row(control.title, input(control), control.help));
    const more = make("details", {}, make("summary", { textContent: TEXT.more }));
    more.append(...rows(shown.filter((one) => one.name !== "model")));
    this.element.replaceChildren(
      row(TEXT.filter, choice, this.filter.help),
      ...rows(shown.filter((one) => one.name === "model")),
      ...(shown.length > 1 ? [more] : []),
    );
  }

  /** The field of a control. @param {string} name */
  field(name) {
    return /** @type {HTMLInputElement | null} */ (this.element.querySelector(`[name="${name}"]`));
  }

  /** How many results are asked for, each with another seed; the engine makes one at a time. */
  get candidates() {
    return Number(this.field("candidates")?.value ?? 1);
  }

  /** @returns {StepRequest} */
  get request() {
    /** @type {Record<string, any>} */
    const options = {};
    let model = null;
    for (const control of this.filter?.controls ?? []) {
      const field = this.field(control.name);
      if (!field || control.name === "candidates") continue;
      const isNumber = ["int", "float"].includes(control.kind) && field.value !== control.auto;
      const words = control.repeatable ? field.value.split(/\s+/).filter(Boolean) : field.value;
      const given = control.kind === "bool" ? field.checked : isNumber ? Number(field.value) : words;
      if (control.name === "model") model = field.value;
      else if (given !== control.default && String(given) !== "") options[control.name] = given;
    }
    return { filter: this.filter?.name ?? "", model, options };
  }
}

export class Controls {
  /** @param {HTMLElement} place @param {Filter[]} filters @param {() => void} changed */
  constructor(place, filters, changed) {
    this.filters = filters;
    this.changed = changed;
    this.list = make("ol");
    this.format = select("format", FORMATS, "");
    this.recipe = make("pre");
    const recipe = make("details", {}, make("summary", { textContent: TEXT.recipe }), make("small", { textContent: TEXT.recipeHelp }));
    recipe.append(this.recipe);
    recipe.addEventListener("toggle", () => this.tell());
    this.adder = button(TEXT.addStep, () => this.add());
    place.replaceChildren(this.list, this.adder, row(TEXT.format, this.format, ""), recipe);
    place.addEventListener("input", () => this.tell());
    this.steps = [new Step([...filters, AUTO], "upscale", () => this.draw())];
    this.draw();
  }

  add() {
    this.steps.push(new Step(this.filters, "upscale", () => this.draw()));
    this.draw();
    this.steps[this.steps.length - 1].element.querySelector("select")?.focus();
  }

  /** @param {number} at @param {number} to the place after; -1: none */
  move(at, to) {
    const [step] = this.steps.splice(at, 1);
    if (to >= 0) this.steps.splice(to, 0, step);
    this.draw();
  }

  draw() {
    const isChain = this.steps.length > 1;
    this.list.replaceChildren(
      ...this.steps.map((step, at) => {
        const tools = make("div", { className: "step-tools" }, make("b", { textContent: TEXT.step(at + 1) }));
        if (at > 0) tools.append(button("↑", () => this.move(at, at - 1), TEXT.earlier(at + 1)));
        tools.append(button("×", () => this.move(at, -1), TEXT.removeStep(at + 1)));
        return make("li", {}, ...(isChain ? [tools] : []), step.element);
      }),
    );
    this.adder.hidden = this.isAuto;
    this.tell();
  }

  get isAuto() {
    return this.steps.length === 1 && this.steps[0].filter?.name === "";
  }

  /** The first step that works where a mask says. */
  get masked() {
    return this.steps.find((step) => ["required", "optional"].includes(step.filter?.mask ?? ""));
  }

  /** The field of colors where they are known; null where no step has it. */
  get hints() {
    return this.steps.map((step) => step.field("hint")).find(Boolean) ?? null;
  }

  get requests() {
    return this.candidate(0);
  }

  get candidates() {
    return Math.max(...this.steps.map((step) => step.candidates));
  }

  /** The steps for candidate `number`, from 0. @param {number} number @returns {StepRequest[]} */
  candidate(number) {
    return this.steps.filter((step) => step.filter?.name).map((step) => {
      const { options, ...rest } = step.request;
      const isSeeded = number > 0 && step.candidates > 1;
      return { ...rest, options: isSeeded ? { ...options, seed: Number(step.field("seed")?.value) + number } : options };
    });
  }

  tell() {
    const steps = this.requests.map(({ filter, model, options }) => {
      const settings = Object.entries({ filter, ...(model ? { model } : {}), ...options });
      return `  { ${settings.map(([key, value]) => `${key} = ${JSON.stringify(value)}`).join(", ")} },`;
    });
    const format = this.format.value ? [`format = "${this.format.value}"`] : [];
    const lines = ["[recipes.mine]", ...(steps.length ? ["steps = [", ...steps, "]"] : ['steps = "auto"']), ...format];
    this.recipe.textContent = lines.join("\n");
    this.changed();
  }
}
