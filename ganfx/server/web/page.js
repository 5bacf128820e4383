/** The page: pictures come in, go to the engine, and are compared and saved. */
import { address, ask, begin, listen, sentence } from "./api.js";
import { BeforeAfter } from "./compare.js";
import { Controls, make } from "./controls.js";
import { TEXT } from "./text.js";

/** @typedef {import("./api.js").Picture} Picture */
/** @typedef {import("./api.js").Job} Job */

const SIDE = 2400;
const ACTIVE = ["waiting", "running"];
/** @type {Map<string, Picture>} */
const pictures = new Map();
/** The last job of each picture. @type {Map<string, Job>} */
const jobs = new Map();
/** @type {string | null} */
let current = null;
/** @type {Controls | null} */
let controls = null;
/** @type {EventSource | null} */
let events = null;

/** Settled once the engine has told what there is. @type {Promise<void>} */
let ready = Promise.resolve();

/** @param {string} id @returns {any} */
const at = (id) => document.getElementById(id);
const compare = /** @type {BeforeAfter} */ (at("compare"));

/** @param {unknown} error */
function tell(error) {
  at("message").textContent = error instanceof Error ? error.message : String(error ?? "");
  at("message").hidden = !error;
}

/** @param {Iterable<File>} files */
async function add(files) {
  await ready;
  tell(null);
  const failures = [];
  for (const file of files) {
    try {
      const name = encodeURIComponent(file.name || "picture");
      const picture = await ask("POST", `files?name=${name}`, file);
      pictures.set(picture.id, picture);
      current ??= picture.id;
    } catch (error) {
      failures.push(`${file.name}: ${error instanceof Error ? error.message : error}`);
    }
    draw();
  }
  if (failures.length) tell(failures.join("; "));
}

/** @param {string} id */
async function remove(id) {
  const job = jobs.get(id);
  if (job && ACTIVE.includes(job.state)) await ask("DELETE", `jobs/${job.id}`);
  for (const file of [job?.result?.id, id]) if (file) await ask("DELETE", `files/${file}`).catch(tell);
  pictures.delete(id);
  jobs.delete(id);
  if (current === id) current = pictures.keys().next().value ?? null;
  draw();
}

async function start() {
  tell(null);
  try {
    for (const id of pictures.keys()) {
      if (ACTIVE.includes(jobs.get(id)?.state ?? "")) continue;
      take(await ask("POST", "jobs", controls?.request(id)));
    }
  } catch (error) {
    tell(error);
  }
}

async function stop() {
  for (const job of jobs.values()) if (ACTIVE.includes(job.state)) await ask("DELETE", `jobs/${job.id}`).catch(tell);
}

/** @param {Job} job */
function take(job) {
  const known = jobs.get(job.file);
  if (!pictures.has(job.file) || (known && known.id !== job.id && !newer(job, known))) return;
  jobs.set(job.file, job);
  draw();
}

/** Jobs in the order in which they began to be known. @type {string[]} */
const order = [];
/** @param {Job} job @param {Job} known */
function newer(job, known) {
  if (!order.includes(job.id)) order.push(job.id);
  return order.indexOf(job.id) > order.indexOf(known.id);
}

/** @param {Job | undefined} job */
function state(job) {
  if (!job) return "";
  if (job.state === "running") {
    const rest = job.seconds_left === null ? "" : TEXT.left(job.seconds_left);
    return TEXT.progress(job.share, rest + (job.megapixels_per_s ? TEXT.rate(job.megapixels_per_s) : ""));
  }
  if (job.error && job.state === "failed") return sentence(job.error);
  return { waiting: TEXT.waiting, done: TEXT.done, stopped: TEXT.stopped }[job.state] ?? "";
}

/** @param {Picture} picture */
function entry(picture) {
  const job = jobs.get(picture.id);
  const image = make("img", { src: address(`files/${picture.id}/view?side=160`), alt: "", loading: "lazy" });
  const words = make("span", {}, make("b", { textContent: picture.name }), make("small", { textContent: state(job) }));
  const pick = make("button", { type: "button", className: "pick" }, image, words);
  pick.setAttribute("aria-pressed", String(picture.id === current));
  pick.addEventListener("click", () => {
    current = picture.id;
    draw();
  });
  const gone = make("button", { type: "button", className: "gone", textContent: "×" });
  gone.setAttribute("aria-label", TEXT.remove(picture.name));
  gone.addEventListener("click", () => remove(picture.id).catch(tell));
  return make("li", { className: job?.state ?? "" }, pick, gone);
}

/** What the list showed last, so that nothing is drawn anew, and no focus lost, without a change. */
let drawn = "";
function drawList() {
  const now = JSON.stringify([current, [...pictures.keys()], [...jobs.values()].map((job) => [job.id, state(job)])]);
  if (now === drawn) return;
  drawn = now;
  const focused = [...at("pictures").querySelectorAll("button")].indexOf(document.activeElement);
  at("pictures").replaceChildren(...[...pictures.values()].map(entry));
  if (focused >= 0) at("pictures").querySelectorAll("button")[focused]?.focus();
}

function draw() {
  const picture = current ? pictures.get(current) : undefined;
  const job = current ? jobs.get(current) : undefined;
  const result = job?.state === "done" ? job.result : null;
  const active = [...jobs.values()].filter((one) => ACTIVE.includes(one.state));
  drawList();
  at("list").hidden = at("settings").hidden = at("viewer").hidden = !picture;
  at("drop").hidden = !!picture;
  at("start").hidden = active.length > 0;
  at("start").textContent = pictures.size > 1 ? TEXT.startAll(pictures.size) : TEXT.start;
  at("start").classList.toggle("main", !result);
  at("stop").hidden = active.length === 0;
  at("save").hidden = !result;
  at("progress").hidden = !job || !ACTIVE.includes(job.state);
  at("progress").querySelector("progress").value = job?.share ?? 0;
  at("progress").querySelector("span").textContent = state(job);
  if (!picture) return;
  const view = (/** @type {Picture} */ one) => address(`files/${one.id}/view?side=${SIDE}`);
  const shown = result ?? picture;
  const width = Math.min(shown.width, Math.round((SIDE * shown.width) / Math.max(shown.width, shown.height)));
  compare.show(view(picture), result ? view(result) : null, width / devicePixelRatio, picture.name);
  at("about").textContent = TEXT.about(shown.name, shown.width, shown.height);
  at("notes").replaceChildren(...shown.notes.map((note) => make("li", { textContent: note })));
  if (result) Object.assign(at("save"), { href: address(`files/${result.id}`), download: result.name });
  if (job?.error && job.state === "failed") tell(`${picture.name}: ${sentence(job.error)}`);
}

function wire() {
  for (const id of ["choose", "start", "stop", "save"]) at(id).textContent = TEXT[/** @type {"stop"} */ (id)];
  at("drop").append(make("b", { textContent: TEXT.drop }), make("small", { textContent: TEXT.dropMore }));
  at("zoom-label").querySelector("span").textContent = TEXT.zoom;
  for (const id of ["choose", "drop"]) at(id).addEventListener("click", () => at("files").click());
  at("files").setAttribute("aria-label", TEXT.choose);
  at("files").addEventListener("change", () => add([...at("files").files]).then(() => (at("files").value = "")));
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    add([...(event.dataTransfer?.files ?? [])]);
  });
  addEventListener("paste", (event) => add([...(event.clipboardData?.files ?? [])]));
  at("settings").addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    start();
  });
  at("stop").addEventListener("click", stop);
  at("zoom").addEventListener("change", () => {
    compare.classList.toggle("full", at("zoom").checked);
    // The middle, where the slider is.
    compare.scrollTo((compare.scrollWidth - compare.clientWidth) / 2, (compare.scrollHeight - compare.clientHeight) / 2);
  });
  addEventListener("hashchange", () => (ready = open()));
}

async function open() {
  try {
    await begin();
    const sitting = await ask("GET", "sitting");
    controls ??= new Controls(at("controls"), (await ask("GET", "filters")).filters);
    pictures.clear();
    jobs.clear();
    for (const file of sitting.files) if (!file.source) pictures.set(file.id, file);
    current = pictures.keys().next().value ?? null;
    sitting.jobs.forEach((/** @type {Job} */ job) => order.push(job.id));
    sitting.jobs.forEach(take);
    events?.close();
    events = listen(take, () => tell(TEXT.gone));
    events.onopen = () => tell(null);
    draw();
  } catch (error) {
    tell(error);
  }
}

wire();
ready = open();
