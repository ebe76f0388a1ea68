// Following the end of the conversation: lets go when one scrolls up, takes hold again at the bottom.

import { framed } from "./dom.js";

const NEAR = 32; // pixels that still count as the bottom

export class Follow {
  #scroller;
  #button;
  #following = true;
  #last = 0;

  constructor(scroller, button) {
    this.#scroller = scroller;
    this.#button = button;
    this.pin = framed(() => this.#pin());
    scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    scroller.addEventListener("wheel", (event) => event.deltaY < 0 && this.#letGoIfScrollable(), { passive: true });
    button.addEventListener("click", () => this.jump());
    new ResizeObserver(() => this.pin()).observe(scroller);
  }

  get following() {
    return this.#following;
  }

  jump() {
    this.#hold(true);
    this.#pin();
  }

  letGo() {
    this.#hold(false);
  }

  #letGoIfScrollable() {
    if (this.#scroller.scrollTop > 0) this.letGo();
  }

  #pin() {
    if (!this.#following) return;
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#last = this.#scroller.scrollTop;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    if (scrollHeight - clientHeight - scrollTop < NEAR) this.#hold(true);
    else if (scrollTop < this.#last - 1) this.#hold(false);
    this.#last = scrollTop;
  }

  #hold(following) {
    this.#following = following;
    this.#button.hidden = following;
  }
}
