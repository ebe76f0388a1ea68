// Requests to Studio. The bearer header is the only way in: no cookie, nothing in the address.

import { token } from "./tokens.js";

/** A request that Studio refused: `status`, and its sentence as the message. */
export class Refused extends Error {
  constructor(status, sentence) {
    super(sentence);
    this.status = status;
  }
}

async function request(path, { purpose = "watch", ...options } = {}) {
  const headers = { ...options.headers };
  if (token(purpose)) headers.Authorization = `Bearer ${token(purpose)}`;
  const response = await fetch(path, { ...options, headers, cache: "no-store", credentials: "omit", redirect: "error" });
  if (response.ok) return response;
  const body = await response.json().catch(() => ({}));
  throw new Refused(response.status, body.error ?? `Studio answered with status ${response.status}.`);
}

export const getJSON = async (path) => (await request(path)).json();
export const getBlob = async (path) => (await request(path)).blob();
export const open = (path, headers, signal) => request(path, { headers, signal });

function post(path, body) {
  const headers = { "Content-Type": "application/json" };
  return request(path, { purpose: "answer", method: "POST", headers, body: JSON.stringify(body) });
}

export const answer = (q, value) => post("/v1/answer", { q, value });
export const cancel = (m, run) => post("/v1/cancel", { m, run });
