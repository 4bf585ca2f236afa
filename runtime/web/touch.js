// One finger: a tap clicks, a drag scrolls, a long press is the right button.

const slopPixels = 12;
const longPressMs = 550;

export class TouchGestures {
  /** Callbacks: tap(point), longPress(point), scroll(point, dx, dy) in pixels of the page. */
  constructor(callbacks) {
    this.callbacks = callbacks;
    this.finger = null;
  }

  down(id, point) {
    if (this.finger) {
      this.cancel(); // a second finger is the page's own gesture
      return;
    }
    const timer = setTimeout(() => {
      if (this.finger) this.finger.used = true;
      this.callbacks.longPress(point);
    }, longPressMs);
    this.finger = { id, start: point, last: point, used: false, drags: false, timer };
  }

  move(id, point) {
    const { finger } = this;
    if (finger?.id !== id || finger.used) return;
    const far = Math.hypot(point.x - finger.start.x, point.y - finger.start.y) > slopPixels;
    if (!finger.drags && !far) return;
    clearTimeout(finger.timer);
    finger.drags = true;
    this.callbacks.scroll(point, finger.last.x - point.x, finger.last.y - point.y);
    finger.last = point;
  }

  up(id, point) {
    const { finger } = this;
    if (finger?.id !== id) return;
    const tapped = !finger.used && !finger.drags;
    this.cancel();
    if (tapped) this.callbacks.tap(point);
  }

  cancel() {
    clearTimeout(this.finger?.timer);
    this.finger = null;
  }
}
