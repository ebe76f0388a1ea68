// Following the end of the conversation: stops when the user scrolls up, resumes at the bottom.

const NEAR = 32; // pixels that still count as the bottom
const GESTURE = 500; // milliseconds in which scrolling up counts as the doing of a hand

export class Follow {
  #scroller;
  #button;
  #following = true;
  #last = 0;
  #touched = -Infinity;
  #held = false;

  constructor(scroller, button) {
    this.#scroller = scroller;
    this.#button = button;
    const touched = () => (this.#touched = performance.now());
    for (const gesture of ["wheel", "touchmove", "keydown"]) scroller.addEventListener(gesture, touched, { passive: true });
    scroller.addEventListener("pointerdown", () => (this.#held = true));
    addEventListener("pointerup", () => (this.#held = false));
    scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    button.addEventListener("click", () => this.jump());
    new ResizeObserver(() => this.pin()).observe(scroller);
  }

  get following() {
    return this.#following;
  }

  /** To the end, if it is followed. */
  pin() {
    if (!this.#following) return;
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#last = this.#scroller.scrollTop;
  }

  jump() {
    this.#hold(true);
    this.pin();
  }

  letGo() {
    this.#hold(false);
  }

  /** Shrinking content scrolls up as well, which must not stop following. */
  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    const byHand = this.#held || performance.now() - this.#touched < GESTURE;
    if (scrollHeight - clientHeight - scrollTop < NEAR) this.#hold(true);
    else if (byHand && scrollTop < this.#last - 1) this.#hold(false);
    else if (!byHand) this.pin();
    this.#last = this.#scroller.scrollTop;
  }

  #hold(following) {
    this.#following = following;
    this.#button.hidden = following;
  }
}
