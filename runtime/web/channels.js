// The data channels of the newest epoch: what goes to the guest, bounded, and what comes from it,
// validated. The guest is not trusted: nothing of it is used that was not looked at.

const mostText = 4000; // code points a message; 4 bytes each stay below the guest's 16 KiB
const mostClipboardBytes = 60 * 1024 - 64; // 60 KiB with the message around it
const mostQueuedBytes = 1 << 20;

export class Channels {
  /** `handlers` by message type: cursor, clipboard, recording, refused. onReady() when input can be sent. */
  constructor({ handlers, onReady }) {
    this.handlers = handlers;
    this.onReady = onReady;
    this.input = null;
    this.pointer = null;
    this.epoch = -1;
    this.n = 0;
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
      if (channel.label === 'input') this.onReady();
    };
    if (channel.readyState === 'open') use();
    else channel.addEventListener('open', use, { once: true });
  }

  get ready() {
    return this.input?.readyState === 'open';
  }

  key(keysym, down) {
    return this.#send(this.input, { type: 'key', keysym, down });
  }

  button(button, down, { x, y }) {
    return this.#send(this.input, { type: 'button', button, down, x, y, n: this.#next() });
  }

  wheel(dx, dy, { x, y }) {
    return this.#send(this.input, { type: 'wheel', dx, dy, x, y, n: this.#next() });
  }

  move({ x, y }) {
    const channel = this.pointer?.readyState === 'open' ? this.pointer : this.input;
    return this.#send(channel, { type: 'move', x, y, n: this.#next() });
  }

  text(text) {
    const points = [...text];
    let sent = points.length > 0;
    for (let from = 0; from < points.length; from += mostText)
      sent = this.#send(this.input, { type: 'text', text: points.slice(from, from + mostText).join('') }) && sent;
    return sent;
  }

  /** False where the text is longer than the guest takes. */
  clipboard(text) {
    const message = { type: 'clipboard', text };
    if (new TextEncoder().encode(JSON.stringify(message)).length > mostClipboardBytes) return false;
    return this.#send(this.input, message);
  }

  /** Asks for another size of the guest's display, in pixels. */
  display(width, height) {
    return this.#send(this.input, { type: 'display', width, height });
  }

  /** Begins or ends the recording of the guest's screen. */
  record(on) {
    return this.#send(this.input, { type: 'record', on });
  }

  releaseAll() {
    return this.#send(this.input, { type: 'release-all' });
  }

  #next() {
    this.n += 1;
    return this.n;
  }

  #send(channel, message) {
    if (channel?.readyState !== 'open' || channel.bufferedAmount > mostQueuedBytes) return false;
    channel.send(JSON.stringify(message));
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
