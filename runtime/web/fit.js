// The guest's display follows the window of whoever is in control.

const settleMs = 250;
const shortestSide = 500; // Chromium's window is never narrower
const smallest = { width: 64, height: 64 };

/**
 * The display's size for a stage of `width` x `height` CSS pixels, within `largest` {width, height};
 * null while there is no stage. One pixel of the guest is one of the page, so that text has the size
 * it has elsewhere. A small stage, a phone's, gets a display of the same shape with a short side of
 * 500, which screens of more pixels (`pixelRatio`) show sharp; not more than twice its size.
 */
export function fittingSize({ width, height, pixelRatio = 1 }, largest) {
  if (!(width > 0 && height > 0) || !largest) return null;
  const wanted = Math.min(shortestSide / Math.min(width, height), Math.max(pixelRatio, 1), 2);
  const scale = Math.min(Math.max(wanted, 1), largest.width / width, largest.height / height);
  return { width: even(width * scale, smallest.width, largest.width),
    height: even(height * scale, smallest.height, largest.height) };
}

function even(pixels, least, most) {
  return Math.min(Math.max(Math.floor(pixels / 2) * 2, least), most);
}

/** Asks for the display that fits, once the window has come to rest. */
export class FitWindow {
  /**
   * `stage` the element that the picture fills; `display()` the guest's {width, height, largest?} or
   * null; `allowed()` whether this page is in control; `ask(width, height)` asks for a size, false
   * where it could not. `held()`: the stage is small for the moment only, as under a keyboard.
   */
  constructor({ stage, display, allowed, ask, held = () => false, schedule = (job, ms) => setTimeout(job, ms),
    unschedule = (timer) => clearTimeout(timer) }) {
    Object.assign(this, { stage, display, allowed, ask, held, schedule, unschedule });
    this.on = true;
    this.timer = null;
    this.asked = null;
  }

  /** Turns it on or off. */
  set(on) {
    this.on = on;
    this.again();
  }

  /** The window may have another size. */
  soon() {
    this.unschedule(this.timer);
    this.timer = this.schedule(() => this.#fit(), settleMs);
  }

  /** A new peer, or control has come back: what was asked for before does not count. */
  again() {
    this.asked = null;
    this.soon();
  }

  #fit() {
    const display = this.display();
    if (!this.on || !this.allowed() || this.held() || !display?.largest) return;
    const { width, height } = this.stage.getBoundingClientRect();
    const size = fittingSize({ width, height, pixelRatio: globalThis.devicePixelRatio }, display.largest);
    if (!size || same(size, this.asked)) return;
    if (!same(size, display) && !this.ask(size.width, size.height)) return;
    this.asked = size;
  }
}

function same(one, other) {
  return one?.width === other?.width && one?.height === other?.height;
}
