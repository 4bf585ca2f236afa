// The data channels of the newest epoch: what goes to the guest, bounded, and what comes from it,
// validated. The guest is not trusted: nothing of it is used that was not looked at.

import { HeldInput } from './held_input.js';

const mostText = 4000; // code points a message; 4 bytes each stay below the guest's 16 KiB
const mostClipboardBytes = 60 * 1024 - 64; // 60 KiB with the message around it
const mostQueuedBytes = 1 << 20;

export class Channels {
  /**
   * `handlers` by message type: cursor, clipboard, recording, refused. onReady() when input can be sent,
   * before what was held; onHeldOver() when it can be again, by the same peer; onSent() with each message,
   * onUndelivered() for input that is lost.
   */
  constructor({ handlers, onReady, onUndelivered, onHeldOver = () => {}, onSent = () => {}, clock = {} }) {
    Object.assign(this, { handlers, onReady, onUndelivered, onHeldOver, onSent });
    this.input = null;
    this.pointer = null;
    this.epoch = -1;
    this.inputEpoch = -1; // whose channel `input` is
    this.n = 0;
    this.held = new HeldInput({ onExpired: () => this.#expired(), ...clock });
  }

  /** The guest lets its peer go, or has: input waits for the channel of the next. */
  hold() {
    this.held.begin();
  }

  /** The peer is gone for sure. */
  cut() {
    this.input = null;
    this.pointer = null;
  }

  /** A picture came by the peer of `epoch`: where input waits for the next, this one lives after all. */
  pictureCame(epoch) {
    if (epoch !== this.inputEpoch || !this.held.isNeedless) return;
    this.#flush(this.held.end());
    this.onHeldOver();
  }

  /** Nobody is to get what waits. */
  forget() {
    if (this.held.empty().isMissed) this.onUndelivered();
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
      if (channel.label === 'input') this.#opened(epoch, channel);
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

  /** One that is lost is no loss: a button brings its own place. */
  move({ x, y }) {
    const channel = this.pointer?.readyState === 'open' ? this.pointer : this.input;
    this.#send(channel, JSON.stringify({ type: 'move', x, y, n: this.#next() }));
  }

  text(text) {
    const points = [...text];
    for (let from = 0; from < points.length; from += mostText)
      this.#give({ type: 'text', text: points.slice(from, from + mostText).join('') });
  }

  /** Null, or why it is not sent: `too-large`, `not-delivered`. */
  clipboard(text) {
    const message = { type: 'clipboard', text };
    if (new TextEncoder().encode(JSON.stringify(message)).length > mostClipboardBytes) return 'too-large';
    return this.#take(message) ? null : 'not-delivered';
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
    const text = JSON.stringify({ type: 'release-all' });
    if (this.held.isOn) this.held.add(text, false);
    else this.#send(this.input, text);
  }

  #next() {
    this.n += 1;
    return this.n;
  }

  #opened(epoch, channel) {
    this.inputEpoch = epoch;
    const held = this.held.end();
    this.onReady();
    this.#flush(held);
  }

  // Neither has the next peer come nor a picture by the one before.
  #expired() {
    const { texts, isMissed } = this.held.end();
    if (isMissed) this.onUndelivered();
    // A release may be among it, and reach the one before when its way is back.
    if (texts.length > 0) this.releaseAll();
    this.onHeldOver();
  }

  #flush({ texts, isMissed, isCut, isStale }) {
    const sent = !isStale && texts.every((text) => this.#send(this.input, text));
    if (isMissed && !sent) this.onUndelivered();
    // The release of a key that waited may be among what did not.
    if (isCut) this.releaseAll();
  }

  // Input arrives, or the person is told that it did not.
  #give(message) {
    if (!this.#take(message)) this.onUndelivered();
  }

  #take(message) {
    const text = JSON.stringify(message);
    return this.held.isOn ? this.held.add(text) : this.#send(this.input, text);
  }

  #tell(message) {
    return this.ready && this.#send(this.input, JSON.stringify(message));
  }

  #send(channel, text) {
    if (channel?.readyState !== 'open' || channel.bufferedAmount > mostQueuedBytes) return false;
    channel.send(text);
    this.onSent();
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
