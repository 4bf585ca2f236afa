// The data channels of the newest epoch: what goes to the guest, bounded, and what comes from it,
// validated. The guest is not trusted: nothing of it is used that was not looked at.

import { HeldInput } from './held_input.js';

const mostText = 4000; // code points a message; 4 bytes each stay below the guest's 16 KiB
const mostClipboardBytes = 60 * 1024 - 64; // 60 KiB with the message around it
const mostQueuedBytes = 1 << 20;

export class Channels {
  /**
   * `handlers` by message type: cursor, clipboard, recording, refused. onReady() when input can be sent,
   * before what was held; onUndelivered() for input that is lost.
   */
  constructor({ handlers, onReady, onUndelivered, clock = {} }) {
    Object.assign(this, { handlers, onReady, onUndelivered });
    this.input = null;
    this.pointer = null;
    this.epoch = -1;
    this.n = 0;
    this.held = new HeldInput({ onExpired: () => this.#giveUpWaiting(), ...clock });
  }

  /** The guest lets its peer go, or has: input waits for the channel of the next. */
  hold() {
    this.held.begin();
  }

  /** Nobody is to get what waits. */
  forget() {
    if (this.held.empty().length > 0) this.onUndelivered();
  }

  /** Takes a channel that the guest opened in `epoch`. */
  add(epoch, channel) {
    if (epoch < this.epoch || !['input', 'pointer'].includes(channel.label)) return;
    this.epoch = epoch;
    channel.binaryType = 'arraybuffer';
    channel.addEventListener('message', ({ data }) => this.#receive(data));
    const use = () => {
      if (epoch !== this.epoch) return;
      this[channel.label] = channel;
      if (channel.label === 'input') this.#opened(channel);
    };
    if (channel.readyState === 'open') use();
    else channel.addEventListener('open', use, { once: true });
  }

  /** Whether messages go to the guest now. */
  get ready() {
    return this.input?.readyState === 'open' && !this.held.isOn;
  }

  /** Whether input goes to the guest, now or by the next channel. */
  get takesInput() {
    return this.ready || this.held.isOn;
  }

  key(keysym, down) {
    this.#give({ type: 'key', keysym, down });
  }

  button(button, down, { x, y }) {
    this.#give({ type: 'button', button, down, x, y, n: this.#next() });
  }

  wheel(dx, dy, { x, y }) {
    this.#give({ type: 'wheel', dx, dy, x, y, n: this.#next() });
  }

  /** What is between two peers need not wait: a button brings its own place. */
  move({ x, y }) {
    if (this.held.isOn) return;
    const channel = this.pointer?.readyState === 'open' ? this.pointer : this.input;
    this.#send(channel, JSON.stringify({ type: 'move', x, y, n: this.#next() }));
  }

  text(text) {
    const points = [...text];
    for (let from = 0; from < points.length; from += mostText)
      this.#give({ type: 'text', text: points.slice(from, from + mostText).join('') });
  }

  /** False where the text is longer than the guest takes. */
  clipboard(text) {
    const message = { type: 'clipboard', text };
    if (new TextEncoder().encode(JSON.stringify(message)).length > mostClipboardBytes) return false;
    this.#give(message);
    return true;
  }

  /** Asks for another size of the guest's display, in pixels; false while it cannot. */
  display(width, height) {
    return this.#tell({ type: 'display', width, height });
  }

  /** Begins or ends the recording of the guest's screen; false while it cannot. */
  record(on) {
    return this.#tell({ type: 'record', on });
  }

  releaseAll() {
    this.#give({ type: 'release-all' });
  }

  #next() {
    this.n += 1;
    return this.n;
  }

  #opened(channel) {
    const held = this.held.end();
    this.onReady();
    if (!held.every((text) => this.#send(channel, text))) this.onUndelivered();
  }

  // The next peer did not come. The one before it may still be there: it is not always let go first.
  #giveUpWaiting() {
    const held = this.held.end();
    if (!held.every((text) => this.#send(this.input, text))) this.onUndelivered();
  }

  // Input arrives, or the person is told that it did not.
  #give(message) {
    const text = JSON.stringify(message);
    const taken = this.held.isOn ? this.held.add(text) : this.#send(this.input, text);
    if (!taken) this.onUndelivered();
  }

  #tell(message) {
    return this.ready && this.#send(this.input, JSON.stringify(message));
  }

  #send(channel, text) {
    if (channel?.readyState !== 'open' || channel.bufferedAmount > mostQueuedBytes) return false;
    channel.send(text);
    return true;
  }

  #receive(data) {
    const message = parseGuestMessage(data);
    if (message && Object.hasOwn(this.handlers, message.type)) this.handlers[message.type](message);
  }
}

const mostGuestCharacters = 96 * 1024;

/** The message of a guest as an object with a `type`, or null where it is none. */
export function parseGuestMessage(data) {
  if (typeof data !== 'string' || data.length > mostGuestCharacters) return null;
  try {
    const message = JSON.parse(data);
    return typeof message?.type === 'string' ? message : null;
  } catch {
    return null;
  }
}
