// Fingers. One: a tap clicks, moving scrolls, holding and letting go is the right button, holding and
// moving drags. Two: moving them together scrolls, or moves an enlarged picture; a pinch enlarges it.

const slopPixels = 12;
const holdMs = 500;
const pinchShare = 0.08; // how much the fingers' distance changes before it is a pinch

export class TouchGestures {
  /**
   * Callbacks, points and ways in pixels of the page: tap(point) · hold(point), the finger may let go
   * or drag from now on · context(point), it let go · dragStart(point) · drag(point) · dragEnd(point) ·
   * scroll(point, dx, dy) · pinch(point, factor, dx, dy), the fingers' middle, how much further they
   * are apart than at the last one, and the way of their middle.
   */
  constructor(callbacks) {
    this.callbacks = callbacks;
    this.fingers = new Map();
    this.mode = null; // 'tap', 'scroll', 'held', 'drag', 'two', 'pinch', 'spent'
    this.timer = null;
  }

  down(id, point) {
    this.fingers.set(id, { start: point, last: point });
    if (this.fingers.size === 1) this.#one(point);
    else if (this.fingers.size === 2) this.#two();
    else this.#spend();
  }

  move(id, point) {
    const finger = this.fingers.get(id);
    if (!finger) return;
    const before = finger.last;
    if (this.mode === 'two' || this.mode === 'pinch') {
      this.#moveTwo(finger, point);
      return;
    }
    finger.last = point;
    if (this.mode === 'tap' || this.mode === 'held') this.#leaveSlop(finger, point);
    else if (this.mode === 'scroll') this.callbacks.scroll(point, before.x - point.x, before.y - point.y);
    else if (this.mode === 'drag') this.callbacks.drag(point);
  }

  up(id, point) {
    if (!this.fingers.delete(id)) return;
    clearTimeout(this.timer);
    const ends = { tap: 'tap', held: 'context', drag: 'dragEnd' };
    if (Object.hasOwn(ends, this.mode)) this.callbacks[ends[this.mode]](point);
    // Two fingers are not lifted at once: what the other one does is nothing new.
    this.mode = this.fingers.size === 0 ? null : 'spent';
  }

  /** Forgets every finger; a drag ends where it is. */
  cancel() {
    this.#spend();
    this.fingers.clear();
    this.mode = null;
  }

  #one(point) {
    this.mode = 'tap';
    this.timer = setTimeout(() => {
      this.mode = 'held';
      this.callbacks.hold(point);
    }, holdMs);
  }

  #leaveSlop(finger, point) {
    if (distance(finger.start, point) <= slopPixels) return;
    clearTimeout(this.timer);
    if (this.mode === 'held') {
      this.mode = 'drag';
      this.callbacks.dragStart(finger.start);
      this.callbacks.drag(point);
      return;
    }
    this.mode = 'scroll';
    this.callbacks.scroll(point, finger.start.x - point.x, finger.start.y - point.y);
  }

  #two() {
    const isFresh = this.mode === 'tap' || this.mode === 'scroll';
    this.#spend();
    if (!isFresh) return;
    this.mode = 'two';
    const [one, other] = this.#points();
    this.pair = { start: distance(one, other), apart: distance(one, other), middle: middleOf(one, other) };
  }

  #moveTwo(finger, point) {
    const { pair } = this;
    finger.last = point;
    const [one, other] = this.#points();
    const apart = Math.max(distance(one, other), 1);
    const middle = middleOf(one, other);
    if (this.mode === 'two' && Math.abs(apart / pair.start - 1) > pinchShare && Math.abs(apart - pair.start) > slopPixels)
      this.mode = 'pinch';
    const way = { x: middle.x - pair.middle.x, y: middle.y - pair.middle.y };
    const factor = this.mode === 'pinch' ? apart / pair.apart : 1;
    if (this.mode === 'pinch') pair.apart = apart;
    pair.middle = middle;
    this.callbacks.pinch(middle, factor, way.x, way.y);
  }

  #points() {
    return [...this.fingers.values()].map((finger) => finger.last);
  }

  #spend() {
    clearTimeout(this.timer);
    if (this.mode === 'drag') this.callbacks.dragEnd(this.#points()[0]);
    this.mode = 'spent';
  }
}

function distance(one, other) {
  return Math.hypot(one.x - other.x, one.y - other.y);
}

function middleOf(one, other) {
  return { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 };
}
