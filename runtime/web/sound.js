// The guest's sound: a peer connection beside the picture's, while this person wants to hear it.

import { signsOfLife } from './moves.js';

const mostEarlyCandidates = 64;
const choiceKey = 'aerie.sound';

/** What is chosen stands for all sessions of this browser. */
export class SoundChoice {
  constructor(storage = localStorage) {
    this.storage = storage;
  }

  get wanted() {
    return this.storage.getItem(choiceKey) === 'on';
  }

  set wanted(wanted) {
    if (wanted) this.storage.setItem(choiceKey, 'on');
    else this.storage.removeItem(choiceKey);
  }
}

/** A description that takes two channels of Opus, which browsers ask for one of by default (RFC 7587). */
export function withStereo(sdp) {
  const payload = /^a=rtpmap:(\d+) opus\/48000\/2\r?$/im.exec(sdp)?.[1];
  if (payload === undefined) return sdp;
  return sdp.replace(new RegExp(`^(a=fmtp:${payload} (?!.*\\bstereo=).*?)(\\r?)$`, 'm'), '$1;stereo=1$2');
}

export class Sound {
  /**
   * `send(message)` is signaling's, `makePeer(configuration)` and `element` (an audio element) the browser's.
   * onChanged({wanted, state}) tells `off`, `waiting` (for the guest), `blocked` (until a gesture) or `on`.
   */
  constructor({ send, choice = new SoundChoice(), element = new Audio(), onChanged,
    makePeer = (configuration) => new RTCPeerConnection(configuration) }) {
    Object.assign(this, { send, choice, element, onChanged, makePeer });
    this.iceServers = [];
    this.peer = null; // {epoch, connection, described, waiting}
    this.early = { epoch: null, candidates: [] };
    this.wanted = choice.wanted;
    this.state = this.wanted ? 'waiting' : 'off';
  }

  /** Turns it on or off, because the person said so: a gesture, which lets the browser play. */
  toggle() {
    this.want(this.state === 'blocked' ? true : !this.wanted);
  }

  want(wanted) {
    const isNew = wanted !== this.wanted;
    this.wanted = wanted;
    this.choice.wanted = wanted;
    if (!wanted) this.close();
    if (isNew) this.send({ type: 'audio', wanted });
    if (wanted && this.peer?.playing) this.#play(this.peer);
    else this.#enter(wanted ? 'waiting' : 'off');
  }

  /** The guest has none at present; the choice for other sessions stays. */
  unavailable() {
    if (this.wanted) this.send({ type: 'audio', wanted: false });
    this.wanted = false;
    this.close();
    this.#enter('off');
  }

  async offer({ epoch, sdp }) {
    if (!this.wanted || (this.peer && epoch <= this.peer.epoch)) return;
    this.close();
    const peer = this.#makePeer(epoch);
    this.peer = peer;
    const { connection } = peer;
    try {
      await connection.setRemoteDescription({ type: 'offer', sdp });
      const answer = await connection.createAnswer();
      await connection.setLocalDescription({ type: 'answer', sdp: withStereo(answer.sdp) });
      this.send({ type: 'answer', epoch, media: 'audio', sdp: connection.localDescription.sdp });
      peer.described = true;
      for (const message of peer.waiting.splice(0)) this.#addCandidate(peer, message);
    } catch {
      if (this.peer === peer) this.unavailable();
    }
  }

  candidate(message) {
    if (this.peer?.epoch === message.epoch) this.#addCandidate(this.peer, message);
    else if (!this.peer || message.epoch > this.peer.epoch) this.#keepEarly(message);
  }

  /** Asks for another peer, as this page has lost its own or never had it. */
  renegotiate() {
    if (this.wanted) this.send({ type: 'renegotiate', media: 'audio' });
  }

  /** Whether the browser has closed its peer, as that of the picture. */
  isClosed() {
    return this.peer?.connection.connectionState === 'closed';
  }

  /** How much has come over its peer so far: {epoch, signs}, or null where there is none. */
  async signs() {
    const { peer } = this;
    return peer ? { epoch: peer.epoch, signs: await signsOfLife(peer.connection) } : null;
  }

  /** What has come so far: {packets, energy, level}; energy and level as RTCInboundRtpStreamStats has them. */
  async totals() {
    const totals = { packets: 0, energy: 0, level: 0 };
    const report = this.peer ? await this.peer.connection.getStats() : new Map();
    for (const entry of report.values()) {
      if (entry.type === 'inbound-rtp' && entry.kind === 'audio')
        Object.assign(totals, { packets: entry.packetsReceived ?? 0, energy: entry.totalAudioEnergy ?? 0,
          level: entry.audioLevel ?? 0 });
    }
    return totals;
  }

  close() {
    this.peer?.connection.close();
    this.peer = null;
    this.element.srcObject = null;
  }

  #makePeer(epoch) {
    const connection = this.makePeer({ iceServers: this.iceServers });
    const peer = { epoch, connection, described: false, playing: false, isLost: false,
      waiting: this.#takeEarly(epoch) };
    connection.addEventListener('icecandidate', ({ candidate }) => this.send({ type: 'candidate', epoch,
      media: 'audio', candidate: candidate?.candidate ?? '', sdpMLineIndex: candidate?.sdpMLineIndex ?? 0,
      sdpMid: candidate?.sdpMid ?? '' }));
    connection.addEventListener('track', ({ track, receiver, streams }) => {
      // The least delay that the browser allows, as for the picture.
      if ('jitterBufferTarget' in receiver) receiver.jitterBufferTarget = 0;
      this.element.srcObject = streams[0] ?? new MediaStream([track]);
      peer.playing = true;
      this.#play(peer);
    });
    connection.addEventListener('connectionstatechange', () => {
      const isLost = ['disconnected', 'failed'].includes(connection.connectionState);
      if (!isLost || peer.isLost || this.peer !== peer) return;
      peer.isLost = true;
      this.renegotiate();
    });
    return peer;
  }

  // Browsers let a page be heard only once a person has done something in it.
  #play(peer) {
    this.element.play().then(() => {
      if (this.peer === peer) this.#enter('on');
    }, () => {
      if (this.peer === peer) this.#enter('blocked');
    });
  }

  #addCandidate(peer, message) {
    if (!peer.described) {
      if (peer.waiting.length < mostEarlyCandidates) peer.waiting.push(message);
      return;
    }
    const { candidate, sdpMLineIndex, sdpMid } = message;
    // One that this browser cannot use is no reason to give the others up.
    peer.connection.addIceCandidate(candidate ? { candidate, sdpMLineIndex, sdpMid } : null).catch(() => {});
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

  #enter(state) {
    this.state = state;
    this.onChanged({ wanted: this.wanted, state });
  }
}

const buttonWords = { off: 'Turn sound on', waiting: 'Turn sound off', blocked: 'Press to hear', on: 'Turn sound off' };

/** The speaker button, and the first gesture of a page that was loaded with sound chosen. */
export function connectSoundButton(button, sound) {
  button.onclick = () => sound.toggle();
  const onGesture = (event) => {
    if (sound.state === 'blocked' && !button.contains(event.target)) sound.want(true);
  };
  document.addEventListener('pointerdown', onGesture, true);
  document.addEventListener('keydown', onGesture, true);
  drawSoundButton(button, sound);
}

export function drawSoundButton(button, { state }) {
  const label = buttonWords[state];
  Object.assign(button, { title: label });
  button.setAttribute('aria-label', label);
  button.setAttribute('aria-pressed', String(state !== 'off'));
  button.dataset.sound = state;
  const name = state === 'off' || state === 'blocked' ? 'silent' : 'speaker';
  button.querySelector('use').setAttribute('href', `/web/glyphs.svg#${name}`);
}
