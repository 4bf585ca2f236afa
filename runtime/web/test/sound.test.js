import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { Signaling } from '../signaling.js';
import { Sound, SoundChoice, withStereo } from '../sound.js';

class Storage {
  #values = new Map();
  getItem(key) { return this.#values.get(key) ?? null; }
  setItem(key, value) { this.#values.set(key, value); }
  removeItem(key) { this.#values.delete(key); }
}

/** A peer connection that agrees to everything. */
class FakePeer extends EventTarget {
  candidates = [];
  closed = false;
  async setRemoteDescription(description) { this.remote = description; }
  async createAnswer() { return { type: 'answer', sdp: 'v=0\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10\r\n' }; }
  async setLocalDescription(description) { this.localDescription = description; }
  async addIceCandidate(candidate) { this.candidates.push(candidate); }
  close() { this.closed = true; }
  track() {
    this.dispatchEvent(Object.assign(new Event('track'), { track: {}, receiver: {}, streams: ['stream'] }));
  }
}

function scene({ chosen = false, mayPlay = true } = {}) {
  const choice = new SoundChoice(new Storage());
  choice.wanted = chosen;
  const sent = [];
  const states = [];
  const peers = [];
  const browser = { mayPlay };
  const element = { srcObject: null, play: async () => { if (!browser.mayPlay) throw new Error('no gesture'); } };
  const sound = new Sound({ choice, element, send: (message) => sent.push(message),
    onChanged: ({ state }) => states.push(state),
    makePeer: () => { peers.push(new FakePeer()); return peers.at(-1); } });
  return { sound, choice, sent, states, peers, browser, element };
}

const settled = () => new Promise((resolve) => { setTimeout(resolve); });
const offer = (epoch) => ({ type: 'offer', epoch, media: 'audio', sdp: 'o' });

describe('stereo', () => {
  test('is asked for once', () => {
    const sdp = 'a=rtpmap:9 G722/8000\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\na=mid:0\r\n';
    assert.match(withStereo(sdp), /^a=fmtp:111 minptime=10;useinbandfec=1;stereo=1\r$/m);
    assert.equal(withStereo(withStereo(sdp)), withStereo(sdp));
  });

  test('a description without Opus stays as it is', () => assert.equal(withStereo('a=rtpmap:0 PCMU/8000'), 'a=rtpmap:0 PCMU/8000'));
});

describe('sound', () => {
  test('is off until it is wanted, and is remembered', () => {
    const { sound, choice, sent, states } = scene();
    assert.equal(sound.state, 'off');
    sound.toggle();
    assert.deepEqual(sent, [{ type: 'audio', wanted: true }]);
    assert.deepEqual(states, ['waiting']);
    assert.equal(choice.wanted, true);
    sound.toggle();
    assert.deepEqual(sent.at(-1), { type: 'audio', wanted: false });
    assert.equal(choice.wanted, false);
  });

  test('an offer that was not asked for is not taken', async () => {
    const { sound, peers } = scene();
    await sound.offer(offer(1));
    assert.equal(peers.length, 0);
  });

  test('an offer is answered in stereo, and heard', async () => {
    const { sound, sent, states, peers, element } = scene({ chosen: true });
    sound.candidate({ epoch: 3, candidate: 'early', sdpMLineIndex: 0, sdpMid: 'audio0' });
    await sound.offer(offer(3));
    assert.equal(sent.at(-1).media, 'audio');
    assert.match(sent.at(-1).sdp, /stereo=1/);
    assert.deepEqual(peers[0].candidates.map((each) => each.candidate), ['early']);
    peers[0].track();
    await settled();
    assert.equal(element.srcObject, 'stream');
    assert.deepEqual(states, ['on']);
  });

  test('what the browser does not play waits for a gesture', async () => {
    const { sound, sent, states, peers, browser } = scene({ chosen: true, mayPlay: false });
    await sound.offer(offer(1));
    peers[0].track();
    await settled();
    assert.equal(sound.state, 'blocked');
    browser.mayPlay = true;
    sound.toggle();
    await settled();
    assert.deepEqual(states, ['blocked', 'on']);
    assert.equal(sent.filter((message) => message.type === 'audio').length, 0);
  });

  test('a newer epoch takes over, an older one is ignored', async () => {
    const { sound, peers } = scene({ chosen: true });
    await sound.offer(offer(2));
    await sound.offer(offer(5));
    await sound.offer(offer(4));
    assert.deepEqual(peers.map((peer) => peer.closed), [true, false]);
  });

  test('a guest without sound turns it off here and not for other sessions', () => {
    const { sound, choice, sent } = scene({ chosen: true });
    sound.unavailable();
    assert.equal(sound.state, 'off');
    assert.equal(choice.wanted, true);
    assert.deepEqual(sent, [{ type: 'audio', wanted: false }]);
    sound.toggle();
    assert.deepEqual(sent.at(-1), { type: 'audio', wanted: true });
  });

  test('a lost connection asks for another peer', async () => {
    const { sound, sent, peers } = scene({ chosen: true });
    await sound.offer(offer(1));
    peers[0].connectionState = 'failed';
    peers[0].dispatchEvent(new Event('connectionstatechange'));
    assert.deepEqual(sent.at(-1), { type: 'renegotiate', media: 'audio' });
  });
});

test('a hello asks for audio only when it is wanted', () => {
  const hellos = [];
  class Socket extends EventTarget {
    static OPEN = 1;
    send(text) { hellos.push(JSON.parse(text)); }
    close() {}
  }
  globalThis.WebSocket = Socket;
  for (const wanted of [false, true]) {
    const signaling = new Signaling({ address: 'ws://x', session: 's', token: 't', role: 'host', position: null,
      wantsAudio: () => wanted, callbacks: { onOpen() {}, onConnecting() {} } });
    signaling.open();
    signaling.socket.dispatchEvent(new Event('open'));
    signaling.close();
  }
  assert.deepEqual(hellos.map((hello) => hello.audio), [undefined, true]);
});
