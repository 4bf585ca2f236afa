// The peer connections: one an epoch, and a change from one to the next without a gap.

import { signsOfLife } from './moves.js';

const mostEarlyCandidates = 64;
const restMs = 250;
const flow = { pictures: 8, withinMs: 1000 }; // what makes a picture one that moves

export class Media {
  /**
   * `video` is replaced by another element when an epoch takes over; `send(message)` is signaling's.
   * Callbacks: onFrame(epoch, video) at an epoch's first picture, onChannel(epoch, channel),
   * onRest() when a picture that moved has stopped and, only beside it, onPicture(epoch) at each picture,
   * onLost(epoch) when its connection failed or nothing comes over it, once; onProblem(message).
   */
  constructor({ video, send, callbacks }) {
    Object.assign(this, { video, send, callbacks });
    this.iceServers = [];
    this.newest = null; // the peer that was offered last
    this.shown = null; // the peer whose picture is seen
    this.early = { epoch: null, candidates: [] };
    this.resting = null; // the timer that looks for a rest
    this.pictureAt = -Infinity; // ms of the page's clock, of the last one
  }

  /** Takes an offer and answers it. Offers of older epochs than the newest are ignored. */
  async offer({ epoch, media = 'main', sdp }) {
    if (media !== 'main' || (this.newest && epoch <= this.newest.epoch)) return;
    if (this.newest && this.newest !== this.shown) close(this.newest);
    const peer = this.#peer(epoch);
    this.newest = peer;
    try {
      await this.#answer(peer, sdp);
    } catch (error) {
      if (this.newest === peer) this.callbacks.onProblem(error.message);
    }
  }

  /** Takes a candidate of the newest epoch, or keeps it until that epoch's offer was applied. */
  candidate(message) {
    const { epoch, media = 'main' } = message;
    if (media !== 'main') return;
    if (this.newest?.epoch === epoch) this.#addCandidate(this.newest, message);
    else if (!this.newest || epoch > this.newest.epoch) this.#keepEarly(message);
  }

  /** What the connection measures: {roundTripMs, codec, width, height, framesPerSecond}. */
  async statistics() {
    const report = this.shown ? await this.shown.connection.getStats() : new Map();
    const found = {};
    for (const entry of report.values()) {
      if (entry.type === 'candidate-pair' && entry.nominated && entry.currentRoundTripTime !== undefined)
        found.roundTripMs = Math.round(entry.currentRoundTripTime * 1000);
      if (entry.type !== 'inbound-rtp' || entry.kind !== 'video') continue;
      found.codec = report.get(entry.codecId)?.mimeType?.replace('video/', '');
      Object.assign(found, { width: entry.frameWidth, height: entry.frameHeight,
        framesPerSecond: entry.framesPerSecond ?? 0 });
    }
    return found;
  }

  /** What has come so far, for who takes differences: {at (ms), frames, bytes, decodeMs, roundTripMs}. */
  async totals() {
    const report = this.shown ? await this.shown.connection.getStats() : new Map();
    const totals = { at: 0, frames: 0, bytes: 0, decodeMs: 0, roundTripMs: 0 };
    for (const entry of report.values()) {
      if (entry.type === 'candidate-pair' && entry.nominated && entry.currentRoundTripTime !== undefined)
        totals.roundTripMs = entry.currentRoundTripTime * 1000;
      if (entry.type === 'inbound-rtp' && entry.kind === 'video')
        Object.assign(totals, { at: entry.timestamp, frames: entry.framesDecoded ?? 0,
          bytes: entry.bytesReceived ?? 0, decodeMs: (entry.totalDecodeTime ?? 0) * 1000 });
    }
    return totals;
  }

  /** How much has come over the newest peer so far: {epoch, signs}, or null where there is none. */
  async signs() {
    const peer = this.newest;
    return peer ? { epoch: peer.epoch, signs: await signsOfLife(peer.connection) } : null;
  }

  /** Whether the browser has closed the newest peer: it does before its machine sleeps, and tells nobody. */
  isClosed() {
    return this.newest?.connection.connectionState === 'closed';
  }

  /** Whether pictures come at present. */
  flows() {
    return performance.now() - this.pictureAt < restMs;
  }

  /** Closes every peer; the last picture stays where it is. */
  close() {
    for (const peer of new Set([this.newest, this.shown])) if (peer) close(peer);
    clearTimeout(this.resting);
    this.newest = null;
    this.shown = null;
  }

  #peer(epoch) {
    const connection = new RTCPeerConnection({ iceServers: this.iceServers });
    const peer = { epoch, connection, waiting: this.#takeEarly(epoch), described: false,
      isLost: false };
    connection.addEventListener('icecandidate', ({ candidate }) => this.#sendCandidate(peer, candidate));
    connection.addEventListener('track', (event) => this.#track(peer, event));
    connection.addEventListener('datachannel', ({ channel }) => this.callbacks.onChannel(epoch, channel));
    connection.addEventListener('connectionstatechange', () => {
      // Whether it comes back from `disconnected` shows too late.
      const isLost = ['disconnected', 'failed'].includes(connection.connectionState);
      if (!isLost || peer.isLost || this.newest !== peer) return;
      peer.isLost = true;
      this.callbacks.onLost(epoch);
    });
    return peer;
  }

  async #answer(peer, sdp) {
    const { connection, epoch } = peer;
    await connection.setRemoteDescription({ type: 'offer', sdp });
    await connection.setLocalDescription(await connection.createAnswer());
    this.send({ type: 'answer', epoch, media: 'main', sdp: connection.localDescription.sdp });
    peer.described = true;
    for (const message of peer.waiting.splice(0)) this.#addCandidate(peer, message);
  }

  #addCandidate(peer, message) {
    if (!peer.described) {
      if (peer.waiting.length < mostEarlyCandidates) peer.waiting.push(message);
      return;
    }
    const { candidate, sdpMLineIndex, sdpMid } = message;
    const parsed = candidate ? { candidate, sdpMLineIndex, sdpMid } : null;
    // One that this browser cannot use is no reason to give the others up.
    peer.connection.addIceCandidate(parsed).catch(() => {});
  }

  #sendCandidate({ epoch }, candidate) {
    this.send({ type: 'candidate', epoch, media: 'main', candidate: candidate?.candidate ?? '',
      sdpMLineIndex: candidate?.sdpMLineIndex ?? 0, sdpMid: candidate?.sdpMid ?? '' });
  }

  #track(peer, { track, receiver, streams }) {
    if (track.kind !== 'video') return;
    // The least delay that the browser allows: a desktop is no film.
    if ('jitterBufferTarget' in receiver) receiver.jitterBufferTarget = 0;
    if ('playoutDelayHint' in receiver) receiver.playoutDelayHint = 0;
    const video = this.shown ? this.#standIn() : this.video;
    video.srcObject = streams[0] ?? new MediaStream([track]);
    video.play?.().catch(() => {});
    onFirstFrame(video, () => this.#show(peer, video));
  }

  // The picture of before stays in sight until this one has something to show.
  #standIn() {
    const video = this.video.cloneNode(false);
    video.id = '';
    video.muted = true;
    this.video.before(video);
    return video;
  }

  #show(peer, video) {
    if (this.newest !== peer) {
      if (video !== this.video) video.remove();
      return;
    }
    if (this.shown && this.shown !== peer) close(this.shown);
    if (video !== this.video) {
      this.video.srcObject = null;
      this.video.remove();
      video.id = 'screen';
      this.video = video;
    }
    this.shown = peer;
    this.callbacks.onFrame(peer.epoch, video);
    if (this.callbacks.onRest && video.requestVideoFrameCallback) this.#watch(peer.epoch, video);
  }

  // A picture that has come to rest looks like one whose network is gone.
  #watch(epoch, video) {
    const times = []; // of the last pictures, the newest last
    const look = () => {
      const left = times.at(-1) + restMs - performance.now();
      this.resting = left > 0 ? setTimeout(look, left) : null;
      const moved = times.length === flow.pictures && times.at(-1) - times[0] <= flow.withinMs;
      if (left <= 0 && moved) this.callbacks.onRest();
    };
    const came = () => {
      if (this.video !== video) return;
      this.pictureAt = performance.now();
      this.callbacks.onPicture?.(epoch);
      times.push(this.pictureAt);
      if (times.length > flow.pictures) times.shift();
      this.resting ??= setTimeout(look, restMs);
      video.requestVideoFrameCallback(came);
    };
    clearTimeout(this.resting);
    this.resting = null;
    came();
  }

  #keepEarly(message) {
    if (this.early.epoch !== message.epoch) this.early = { epoch: message.epoch, candidates: [] };
    if (this.early.candidates.length < mostEarlyCandidates) this.early.candidates.push(message);
  }

  #takeEarly(epoch) {
    const { early } = this;
    this.early = { epoch: null, candidates: [] };
    return early.epoch === epoch ? early.candidates : [];
  }
}

// A hidden tab draws no frames, but it loads the first.
function onFirstFrame(video, callback) {
  let called = false;
  const once = () => {
    if (!called) callback();
    called = true;
  };
  video.addEventListener('loadeddata', once, { once: true });
  video.requestVideoFrameCallback?.(once);
}

function close(peer) {
  peer.connection.close();
}
