// A session's screen, to look at only: a watch token, a socket, a peer, and what peer and streamer measure.

import { LineChart } from './charts.js';
import { make } from './dom.js';
import { Media } from './media.js';
import { Signaling } from './signaling.js';
import { closeText, errorText } from './words.js';

const watchForMs = 60 * 60 * 1000;
const everyMs = 1000;

export class Screen {
  /** `figuresOf()`: what the session's stream shows of itself at the moment. */
  constructor({ api, session, host, figuresOf = () => ({}) }) {
    Object.assign(this, { api, session, host, figuresOf });
    this.video = make('video', { muted: true, autoplay: true, playsInline: true });
    this.note = make('p', { className: 'soft', textContent: 'Asking for the picture…' });
    this.readings = make('div', { className: 'readings', hidden: true });
    host.replaceChildren(make('div', { className: 'screen' }, this.video), this.note, this.readings);
    this.#open();
  }

  close() {
    this.isClosed = true;
    clearInterval(this.timer);
    this.signaling?.close();
    this.media?.close();
    for (const chart of Object.values(this.charts ?? {})) chart.close();
  }

  async #open() {
    try {
      const { token } = await this.api.watchToken(this.session, watchForMs);
      if (!this.isClosed) this.#connect(token);
    } catch (error) {
      this.note.textContent = errorText(error);
    }
  }

  #connect(token) {
    this.signaling = new Signaling({
      address: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws/signal`,
      session: this.session, token, role: 'viewer', position: null,
      callbacks: { onConnecting: () => {}, onOpen: () => {}, onMessage: (message) => this.#receive(message),
        onClosed: ({ code }) => { this.note.textContent = closeText(code); } } });
    this.media = new Media({ video: this.video, send: (message) => this.signaling.send(message), callbacks: {
      onFrame: () => this.#live(),
      onChannel: () => {},
      onLost: () => this.signaling.send({ type: 'renegotiate' }),
      onProblem: (message) => { this.note.textContent = message; } } });
    this.signaling.open();
  }

  #receive(message) {
    if (message.type === 'welcome') {
      if (Array.isArray(message.iceServers)) this.media.iceServers = message.iceServers;
      this.note.textContent = 'Waiting for the first picture…';
    }
    if (message.type === 'pong' && this.media.isClosed()) this.signaling.send({ type: 'renegotiate' });
    if (message.type === 'offer') this.media.offer(message);
    if (message.type === 'candidate') this.media.candidate(message);
    if (message.type === 'stream' && message.state !== 'up')
      this.note.textContent = message.cause?.message ?? `The stream is ${message.state}.`;
    if (message.type === 'ended') this.note.textContent = 'This session has ended.';
    if (message.type === 'error') this.note.textContent = errorText(message);
  }

  #live() {
    this.note.textContent = 'Live, to look at only: nothing you do here reaches the guest.';
    if (this.timer) return;
    this.readings.hidden = false;
    const chart = (label, format, tint) => {
      const host = make('div', { className: 'chart' });
      this.readings.append(host);
      return new LineChart({ host, label, format, span: 90, tint });
    };
    this.charts = {
      frames: chart('frames a second', (value) => String(Math.round(value)), '--good'),
      rate: chart('kbit/s', (value) => String(Math.round(value)), '--accent'),
      trip: chart('round trip, ms', (value) => value.toFixed(value < 10 ? 1 : 0), '--busy'),
      encode: chart('encoding, ms a frame', (value) => value.toFixed(1), '--bad'),
      decode: chart('decoding, ms a frame', (value) => value.toFixed(1), '--soft'),
    };
    this.timer = setInterval(() => this.#measure(), everyMs);
  }

  async #measure() {
    const now = await this.media.totals();
    const before = this.before ?? now;
    this.before = now;
    const at = Date.now() / 1000;
    const passed = (now.at - before.at) / 1000;
    if (!(passed > 0) || this.isClosed) return;
    const frames = now.frames - before.frames;
    this.charts.frames.push(at, frames / passed);
    this.charts.rate.push(at, (now.bytes - before.bytes) * 8 / 1000 / passed);
    this.charts.trip.push(at, now.roundTripMs);
    this.charts.encode.push(at, this.figuresOf().encodeP50Ms ?? 0);
    this.charts.decode.push(at, frames ? (now.decodeMs - before.decodeMs) / frames : 0);
  }
}
