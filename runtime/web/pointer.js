// Mouse facts of a browser in the words of X11: buttons, and notches of the wheel.

// Bit of PointerEvent.buttons (Pointer Events, section 10.1.2) to X button number.
const xButtons = [
  [1, 1], // left
  [4, 2], // middle
  [2, 3], // right
  [8, 8], // back
  [16, 9], // forward
];

/** What changed between two values of `PointerEvent.buttons`: a list of {button, down}. */
export function buttonChanges(before, after) {
  const changes = [];
  for (const [bit, button] of xButtons) {
    if ((before & bit) !== (after & bit)) changes.push({ button, down: (after & bit) !== 0 });
  }
  return changes;
}

const pixelsANotch = 100;
const linesANotch = 3;
const mostNotches = 10;

/** Turns wheel events, whose units differ between browsers and devices, into whole notches. */
export class WheelNotches {
  constructor() {
    this.rest = { x: 0, y: 0 };
  }

  /** {dx, dy} in notches, positive right and down, each within ±10; null while less than one. */
  add(event) {
    const dx = this.#axis('x', event.deltaX, event.deltaMode);
    const dy = this.#axis('y', event.deltaY, event.deltaMode);
    return dx === 0 && dy === 0 ? null : { dx, dy };
  }

  #axis(name, delta, mode) {
    const notches = delta / [pixelsANotch, linesANotch, 1][mode] || 0;
    if (Math.abs(notches) >= 1) {
      // A wheel with notches: its 100, 120 or 150 pixels are one, and leave nothing behind.
      this.rest[name] = 0;
      return bound(Math.round(notches));
    }
    const turned = Math.sign(notches) !== 0 && Math.sign(notches) === -Math.sign(this.rest[name]);
    this.rest[name] = (turned ? 0 : this.rest[name]) + notches;
    const whole = Math.trunc(this.rest[name] + Math.sign(this.rest[name]) * 1e-9);
    this.rest[name] -= whole;
    return bound(whole);
  }
}

function bound(notches) {
  return Math.min(Math.max(notches, -mostNotches), mostNotches) + 0;
}
