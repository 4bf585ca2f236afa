// The guest's pointer shape as a CSS cursor. The video never contains it.

const mostShapes = 64;
const mostBase64 = 64 * 1024;
const largest = 128; // browsers ignore larger cursors
const pngStart = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/**
 * The CSS `cursor` value of a shape {hotX, hotY, width, height, png}, or null where it is not what
 * it says: the picture's own size (PNG, section 11.2.2) is compared with the one named.
 */
export function cursorValue({ hotX, hotY, width, height, png }) {
  if (!within(width, 1, largest) || !within(height, 1, largest)) return null;
  if (!within(hotX, 0, width - 1) || !within(hotY, 0, height - 1)) return null;
  if (typeof png !== 'string' || png.length > mostBase64 || !/^[A-Za-z0-9+/]+={0,2}$/.test(png)) return null;
  const size = pngSize(png);
  if (size?.width !== width || size?.height !== height) return null;
  return `url("data:image/png;base64,${png}") ${hotX} ${hotY}, default`;
}

function within(value, lowest, highest) {
  return Number.isInteger(value) && value >= lowest && value <= highest;
}

function pngSize(base64) {
  try {
    const bytes = Uint8Array.from(atob(base64.slice(0, 32)), (character) => character.charCodeAt(0));
    if (bytes.length < 24 || pngStart.some((byte, index) => bytes[index] !== byte)) return null;
    const view = new DataView(bytes.buffer);
    return { width: view.getUint32(16), height: view.getUint32(20) };
  } catch {
    return null;
  }
}

/** Follows the guest's `cursor` messages and remembers its latest shapes by id. */
export class Cursor {
  /** `apply(value)` sets the CSS cursor. */
  constructor(apply) {
    this.apply = apply;
    this.shapes = new Map();
  }

  take(message) {
    if (message.hidden === true) {
      this.apply('none');
      return;
    }
    const value = 'png' in message ? this.#learn(message) : this.shapes.get(message.id);
    this.apply(value ?? 'default');
  }

  #learn(message) {
    const value = cursorValue(message);
    if (value === null || !Number.isSafeInteger(message.id)) return value;
    this.shapes.delete(message.id);
    this.shapes.set(message.id, value);
    if (this.shapes.size > mostShapes) this.shapes.delete(this.shapes.keys().next().value);
    return value;
  }
}
