/** The list of pictures: each with its state, or the sentence of its failure, and its result to be saved. */
import { address, sentence } from "./api.js";
import { button, make } from "./controls.js";
import { TEXT } from "./text.js";

/** @typedef {import("./api.js").Picture} Picture */
/** @typedef {import("./api.js").Job} Job */

export const ACTIVE = ["waiting", "running"];

/** The state of a job in words. @param {Job | undefined} job */
export function state(job) {
  if (!job) return "";
  if (job.state === "running") {
    const rest = job.seconds_left === null ? "" : TEXT.left(job.seconds_left);
    return TEXT.progress(job.share, rest + (job.megapixels_per_s ? TEXT.rate(job.megapixels_per_s) : ""));
  }
  if (job.error && job.state === "failed") return sentence(job.error);
  return { waiting: TEXT.waiting, done: TEXT.done, stopped: TEXT.stopped }[job.state] ?? "";
}

/** A link that saves a result. @param {HTMLAnchorElement} link @param {Picture} result */
export function saves(link, result) {
  Object.assign(link, { href: address(`files/${result.id}`), download: result.name });
}

class Row {
  /** @param {Picture} picture @param {(id: string) => void} chosen @param {(id: string) => void} removed */
  constructor(picture, chosen, removed) {
    this.result = "";
    this.words = make("small");
    const image = make("img", { src: address(`files/${picture.id}/view?side=160`), alt: "", loading: "lazy" });
    const text = make("span", {}, make("b", { textContent: picture.name }), this.words);
    this.pick = make("button", { type: "button", className: "pick" }, image, text);
    this.pick.addEventListener("click", () => chosen(picture.id));
    this.save = make("a", { textContent: "↓", className: "button save", hidden: true });
    const gone = button("×", () => removed(picture.id), TEXT.remove(picture.name));
    gone.className = "gone";
    this.element = make("li", {}, this.pick, this.save, gone);
  }

  /** @param {Job | undefined} job @param {boolean} isCurrent */
  show(job, isCurrent) {
    const [words, name] = [state(job), job?.state ?? ""];
    if (this.words.textContent !== words) this.words.textContent = words;
    if (this.element.className !== name) this.element.className = name;
    this.pick.setAttribute("aria-pressed", String(isCurrent));
    const result = job?.state === "done" ? job.result : null;
    this.save.hidden = !result;
    if (!result || this.result === result.id) return;
    this.result = result.id;
    saves(this.save, result);
    this.save.setAttribute("aria-label", TEXT.saveOne(result.name));
  }
}

export class List {
  /** @param {HTMLElement} place @param {(id: string) => void} chosen @param {(id: string) => void} removed */
  constructor(place, chosen, removed) {
    this.place = place;
    this.chosen = chosen;
    this.removed = removed;
    /** @type {Map<string, Row>} */ this.rows = new Map();
  }

  /** @param {Map<string, Picture>} pictures @param {(id: string) => Job | undefined} last @param {string | null} current */
  show(pictures, last, current) {
    for (const [id, row] of this.rows) {
      if (pictures.has(id)) continue;
      row.element.remove();
      this.rows.delete(id);
    }
    for (const [id, picture] of pictures) {
      const row = this.rows.get(id) ?? new Row(picture, this.chosen, this.removed);
      if (!this.rows.has(id)) this.place.append(row.element);
      this.rows.set(id, row);
      row.show(last(id), id === current);
    }
  }
}
