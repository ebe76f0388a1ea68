// The one connection of this tab: keeps its position, reconnects by itself, pauses while the tab is hidden.

import { Refused, open } from "./api.js";
import { events } from "./sse.js";

const SILENCE = 12_000; // Studio sends a comment every 5 s: after this long the connection is dead.
const UNSEEN = 60_000; // A hidden tab closes its connection after this long.
const LONGEST_PAUSE = 5_000;

export class Feed {
  #on;
  #run = null;
  #position = null;
  #connection = null;
  #attempt = 0;
  #timer = 0;
  #heard = 0;
  #asleep = false;
  #unseen = 0;

  /** `on` has snapshot(body), runs(ops), run(ops), gone(run), and link(state, secondsToRetry). */
  constructor(on) {
    this.#on = on;
    setInterval(() => this.#check(), 2_000);
    document.addEventListener("visibilitychange", () => this.#seen());
    document.addEventListener("resume", () => this.#check());
    addEventListener("online", () => this.retry());
    addEventListener("pagehide", () => this.#connection?.abort());
    addEventListener("pageshow", (event) => event.persisted && this.retry());
  }

  /** Follow this run (or none), from a fresh snapshot on. */
  watch(run) {
    this.#run = run;
    this.#position = null;
    this.retry();
  }

  /** Connect now, instead of a planned attempt. */
  retry() {
    clearTimeout(this.#timer);
    this.#connection?.abort();
    this.#attempt = 0;
    this.#connect();
  }

  #seen() {
    clearTimeout(this.#unseen);
    if (document.visibilityState === "hidden") {
      this.#unseen = setTimeout(() => this.#sleep(), UNSEEN);
    } else if (this.#asleep) {
      this.retry();
    } else {
      this.#check();
    }
  }

  #sleep() {
    this.#asleep = true;
    clearTimeout(this.#timer);
    this.#connection?.abort();
    this.#connection = null;
  }

  #check() {
    if (!this.#connection || performance.now() - this.#heard < SILENCE) return;
    this.#on.link("reconnecting");
    this.retry();
  }

  async #connect() {
    const connection = new AbortController();
    this.#connection = connection;
    this.#asleep = false;
    this.#heard = performance.now();
    try {
      await this.#follow(connection);
      this.#lost(connection);
    } catch (fault) {
      if (fault instanceof Refused) this.#refused(connection, fault);
      else this.#lost(connection);
    }
  }

  async #follow(connection) {
    const headers = this.#position ? { "Last-Event-ID": this.#position } : {};
    const query = this.#run ? `?run=${encodeURIComponent(this.#run)}` : "";
    const response = await open(`/v1/events${query}`, headers, connection.signal);
    this.#attempt = 0;
    this.#on.link("live");
    const touch = () => (this.#heard = performance.now());
    touch();
    for await (const event of events(response.body, touch)) {
      if (connection.signal.aborted) return;
      this.#dispatch(event);
      if (event.id) this.#position = event.id;
    }
  }

  #dispatch({ event, data }) {
    const body = JSON.parse(data);
    if (event === "snapshot") this.#on.snapshot(body);
    else if (event === "runs") this.#on.runs(body.ops);
    else if (event === "run") this.#on.run(body.ops);
  }

  #refused(connection, fault) {
    if (connection !== this.#connection) return;
    if (fault.status === 401 || fault.status === 403) {
      this.#connection = null;
      this.#on.link("locked");
    } else if (fault.status === 404 && this.#run) {
      this.#on.gone(this.#run);
    } else {
      this.#lost(connection);
    }
  }

  #lost(connection) {
    if (connection !== this.#connection) return; // another one has taken its place, or the tab sleeps
    this.#connection = null;
    const pause = Math.min(LONGEST_PAUSE, 250 * 2 ** this.#attempt) * (0.75 + Math.random() / 2);
    this.#attempt += 1;
    this.#on.link("reconnecting");
    this.#timer = setTimeout(() => this.#connect(), pause);
  }
}
