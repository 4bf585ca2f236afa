// A picture enlarged in its frame, as far as this page shows it; the guest knows nothing of it.

const most = 5;
const nearlyWhole = 1.05;

export class Zoom {
  /** `apply({scale, x, y})` draws it: the picture is scaled about its corner, then moved by pixels. */
  constructor(apply) {
    this.apply = apply;
    this.scale = 1;
    this.x = 0;
    this.y = 0;
  }

  get isEnlarged() {
    return this.scale > 1;
  }

  /** Enlarges by `factor` about a point of the frame {width, height}, which stays where it is. */
  enlarge(factor, point, frame) {
    const scale = Math.min(Math.max(this.scale * factor, 1), most);
    this.x = point.x - (point.x - this.x) * (scale / this.scale);
    this.y = point.y - (point.y - this.y) * (scale / this.scale);
    this.scale = scale;
    this.#keepWithin(frame);
  }

  /** Moves the picture; it never leaves its frame. */
  move(dx, dy, frame) {
    this.x += dx;
    this.y += dy;
    this.#keepWithin(frame);
  }

  /** The fingers are lifted: what is almost whole becomes whole. */
  settle(frame) {
    if (this.scale < nearlyWhole) this.scale = 1;
    this.#keepWithin(frame);
  }

  #keepWithin({ width, height }) {
    this.x = Math.min(Math.max(this.x, width * (1 - this.scale)), 0);
    this.y = Math.min(Math.max(this.y, height * (1 - this.scale)), 0);
    this.apply({ scale: this.scale, x: this.x, y: this.y });
  }
}
