import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { Media } from '../media.js';
import { Sound } from '../sound.js';
import { fakeTimers } from './fake_timers.js';

/** A peer connection that agrees to everything. */
class FakePeer extends EventTarget {
  static made = [];
  connectionState = 'new';
  isClosed = false;
  constructor() { super(); FakePeer.made.push(this); }
  async setRemoteDescription() {}
  async createAnswer() { return { type: 'answer', sdp: 'v=0' }; }
  async setLocalDescription(description) { this.localDescription = description; }
  async addIceCandidate() {}
  async getStats() { return new Map([['1', { type: 'candidate-pair', bytesReceived: 7 }]]); }
  close() { this.isClosed = true; }
  becomes(state) { this.connectionState = state; this.dispatchEvent(new Event('connectionstatechange')); }
  track() {
    this.dispatchEvent(Object.assign(new Event('track'), { track: { kind: 'video' }, receiver: {}, streams: ['stream'] }));
  }
}

class FakeVideo extends EventTarget {
  isGone = false;
  cloneNode() { return new FakeVideo(); }
  before(other) { this.standIn = other; }
  remove() { this.isGone = true; }
}

describe('the picture', () => {
  function watching(t) {
    globalThis.RTCPeerConnection = FakePeer;
    FakePeer.made = [];
    t.after(() => { delete globalThis.RTCPeerConnection; });
    const lost = [];
    const frames = [];
    const video = new FakeVideo();
    const media = new Media({ video, send() {}, callbacks: { onFrame: (epoch) => frames.push(epoch), onChannel() {},
      onLost: (epoch) => lost.push(epoch), onProblem: assert.fail } });
    const offered = async (epoch) => { await media.offer({ epoch, sdp: 'o' }); return FakePeer.made.at(-1); };
    return { media, video, lost, frames, offered };
  }
  const firstFrame = (video) => video.dispatchEvent(new Event('loadeddata'));

  test('of before stays until the next peer has one', async (t) => {
    const { media, video, frames, offered } = watching(t);
    const old = await offered(1);
    old.track();
    firstFrame(video);
    const next = await offered(2);
    next.track();
    assert.equal(media.video, video);
    assert.equal(old.isClosed, false);
    assert.equal(video.isGone, false);
    firstFrame(video.standIn);
    assert.deepEqual(frames, [1, 2]);
    assert.equal(media.video, video.standIn);
    assert.equal(old.isClosed, true);
    assert.equal(next.isClosed, false);
  });

  test('is lost once a peer, at the first sign, and only the newest one’s', async (t) => {
    const { lost, offered } = watching(t);
    const old = await offered(1);
    old.becomes('connected');
    old.becomes('disconnected');
    assert.deepEqual(lost, [1]);
    old.becomes('failed');
    const next = await offered(2);
    old.becomes('connected');
    old.becomes('disconnected');
    assert.deepEqual(lost, [1]);
    next.becomes('failed');
    assert.deepEqual(lost, [1, 2]);
  });

  test('that comes to rest is told once, and not while pictures come', async (t) => {
    const { media, video, offered } = watching(t);
    const tick = fakeTimers(t);
    let now = 1000;
    t.mock.method(performance, 'now', () => now);
    let rests = 0;
    let frame = null;
    media.callbacks.onRest = () => { rests += 1; };
    video.requestVideoFrameCallback = (callback) => { frame = callback; };
    const pass = (ms) => { now += ms; tick(ms); };
    (await offered(1)).track();
    frame();
    const move = () => { for (let i = 0; i < 10; ++i) { pass(40); frame(); } };
    move();
    assert.equal(rests, 0);
    pass(250);
    pass(5000);
    assert.equal(rests, 1);
    for (let i = 0; i < 10; ++i) { pass(400); frame(); } // a cursor that blinks
    pass(5000);
    assert.equal(rests, 1);
    move();
    pass(250);
    assert.equal(rests, 2);
    move();
    media.close();
    pass(5000);
    assert.equal(rests, 2);
  });

  test('is told with its epoch each time, and flows for a moment after', async (t) => {
    const { media, video, offered } = watching(t);
    fakeTimers(t);
    let now = 1000;
    t.mock.method(performance, 'now', () => now);
    const pictures = [];
    let frame = null;
    Object.assign(media.callbacks, { onRest() {}, onPicture: (epoch) => pictures.push(epoch) });
    video.requestVideoFrameCallback = (callback) => { frame = callback; };
    assert.equal(media.flows(), false);
    (await offered(4)).track();
    frame();
    frame();
    assert.deepEqual(pictures, [4, 4]);
    now += 249;
    assert.equal(media.flows(), true);
    now += 1;
    assert.equal(media.flows(), false);
  });

  test('is closed where the browser has closed its newest peer, and not where the page has', async (t) => {
    const { media, offered } = watching(t);
    assert.equal(media.isClosed(), false);
    const peer = await offered(1);
    assert.equal(media.isClosed(), false);
    peer.connectionState = 'closed';
    assert.equal(media.isClosed(), true);
    media.close();
    assert.equal(media.isClosed(), false);
  });

  test('has signs of life by its newest peer', async (t) => {
    const { media, offered } = watching(t);
    assert.equal(await media.signs(), null);
    await offered(1);
    await offered(2);
    assert.deepEqual(await media.signs(), { epoch: 2, signs: 7 });
  });
});

test('sound that is lost is asked for once a peer', async () => {
  const sent = [];
  const peers = [];
  const sound = new Sound({ choice: { wanted: true }, element: {}, send: (message) => sent.push(message), onChanged() {},
    makePeer: () => { peers.push(new FakePeer()); return peers.at(-1); } });
  await sound.offer({ epoch: 5, sdp: 'o' });
  const asked = () => sent.filter(({ type }) => type === 'renegotiate').length;
  peers[0].becomes('disconnected');
  peers[0].becomes('failed');
  assert.equal(asked(), 1);
  assert.deepEqual(await sound.signs(), { epoch: 5, signs: 7 });
  assert.equal(sound.isClosed(), false);
  peers[0].becomes('closed');
  assert.equal(sound.isClosed(), true);
});
