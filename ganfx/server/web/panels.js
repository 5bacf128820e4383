/** What stands beside the pictures: models, watched folders, and what this computer can use. */
import { address, ask, reason } from "./api.js";
import { button, make, row, select } from "./controls.js";
import { TEXT } from "./text.js";

/** @typedef {import("./controls.js").StepRequest} StepRequest */
/** @typedef {{share: number, error?: string}} Pull */
/** @typedef {{name: string, task: string, scale: number | null, megabytes: number | null, license: string, installed: boolean,
 *   non_commercial: boolean, description: string, problem: string, pull: Pull | null}} Model */
/** @typedef {{id: string, running: boolean, source: string, output: string, recipe: string, done: number, failed: number,
 *   waiting: number, error: string | null}} Watch */

const LOOK_MS = 1000;

/** A window over the page. */
class Panel {
  /** @param {HTMLElement} nav @param {string} title @param {(panel: Panel) => Promise<Node[]>} fill @param {() => void} [closed] */
  constructor(nav, title, fill, closed) {
    this.fill = fill;
    this.body = make("div", { className: "body" });
    this.message = make("p", { hidden: true });
    this.message.setAttribute("role", "alert");
    const head = make("header", {}, make("h2", { textContent: title }), button("×", () => this.dialog.close(), TEXT.close));
    this.dialog = make("dialog", { ariaLabel: title }, head, this.message, this.body);
    this.dialog.addEventListener("close", () => closed?.());
    nav.append(button(title, () => this.open()), this.dialog);
  }

  async open() {
    this.tell("");
    this.body.replaceChildren(TEXT.loading);
    this.dialog.showModal();
    await this.refresh();
  }

  async refresh() {
    if (!this.dialog.open) return;
    await this.try(async () => this.body.replaceChildren(...(await this.fill(this))));
  }

  /** @param {() => Promise<any>} what */
  try(what) {
    return what().catch((error) => this.tell(reason(error)));
  }

  tell(text = "") {
    this.message.textContent = text;
    this.message.hidden = !text;
  }
}

/** @param {Panel} panel @param {Model} model */
function modelRow(panel, model) {
  const pull = () => {
    if (model.non_commercial && !confirm(TEXT.accept(model.name, model.license))) return;
    panel.try(async () => {
      await ask("POST", "models/pulls", { name: model.name, accept_license: model.non_commercial });
      await panel.refresh();
    });
  };
  const isPulled = model.pull && !model.pull.error;
  const state = model.problem || model.pull?.error || (model.installed ? TEXT.installed : "");
  const doing = isPulled ? make("progress", { value: model.pull?.share, ariaLabel: TEXT.pulling(model.name) }) : button(TEXT.pull, pull, TEXT.pullOne(model.name));
  const cells = [
    make("small", { textContent: model.scale ? `${model.task} × ${model.scale}` : model.task }),
    make("small", { textContent: model.megabytes === null ? "" : `${model.megabytes} MB` }),
    make("small", { textContent: model.license }),
    make("span", {}, ...(state ? [make("small", { textContent: state })] : []), ...(model.installed || model.problem ? [] : [doing])),
  ];
  const name = make("th", { scope: "row" }, model.name, make("small", { textContent: model.description }));
  return make("tr", {}, name, ...cells.map((cell) => make("td", {}, cell)));
}

/** @param {Panel} panel */
async function models(panel) {
  const found = /** @type {Model[]} */ ((await ask("GET", "models")).models);
  if (found.some((model) => model.pull && !model.pull.error)) setTimeout(() => panel.refresh(), LOOK_MS);
  const file = make("input", { type: "file", id: "model-file" });
  file.addEventListener("change", () => file.files && add(panel, file.files[0]));
  panel.dialog.ondrop = (event) => {
    event.preventDefault();
    event.stopPropagation();
    if (event.dataTransfer?.files.length) add(panel, event.dataTransfer.files[0]);
  };
  const heads = TEXT.modelColumns.map((textContent) => make("th", { scope: "col", textContent }));
  const rows = found.map((model) => modelRow(panel, model));
  return [row(TEXT.importModel, file, TEXT.importHelp), make("table", {}, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows))];
}

/** @param {Panel} panel @param {File} file */
async function add(panel, file) {
  panel.tell(TEXT.examining(file.name));
  await panel.try(async () => {
    const { name, found } = await ask("POST", `models?name=${encodeURIComponent(file.name)}`, file);
    await panel.refresh();
    panel.tell(TEXT.imported(name, found.join(", ")));
  });
}

/** @param {Panel} panel @param {StepRequest[]} steps */
async function watches(panel, steps) {
  const found = /** @type {Watch[]} */ ((await ask("GET", "watches")).watches);
  const change = (/** @type {string} */ method, path = "", body = /** @type {any} */ (undefined)) =>
    panel.try(async () => {
      panel.tell();
      await ask(method, path, body);
      await panel.refresh();
    });
  const rows = found.map((watch) => {
    const words = make("span", {}, TEXT.watched(watch.source, watch.output), make("small", { textContent: TEXT.counts(watch) }));
    return make("li", {}, words, button(watch.running ? TEXT.stop : TEXT.forget, () => change("DELETE", `watches/${watch.id}`)));
  });
  const [source, output] = ["watch-source", "watch-output"].map((id) => make("input", { id, required: true }));
  const form = make("form", {}, row(TEXT.watchSource, source, ""), row(TEXT.watchOutput, output, TEXT.watchHelp(steps.map((one) => one.filter))));
  form.append(make("button", { textContent: TEXT.watch }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    change("POST", "watches", { source: source.value, output: output.value, steps });
  });
  return [make("ul", {}, ...rows), form];
}

/** @param {Panel} panel @param {(picture: import("./api.js").Picture) => void} made is called with each texture */
async function textures(panel, made) {
  const found = /** @type {Model[]} */ ((await ask("GET", "models")).models).filter((one) => one.task === "texture" && one.installed);
  if (!found.length) return [make("p", { textContent: TEXT.noGenerator })];
  const model = select("generator", Object.fromEntries(found.map(({ name }) => [name, name])), found[0].name);
  const number = (/** @type {string} */ name, value = "", more = {}) =>
    make("input", { type: "number", id: `texture-${name}`, name, min: "0", value, ...more });
  const sides = ["width", "height"].map((name) => number(name, "1024", { min: "16", max: "4096", step: "16" }));
  const seeds = [number("seed", "0"), ...["coarse", "medium", "fine"].map((name) => number(name))];
  const mean = make("input", { type: "range", id: "texture-truncation", name: "truncation", min: "0", max: "1", step: "0.05", value: "1" });
  const fields = [...sides, ...seeds];
  const rows = [...fields, mean].map((field) => row(TEXT.texture[/** @type {"seed"} */ (field.name)], field, ""));
  const start = make("button", { className: "main", textContent: TEXT.makeTexture });
  const form = make("form", {}, row(TEXT.generator, model, TEXT.textureHelp), ...rows, start);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const numbers = fields.filter(({ value }) => value !== "").map(({ name, value }) => [name, Number(value)]);
    start.disabled = true;
    panel.try(async () => {
      made(await ask("POST", "textures", { model: model.value, ...Object.fromEntries(numbers), truncation: Number(mean.value) }));
      panel.dialog.close();
    }).finally(() => (start.disabled = false));
  });
  return [form];
}

/**
 * @param {HTMLElement} nav
 * @param {() => StepRequest[]} steps that are set
 * @param {() => void} changed the models
 * @param {(picture: import("./api.js").Picture) => void} made is called with each texture
 */
export function addPanels(nav, steps, changed, made) {
  new Panel(nav, TEXT.models, models, changed);
  new Panel(nav, TEXT.textures, (panel) => textures(panel, made));
  new Panel(nav, TEXT.watches, (panel) => watches(panel, steps()));
  new Panel(nav, TEXT.computer, async () => [
    make("pre", { textContent: (await ask("GET", "doctor")).lines.join("\n"), tabIndex: 0 }),
    make("a", { href: address("docs"), target: "_blank", textContent: TEXT.api }),
  ]);
}
