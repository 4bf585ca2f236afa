// The socket `/ws/signal`: hello, resume, and coming back after a loss.

import { closePolicy, reconnectDelay } from './backoff.js';

const subprotocol = 'aerie.signal.v1';
const heartbeatMs = 10_000;
const probeMs = 300;
const mostRoundTripMs = 1000; // what is more is a page that slept
const welcomeMs = 1500; // for the first attempt to resume; each later one has as much more

export class Signaling {
  /**
   * `memory` keeps the resume token and the last sequence number across reloads. Callbacks:
   * onMessage(message), onOpen(), onConnecting(), onUnanswered() where probe() found the socket dead,
   * onClosed({code, retryAt}) with `retryAt` null
   * when it stays closed. `wantsAudio()` is asked at each hello.
   */
  constructor({ address, session, token, role, position, callbacks, wantsAudio = () => false,
    random = Math.random }) {
    Object.assign(this, { address, session, token, role, callbacks, wantsAudio, random });
    this.resume = position?.resume ?? null;
    this.lastSeq = position?.lastSeq ?? 0;
    this.attempt = 0;
    this.socket = null;
    this.timer = null;
    this.ended = false;
    this.nonce = 0;
    this.unanswered = false;
    this.heartbeat = null;
    this.probing = null;
    this.pingedAt = 0;
    this.roundTripMs = 0;
  }

  /** Opens the socket now, also while a retry is waited for. */
  open() {
    clearTimeout(this.timer);
    this.#drop();
    this.attempt += 1;
    this.callbacks.onConnecting();
    const socket = new WebSocket(this.address, subprotocol);
    this.socket = socket;
    // A network that went away in between lets a connection hang for a minute; a slow one is slow at first, too.
    const patienceMs = this.resume ? welcomeMs * this.attempt : heartbeatMs;
    this.timer = setTimeout(() => this.#giveUp(socket), Math.min(heartbeatMs, patienceMs));
    socket.addEventListener('open', () => this.#hello(socket));
    socket.addEventListener('message', (event) => this.#receive(socket, event.data));
    socket.addEventListener('close', (event) => this.#closed(socket, event.code));
  }

  /** Sends one message; false while there is no socket to send it on. */
  send(message) {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }

  /** Something else is missed: opens another socket unless the server answers on this one soon. */
  probe() {
    const { socket } = this;
    if (!this.#ping()) return;
    clearTimeout(this.probing);
    this.probing = setTimeout(() => {
      if (!this.unanswered || socket !== this.socket) return;
      this.callbacks.onUnanswered?.();
      this.open();
    }, probeMs + 2 * this.roundTripMs);
  }

  /** Closes it for good. */
  close() {
    clearTimeout(this.timer);
    clearTimeout(this.probing);
    this.#drop();
  }

  #hello(socket) {
    const resume = this.resume ? { resume: this.resume, lastSeq: this.lastSeq } : {};
    socket.send(JSON.stringify({ type: 'hello', session: this.session, token: this.token,
      role: this.role, ...(this.wantsAudio() ? { audio: true } : {}), ...resume }));
    this.callbacks.onOpen();
  }

  #receive(socket, data) {
    if (socket !== this.socket) return;
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      return;
    }
    if (typeof message !== 'object' || message === null) return;
    this.#follow(message);
    this.callbacks.onMessage(message);
  }

  #follow(message) {
    this.unanswered = false;
    if (message.type === 'welcome') {
      clearTimeout(this.timer);
      this.attempt = 0;
      this.#beat();
      this.resume = message.resume ?? null;
    }
    if (message.type === 'pong' && message.nonce === this.nonce)
      this.roundTripMs = Math.min(Date.now() - this.pingedAt, mostRoundTripMs);
    if (message.type === 'ended') this.ended = true;
    if (Number.isSafeInteger(message.seq)) this.lastSeq = message.seq;
  }

  // A server that vanished without closing is noticed by nothing else.
  #beat() {
    clearInterval(this.heartbeat);
    this.#ping();
    this.heartbeat = setInterval(() => {
      const { socket } = this;
      if (!socket) return;
      if (this.unanswered) {
        this.#giveUp(socket);
        return;
      }
      this.#ping();
    }, heartbeatMs);
  }

  #ping() {
    this.nonce += 1;
    this.pingedAt = Date.now();
    const sent = this.send({ type: 'ping', nonce: this.nonce });
    if (sent) this.unanswered = true;
    return sent;
  }

  #giveUp(socket) {
    socket.close();
    this.#closed(socket, 1006);
  }

  #closed(socket, code) {
    if (socket !== this.socket) return;
    this.socket = null;
    clearTimeout(this.timer);
    clearInterval(this.heartbeat);
    const { retry, slow } = closePolicy(code);
    if (!retry || this.ended) {
      this.callbacks.onClosed({ code, retryAt: null });
      return;
    }
    const delay = reconnectDelay(this.attempt + (slow ? 2 : 1), this.random);
    this.callbacks.onClosed({ code, retryAt: Date.now() + delay });
    this.timer = setTimeout(() => this.open(), delay);
  }

  #drop() {
    const { socket } = this;
    this.socket = null;
    clearInterval(this.heartbeat);
    socket?.close();
  }
}
