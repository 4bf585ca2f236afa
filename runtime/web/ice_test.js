// Tests of the way from this browser to the server's host, one connection a way.

import { pairsOf } from './ice_pairs.js';
import { Signaling } from './signaling.js';
import { errorText } from './words.js';

const gatherWithinMs = 6000;
const connectWithinMs = 15_000;
const lookEveryMs = 400;
const goOnForMs = 1600; // after it is connected: the other pairs are tried too

/** One connection, and what is to be known of it. */
class Trial {
  constructor(configuration, onProgress) {
    this.connection = new RTCPeerConnection(configuration);
    this.errors = [];
    this.candidates = 0;
    this.pairs = [];
    this.onProgress = onProgress;
    this.connection.addEventListener('icecandidateerror', ({ url, errorCode, errorText: text }) => {
      if (url) this.errors.push(`${url}: ${text || 'no answer'} (${errorCode}).`);
    });
    this.connection.addEventListener('icecandidate', ({ candidate }) => { if (candidate?.candidate) this.candidates += 1; });
  }

  get connected() {
    return this.connection.connectionState === 'connected';
  }

  get outcome() {
    const { connected, candidates, pairs, errors } = this;
    return { connected, candidates, pairs, errors };
  }

  /** Looks until it is connected and all were tried, or nothing helps any more. */
  async watch() {
    const began = performance.now();
    let connectedAt = null;
    for (;;) {
      const pairs = pairsOf(await this.connection.getStats());
      if (pairs.length || !this.pairs.length) this.pairs = pairs;
      this.onProgress(this.outcome);
      const now = performance.now();
      if (this.connected) connectedAt ??= now;
      const isTried = this.pairs.every(({ state }) => state === 'succeeded' || state === 'failed');
      if (connectedAt !== null && (isTried || now - connectedAt > goOnForMs)) return this.outcome;
      if (this.connection.connectionState === 'failed' || now - began > connectWithinMs) return this.outcome;
      await later(lookEveryMs);
    }
  }

  close() {
    this.connection.close();
  }
}

/**
 * Tests one way to the server's host: `udp`, `tcp`, or `relay` (by a TURN server). Answers
 * {connected, candidates, pairs, errors, failure?}; `onProgress` is told the same while it goes on.
 */
export async function testWay({ api, way, network, onProgress = () => {} }) {
  const trial = new Trial({ iceServers: network.iceServers, iceTransportPolicy: way === 'relay' ? 'relay' : 'all' }, onProgress);
  try {
    trial.connection.createDataChannel('test');
    await trial.connection.setLocalDescription(await trial.connection.createOffer());
    await gathered(trial.connection);
    if (trial.candidates === 0) return trial.outcome;
    const { answer } = await api.testNetwork(trial.connection.localDescription.sdp, way === 'tcp' ? 'tcp' : 'udp');
    await trial.connection.setRemoteDescription({ type: 'answer', sdp: answer });
    return await trial.watch();
  } catch (error) {
    return { ...trial.outcome, failure: errorText(error) };
  } finally {
    trial.close();
  }
}

/** The same with a session's own stream, which is watched for that time. */
export async function testSession({ api, session, network, onProgress = () => {} }) {
  const { token } = await api.watchToken(session, 60_000);
  const trial = new Trial({ iceServers: network.iceServers }, onProgress);
  let signaling = null;
  const offered = new Promise((resolve, reject) => {
    const early = [];
    const take = async ({ epoch, sdp }) => {
      const { connection } = trial;
      trial.epoch = epoch;
      connection.addEventListener('icecandidate', ({ candidate }) => signaling.send({ type: 'candidate', epoch, media: 'main',
        candidate: candidate?.candidate ?? '', sdpMLineIndex: candidate?.sdpMLineIndex ?? 0, sdpMid: candidate?.sdpMid ?? '' }));
      await connection.setRemoteDescription({ type: 'offer', sdp });
      await connection.setLocalDescription(await connection.createAnswer());
      signaling.send({ type: 'answer', epoch, media: 'main', sdp: connection.localDescription.sdp });
      for (const each of early.splice(0)) add(each);
      resolve();
    };
    const add = ({ candidate, sdpMLineIndex, sdpMid }) => trial.connection
      .addIceCandidate(candidate ? { candidate, sdpMLineIndex, sdpMid } : null).catch(() => {});
    const receive = (message) => {
      if (message.type === 'offer' && trial.epoch === undefined) take(message).catch(reject);
      if (message.type === 'candidate') {
        if (trial.connection.signalingState === 'stable' && trial.epoch === message.epoch) add(message);
        else early.push(message);
      }
      if (message.type === 'error') reject(new Error(message.message));
      if (message.type === 'ended') reject(new Error('This session has ended.'));
    };
    signaling = new Signaling({
      address: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws/signal`,
      session, token, role: 'viewer', position: null,
      callbacks: { onConnecting: () => {}, onOpen: () => {}, onMessage: receive,
        onClosed: () => reject(new Error('The socket was closed.')) } });
    signaling.open();
    later(connectWithinMs).then(() => reject(new Error('Its stream offered nothing: look at the session’s `why`.')));
  });
  try {
    await offered;
    return await trial.watch();
  } catch (error) {
    return { ...trial.outcome, failure: errorText(error) };
  } finally {
    trial.close();
    signaling?.close();
  }
}

function gathered(connection) {
  return Promise.race([later(gatherWithinMs), new Promise((resolve) => {
    const look = () => { if (connection.iceGatheringState === 'complete') resolve(); };
    connection.addEventListener('icegatheringstatechange', look);
    look();
  })]);
}

function later(ms) {
  return new Promise((resolve) => { setTimeout(resolve, ms); });
}
