/** Requests to the engine. The ticket in the address's fragment becomes a session, once. */
import { TEXT } from "./text.js";

/** @typedef {{id: string, name: string, width: number, height: number, role: string, source: string, notes: string[]}} Picture */
/** @typedef {{code: string, message: string, hint: string | null}} Failure */
/** @typedef {{id: string, file: string, steps: string, box: [number, number, number, number] | null, state: string,
 *   share: number, seconds: number, seconds_left: number | null, megapixels_per_s: number | null, result: Picture | null,
 *   error: Failure | null}} Job */
/** @typedef {{name: string, title: string, help: string, kind: string, default: any, low?: number, high?: number,
 *   choices?: Record<string, string>, auto?: string, repeatable?: boolean}} Control */
/** @typedef {{name: string, title: string, help: string, mask: string, controls: Control[]}} Filter */

const KEY = "ganfx-session";

/** @returns {string} */
const base = () => sessionStorage.getItem(KEY) ?? "/ui/none";

/** The address of a route of this session. @param {string} path */
export const address = (path) => `${base()}/v1/${path}`;

/** Uses up the ticket in the fragment, if there is one. */
export async function begin() {
  const ticket = location.hash.slice(1);
  if (!ticket) return;
  history.replaceState(null, "", location.pathname);
  const reply = await checked(fetch("/v1/sessions", { method: "POST", body: JSON.stringify({ ticket }) }));
  sessionStorage.setItem(KEY, (await reply.json()).base);
}

/**
 * @param {string} method
 * @param {string} path
 * @param {any} [body] a file, or plain data
 * @returns {Promise<any>} the answer; null where there is none
 */
export async function ask(method, path, body) {
  const sent = body === undefined || body instanceof Blob ? body : JSON.stringify(body);
  const reply = await checked(fetch(address(path), { method, body: sent }));
  return reply.status === 204 ? null : reply.json();
}

/** @param {Promise<Response>} sent */
async function checked(sent) {
  const reply = await sent.catch(() => {
    throw new Error(TEXT.gone);
  });
  if (reply.ok) return reply;
  /** @type {Failure} */
  const failure = await reply.json().then((found) => found.error, () => ({ message: TEXT.gone }));
  throw new Error(sentence(failure));
}

/** @param {{message: string, hint: string | null}} failure */
export const sentence = ({ message, hint }) => [message, hint].filter(Boolean).join(". ");

/** The sentence of whatever was thrown. @param {unknown} error */
export const reason = (error) => (error instanceof Error ? error.message : String(error ?? ""));

/** Calls `told` for each job that changes. @param {(job: Job) => void} told @param {() => void} lost */
export function listen(told, lost) {
  const events = new EventSource(address("events"));
  events.onmessage = (event) => told(JSON.parse(event.data));
  events.onerror = lost;
  return events;
}
