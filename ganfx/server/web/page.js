/** The page: pictures come in, go to the engine, and are compared and saved. */
import { address, ask, begin, listen, reason, sentence } from "./api.js";
import { Controls, select } from "./controls.js";
import { ACTIVE, List, saves, state } from "./list.js";
import { Mask } from "./mask.js";
import { addPanels } from "./panels.js";
import { TEXT } from "./text.js";
import { Tools } from "./tools.js";
import { Viewer } from "./viewer.js";

/** @typedef {import("./api.js").Picture} Picture */
/** @typedef {import("./api.js").Job} Job */
/** @typedef {import("./viewer.js").Box} Box */

/** A preview takes about so long, and its part is of so many pixels at first, at least and at most. */
const PREVIEW_S = 0.7;
const [FIRST_AREA, LEAST_AREA, MOST_AREA] = [128 ** 2, 64 ** 2, 1024 ** 2];
/** @type {Map<string, Picture>} */ const pictures = new Map();
/** All jobs, the newest last. @type {Map<string, Job>} */ const jobs = new Map();
/** The ids of each picture's jobs but for previews, the newest last. @type {Map<string, string[]>} */ const made = new Map();
/** @type {Map<string, Mask>} */ const masks = new Map();
/** What each picture shows: "" is the original, the others are jobs. @type {Map<string, {left: string, right: string}>} */
const shown = new Map();
/** How many pixels a preview by these steps may have. @type {Map<string, number>} */ const areas = new Map();
/** @type {string | null} */ let current = null;
/** @type {Controls | null} */ let controls = null;
/** @type {EventSource | null} */ let events = null;
/** Settled once the engine has told what there is. @type {Promise<void>} */ let ready = Promise.resolve();

/** @param {string} id @returns {any} */
const at = (id) => document.getElementById(id);
const viewer = new Viewer(at("view"), showView);
const list = new List(at("pictures"), choose, (id) => remove(id).catch(tell));
const tools = new Tools(at("tools"), viewer, {
  mask: () => (current ? mask(current) : null),
  hints: () => controls?.hints ?? null,
  name: () => pictures.get(current ?? "")?.name.replace(/\.[^.]*$/, "") ?? "",
  tell,
});

/** @param {unknown} error */
function tell(error) {
  at("message").textContent = reason(error);
  at("message").hidden = !error;
}

/** @param {string} id */
function mask(id) {
  const picture = pictures.get(id);
  if (picture && !masks.has(id)) masks.set(id, new Mask(picture.width, picture.height));
  return masks.get(id) ?? null;
}

/** The newest job of a picture. @param {string} id */
const last = (id) => jobs.get(made.get(id)?.at(-1) ?? "");
/** All finished ones. @param {string} id */
const finished = (id) => (made.get(id) ?? []).map((one) => jobs.get(one)).filter((job) => job?.state === "done");

/** @param {Iterable<File>} files */
async function add(files) {
  await ready;
  tell(null);
  const failures = [];
  for (const file of files) {
    try {
      const picture = await ask("POST", `files?name=${encodeURIComponent(file.name || "picture")}`, file);
      pictures.set(picture.id, picture);
      current ??= picture.id;
    } catch (error) {
      failures.push(`${file.name}: ${reason(error)}`);
    }
    draw();
  }
  if (failures.length) tell(failures.join("; "));
}

/** @param {string} id */
function choose(id) {
  current = id;
  draw();
}

/** @param {string} id */
async function remove(id) {
  for (const job of [...jobs.values()].filter((one) => one.file === id)) {
    if (ACTIVE.includes(job.state)) await ask("DELETE", `jobs/${job.id}`);
    if (job.result) await ask("DELETE", `files/${job.result.id}`).catch(tell);
    jobs.delete(job.id);
  }
  await ask("DELETE", `files/${id}`).catch(tell);
  for (const map of [pictures, made, masks, shown]) map.delete(id);
  if (current === id) current = pictures.keys().next().value ?? null;
  draw();
}

/** What is asked of the engine for a picture. @param {string} id @param {Box | null} box @param {number} candidate */
async function request(id, box, candidate = 0) {
  const painted = controls?.masked ? masks.get(id) : null;
  if (painted && !painted.isEmpty) painted.id ??= (await ask("POST", "files?role=mask&name=mask.png", await painted.file())).id;
  const sent = painted && !painted.isEmpty ? painted.id : null;
  return { file: id, steps: controls?.candidate(candidate), mask: sent, box, format: controls?.format.value || null };
}

async function start() {
  tell(null);
  const failures = [];
  for (const [id, { name }] of pictures) {
    if (ACTIVE.includes(last(id)?.state ?? "")) continue;
    try {
      for (let number = 0; number < (controls?.candidates ?? 1); number += 1) take(await ask("POST", "jobs", await request(id, null, number)));
    } catch (error) {
      failures.push(`${name}: ${reason(error)}`);
    }
  }
  if (failures.length) tell(failures.join("; "));
}

async function saveAll() {
  const { folder, saved, failed } = await ask("POST", "results/save", { folder: at("folder").value });
  tell(failed.join("; "));
  at("summary").textContent = TEXT.saved(saved.length, folder);
}

/** The part of the picture that is seen, or its middle where that would take too long. @returns {Box} */
function part() {
  const [left, top, width, height] = viewer.seen;
  const area = areas.get(JSON.stringify(controls?.requests)) ?? FIRST_AREA;
  const by = Math.min(1, Math.sqrt(area / (width * height)));
  const size = [width, height].map((one) => Math.max(1, Math.round(one * by)));
  const from = [left + (width - size[0]) / 2, top + (height - size[1]) / 2].map(Math.floor);
  return /** @type {Box} */ ([...from, ...size]);
}

async function preview() {
  tell(null);
  if (!current) return;
  try {
    const box = part();
    take(await ask("POST", "jobs", await request(current, box)));
    if (box[2] * viewer.zoom < viewer.pane / 3) viewer.look(box);
  } catch (error) {
    tell(error);
  }
}

async function stop() {
  for (const job of jobs.values()) if (ACTIVE.includes(job.state)) await ask("DELETE", `jobs/${job.id}`).catch(tell);
}

/** @param {Job} job */
function take(job) {
  if (!pictures.has(job.file)) return;
  const before = jobs.get(job.id);
  jobs.set(job.id, job);
  if (!job.box && !before) made.set(job.file, [...(made.get(job.file) ?? []), job.id]);
  if (job.state === "done" && before?.state !== "done") shown.set(job.file, { left: shown.get(job.file)?.left ?? "", right: job.id });
  if (job.state === "done" && before && before.state !== "done" && job.box) {
    const area = (job.box[2] * job.box[3] * PREVIEW_S) / Math.max(job.seconds, 0.05);
    areas.set(JSON.stringify(controls?.requests), Math.min(Math.max(area, LEAST_AREA), MOST_AREA));
  }
  if (job.state === "failed" && job.error && (job.file === current || job.box)) tell(`${pictures.get(job.file)?.name}: ${sentence(job.error)}`);
  draw();
}

/** What is left and right of the line. */
function drawVersions(/** @type {string} */ id) {
  const results = finished(id);
  const chosen = shown.get(id) ?? { left: "", right: "" };
  const names = Object.fromEntries(results.map((job, number) => [job?.id, TEXT.result(number + 1, job?.steps || TEXT.auto)]));
  const key = JSON.stringify([id, chosen, names]);
  if (at("versions").dataset.key === key) return;
  at("versions").dataset.key = key;
  const sides = /** @type {const} */ (["left", "right"]).map((side) => {
    const all = side === "left" ? { "": TEXT.original, ...names } : names;
    const field = select(side, all, chosen[side]);
    field.setAttribute("aria-label", side === "left" ? TEXT.before : TEXT.after);
    field.addEventListener("change", () => {
      shown.set(id, { ...chosen, [side]: field.value });
      draw();
    });
    return field;
  });
  at("versions").replaceChildren(...(results.length > 1 ? sides : []));
}

function draw() {
  const picture = current ? pictures.get(current) : undefined;
  const job = current ? last(current) : undefined;
  const all = [...pictures.keys()].map(last);
  const active = [...jobs.values()].filter((one) => ACTIVE.includes(one.state));
  const count = (/** @type {string} */ name) => all.filter((one) => one?.state === name).length;
  list.show(pictures, last, current);
  at("list").hidden = at("settings").hidden = at("viewer").hidden = !picture;
  at("drop").hidden = !!picture;
  at("all").hidden = !count("done") || pictures.size < 2;
  at("summary").textContent = TEXT.summary(count("done"), count("failed"), pictures.size);
  at("zip").href = address("results");
  at("start").hidden = active.length > 0;
  at("start").textContent = pictures.size > 1 ? TEXT.startAll(pictures.size) : TEXT.start;
  at("stop").hidden = active.length === 0;
  at("preview").hidden = controls?.isAuto ?? true;
  const running = active.find((one) => one.file === current) ?? job;
  at("progress").hidden = !running || !ACTIVE.includes(running.state);
  at("progress").querySelector("progress").value = running?.share ?? 0;
  at("progress").querySelector("span").textContent = state(running);
  if (picture) drawPicture(picture);
}

/** @param {Picture} picture */
function drawPicture(picture) {
  const { left, right } = shown.get(picture.id) ?? { left: "", right: "" };
  const [old, job] = [jobs.get(left), jobs.get(right)];
  const result = job?.result ?? null;
  viewer.show(old?.result ?? picture, picture, result, job?.box ?? null);
  drawVersions(picture.id);
  const whole = job?.box ? null : result;
  const told = whole ?? picture;
  at("about").textContent = job?.box ? TEXT.previewed(job.seconds) : TEXT.about(told.name, told.width, told.height);
  at("notes").replaceChildren(...told.notes.map((note) => Object.assign(document.createElement("li"), { textContent: note })));
  // A texture was made here: it can be saved as it is.
  const saved = whole ?? (picture.source ? picture : null);
  at("save").hidden = !saved;
  at("start").classList.toggle("main", !saved);
  if (saved) saves(at("save"), saved);
  tools.show(!!controls?.masked, !!controls?.hints, !!result);
}

function showView() {
  tools.percent.textContent = `${Math.round((100 * viewer.zoom) / viewer.finest)} %`;
  at("slider").hidden = !viewer.after || viewer.beside;
  at("slider").value = Math.round(viewer.line * 100);
  at("slider").setAttribute("aria-valuetext", TEXT.sliderAt(at("slider").value));
}

function wire() {
  for (const id of ["choose", "preview", "start", "stop", "save", "zip", "into"]) at(id).textContent = TEXT[/** @type {"stop"} */ (id)];
  const drop = [Object.assign(document.createElement("b"), { textContent: TEXT.drop }), document.createElement("small")];
  drop[1].textContent = TEXT.dropMore;
  at("folder").placeholder = "~/Pictures/large";
  at("drop").append(...drop);
  for (const [id, name] of [["view", TEXT.view], ["slider", TEXT.slider], ["files", TEXT.choose], ["folder", TEXT.folder]]) at(id).setAttribute("aria-label", name);
  for (const id of ["choose", "drop"]) at(id).addEventListener("click", () => at("files").click());
  at("files").addEventListener("change", () => add([...at("files").files]).then(() => (at("files").value = "")));
  at("slider").addEventListener("input", () => viewer.slide(at("slider").value / 100));
  at("all").addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    saveAll().catch(tell);
  });
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
  at("preview").addEventListener("click", preview);
  at("stop").addEventListener("click", stop);
  addPanels(at("nav"), () => controls?.requests ?? [], () => loadFilters().catch(tell), (picture) => {
    pictures.set(picture.id, picture);
    choose(picture.id);
  });
  addEventListener("hashchange", () => (ready = open()));
}

async function loadFilters() {
  controls = new Controls(at("controls"), (await ask("GET", "filters")).filters, () => draw());
  draw();
}

async function open() {
  try {
    await begin();
    const sitting = await ask("GET", "sitting");
    if (!controls) await loadFilters();
    for (const map of [pictures, jobs, made, shown]) map.clear();
    for (const file of sitting.files) if (file.role === "picture") pictures.set(file.id, file);
    current = pictures.keys().next().value ?? null;
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
