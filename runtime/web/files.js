// Files to and from the guest, over its data channel `files`. The guest is not trusted: what it says
// is looked at, its names are only text, and it can't make this page keep more than it announced.

import { parseGuestMessage } from './channels.js';

const pieceBytes = 16 * 1024 - 4; // with the transfer's id before it
const readBytes = 256 * 1024;
const mostUnconfirmed = 512 * 1024; // half of what the guest takes unwritten
const mostQueued = 64 * 1024; // so that input does not wait behind it
const mostTries = 3;
const mostListed = 200;
const mostNameLength = 255;
const harmful = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff/]/;

/** Whether a name can be shown and saved as a file's. */
export function isFileName(name) {
  return typeof name === 'string' && name.length > 0 && name.length <= mostNameLength &&
    !name.startsWith('.') && !harmful.test(name);
}

/**
 * The transfers of one page: one upload and one download run at a time, the others wait. Each is
 * {id, kind: 'upload'|'download', name, bytes, done, state: 'waiting'|'running'|'done'|'failed', reason}.
 * Where the peer is lost they begin again with the next.
 */
export class Files {
  /** `onChange()` after any change; `save(name, blob)` gives a file that came to the person. */
  constructor({ onChange, save }) {
    Object.assign(this, { onChange, save });
    this.channel = null;
    this.listed = [];
    this.largest = null;
    this.transfers = [];
    this.lastId = 0;
  }

  /** Takes the channel that the guest opened. */
  attach(channel) {
    this.#lose();
    this.channel = channel;
    channel.binaryType = 'arraybuffer';
    channel.bufferedAmountLowThreshold = mostQueued / 2;
    const current = (handler) => (event) => { if (this.channel === channel) handler(event); };
    channel.addEventListener('message', current(({ data }) => this.#receive(data)));
    channel.addEventListener('bufferedamountlow', current(() => this.#wake()));
    channel.addEventListener('close', current(() => this.#lose()));
    channel.addEventListener('open', current(() => this.#next()));
    this.#next();
  }

  get ready() {
    return this.channel?.readyState === 'open';
  }

  /** Sends files {name, size, slice()} to the guest, one after the other. */
  upload(files) {
    for (const file of files) this.#add({ kind: 'upload', name: file.name, bytes: file.size, file });
    this.#next();
  }

  /** Fetches a file by the name under which it is listed. */
  download(name) {
    const bytes = this.listed.find((file) => file.name === name)?.bytes ?? 0;
    this.#add({ kind: 'download', name, bytes });
    this.#next();
  }

  cancel(id) {
    const transfer = this.#find(id);
    if (!transfer || ['done', 'failed'].includes(transfer.state)) return;
    if (transfer.state === 'running') this.#say({ type: 'cancel', id });
    this.#fail(transfer, 'cancelled');
  }

  /** Forgets what is over. */
  clear() {
    this.transfers = this.transfers.filter((each) => !['done', 'failed'].includes(each.state));
    this.onChange();
  }

  #add(transfer) {
    this.lastId += 1;
    this.transfers.push({ id: this.lastId, done: 0, state: 'waiting', reason: null, tries: 0, ...transfer });
    this.onChange();
  }

  #find(id) {
    return this.transfers.find((each) => each.id === id);
  }

  #running(kind) {
    return this.transfers.find((each) => each.kind === kind && each.state === 'running');
  }

  #next() {
    if (!this.ready) return;
    for (const kind of ['upload', 'download']) {
      const transfer = !this.#running(kind) && this.transfers.find((each) => each.kind === kind && each.state === 'waiting');
      if (transfer) this.#begin(transfer);
    }
  }

  #begin(transfer) {
    if (transfer.kind === 'upload' && this.largest !== null && transfer.bytes > this.largest) {
      this.#fail(transfer, 'too-large');
      return;
    }
    // Its own number at each try: pieces of the one before may still be on their way.
    this.lastId += 1;
    Object.assign(transfer, { id: this.lastId, state: 'running', done: 0, parts: [], tries: transfer.tries + 1 });
    const { id, kind, name, bytes } = transfer;
    this.#say(kind === 'upload' ? { type: kind, id, name, bytes } : { type: kind, id, name });
    this.onChange();
  }

  async #send(transfer) {
    const { id, file } = transfer;
    const isOver = () => transfer.state !== 'running' || transfer.id !== id;
    try {
      for (let from = 0; from < file.size && !isOver(); from += readBytes) {
        const block = new Uint8Array(await file.slice(from, from + readBytes).arrayBuffer());
        for (let at = 0; at < block.length; at += pieceBytes) {
          const piece = block.subarray(at, at + pieceBytes);
          await this.#room(transfer, from + at + piece.length);
          // A channel that closes begins it again when it is back.
          if (isOver() || !this.ready) return;
          this.channel.send(withId(id, piece));
        }
      }
    } catch {
      // It was changed or taken away while it was read.
      if (!isOver()) {
        this.#say({ type: 'cancel', id });
        this.#fail(transfer, 'unreadable');
      }
    }
  }

  // Waits until the guest has so much of it written, and the channel so little before it.
  async #room(transfer, upTo) {
    const { id } = transfer;
    while (transfer.state === 'running' && transfer.id === id &&
      (upTo - transfer.done > mostUnconfirmed || this.channel.bufferedAmount > mostQueued))
      await new Promise((resolve) => { this.waiting = resolve; });
  }

  #wake() {
    this.waiting?.();
    this.waiting = null;
  }

  #receive(data) {
    if (data instanceof ArrayBuffer) {
      this.#take(data);
      return;
    }
    const message = parseGuestMessage(data);
    const handlers = { files: this.#list, accepted: this.#accepted, received: this.#received, done: this.#done,
      sent: this.#sent, refused: this.#refused };
    if (message && Object.hasOwn(handlers, message.type)) handlers[message.type].call(this, message, this.#find(message.id));
  }

  #list({ files, largest }) {
    if (!Array.isArray(files)) return;
    this.listed = files.slice(0, mostListed).filter((file) => isFileName(file?.name) && Number.isSafeInteger(file.bytes));
    this.largest = Number.isSafeInteger(largest) ? largest : null;
    this.onChange();
  }

  #accepted({ bytes }, transfer) {
    if (transfer?.state !== 'running' || !Number.isSafeInteger(bytes)) return;
    if (transfer.kind === 'upload') {
      this.#send(transfer);
    } else {
      transfer.bytes = bytes;
      this.onChange();
    }
  }

  #received({ bytes }, transfer) {
    if (transfer?.state !== 'running' || transfer.kind !== 'upload') return;
    if (Number.isSafeInteger(bytes) && bytes <= transfer.bytes) transfer.done = bytes;
    this.#wake();
    this.onChange();
  }

  #take(data) {
    if (data.byteLength < 5) return;
    const transfer = this.#find(new DataView(data).getUint32(0));
    if (transfer?.state !== 'running' || transfer.kind !== 'download') return;
    transfer.done += data.byteLength - 4;
    if (transfer.done > transfer.bytes) {
      this.#say({ type: 'cancel', id: transfer.id });
      this.#fail(transfer, 'bad-data');
      return;
    }
    transfer.parts.push(new Uint8Array(data, 4));
    this.onChange();
  }

  #done({ name }, transfer) {
    if (transfer?.state !== 'running' || transfer.kind !== 'upload') return;
    if (isFileName(name)) transfer.name = name;
    this.#end(transfer, 'done');
  }

  #sent(_, transfer) {
    if (transfer?.state !== 'running' || transfer.kind !== 'download') return;
    if (transfer.done !== transfer.bytes) {
      this.#fail(transfer, 'bad-data');
      return;
    }
    this.save(transfer.name, new Blob(transfer.parts));
    this.#end(transfer, 'done');
  }

  #refused({ reason }, transfer) {
    if (transfer?.state === 'running') this.#fail(transfer, String(reason).slice(0, 80));
  }

  #fail(transfer, reason) {
    transfer.reason = reason;
    this.#end(transfer, 'failed');
  }

  #end(transfer, state) {
    if (state === 'done') transfer.done = transfer.bytes;
    transfer.state = state;
    delete transfer.parts;
    delete transfer.file;
    this.#wake();
    this.onChange();
    this.#next();
  }

  // The guest has undone what was under way.
  #lose() {
    this.channel = null;
    this.listed = [];
    for (const transfer of this.transfers) {
      if (transfer.state !== 'running') continue;
      Object.assign(transfer, { state: 'waiting', done: 0, parts: [] });
      if (transfer.tries >= mostTries) Object.assign(transfer, { state: 'failed', reason: 'peer-lost' });
    }
    this.#wake();
    this.onChange();
  }

  #say(message) {
    if (this.ready) this.channel.send(JSON.stringify(message));
  }
}

function withId(id, piece) {
  const message = new Uint8Array(4 + piece.length);
  new DataView(message.buffer).setUint32(0, id);
  message.set(piece, 4);
  return message;
}
