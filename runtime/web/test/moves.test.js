import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { Media } from '../media.js';
import { isAlive, Moves, signsOfLife } from '../moves.js';
import { Signaling } from '../signaling.js';
import { Sound } from '../sound.js';

const report = (...entries) => new Map(entries.map((entry, index) => [String(index), entry]));

test('signs of life are what ICE and media received, over all pairs', async () => {
  const connection = { getStats: async () => report({ type: 'candidate-pair', bytesReceived: 1000, responsesReceived: 3 },
    { type: 'candidate-pair', requestsReceived: 2 }, { type: 'inbound-rtp', bytesReceived: 900 }) };
  assert.equal(await signsOfLife(connection), 1005);
});

test('a peer is alive when it is another, or more has come', () => {
  const peer = { epoch: 4, signs: 10 };
  assert.equal(isAlive(peer, { epoch: 4, signs: 10 }), false);
  assert.equal(isAlive(peer, { epoch: 4, signs: 11 }), true);
  assert.equal(isAlive(peer, { epoch: 4, signs: 9 }), false); // a network's pairs were dropped
  assert.equal(isAlive(peer, { epoch: 5, signs: 0 }), true);
  assert.equal(isAlive(null, peer), true);
  assert.equal(isAlive(peer, null), true);
});

/**
 * Timers that the test turns, with those that they set in turn. Not those of node:test: in Node 18 clearing one that has
 * fired removes another.
 */
function fakeTimers(t) {
  const real = { setTimeout, clearTimeout, setInterval, clearInterval };
  t.after(() => Object.assign(globalThis, real));
  const timers = new Map();
  let now = 0;
  let newest = 0;
  const add = (job, ms = 0, every = null) => {
    newest += 1;
    timers.set(newest, { job, at: now + Math.max(ms, 0), every });
    return newest;
  };
  const remove = (id) => { timers.delete(id); };
  Object.assign(globalThis, { setTimeout: (job, ms) => add(job, ms), clearTimeout: remove,
    setInterval: (job, ms) => add(job, ms, ms), clearInterval: remove });
  return (ms) => {
    const end = now + ms;
    for (;;) {
      const [id, next] = [...timers].sort(([, one], [, other]) => one.at - other.at)[0] ?? [];
      if (!next || next.at > end) break;
      now = next.at;
      if (next.every === null) timers.delete(id);
      else next.at += next.every;
      next.job();
    }
    now = end;
  };
}

const settled = async () => { for (let i = 0; i < 20; ++i) await null; };

/** A page with two peers, whose clock the test turns. */
function scene(t, { mayOpen = true } = {}) {
  const tick = fakeTimers(t);
  const browser = { isOnline: true, target: new EventTarget(), connection: new EventTarget() };
  const page = { opened: 0, probed: 0, isStill: true, asked: [], picture: { epoch: 1, signs: 10 }, sound: { epoch: 2, signs: 10 } };
  const peer = (name) => ({ signs: async () => page[name] && { ...page[name] },
    isClosed: () => page[name]?.isClosed === true,
    renegotiate: () => page.asked.push(name) });
  const picture = { ...peer('picture'), isStill: () => page.isStill };
  const moves = new Moves({ picture, sound: peer('sound'), target: browser.target,
    connection: browser.connection, isOnline: () => browser.isOnline,
    probe: () => { page.probed += 1; },
    reopen: () => { if (mayOpen) page.opened += 1; return mayOpen; } });
  const happens = (name) => browser[name === 'online' ? 'target' : 'connection'].dispatchEvent(new Event(name));
  const welcome = async (resumed = true) => {
    moves.welcomed({ resumed });
    const done = moves.answered();
    tick(100);
    await settled();
    await done;
  };
  return { moves, page, browser, happens, welcome, tick };
}

describe('input over a still picture', () => {
  /** The next key after one by which the peer was looked at; it is given its time. */
  const typed = async ({ moves, tick }, between = () => {}) => {
    await moves.sent();
    const looked = moves.sent();
    await settled();
    between();
    tick(600);
    await looked;
  };
  const answered = async ({ moves, tick }) => {
    moves.welcomed({ resumed: true });
    const done = moves.answered();
    tick(100);
    await settled();
    await done;
  };

  test('that nothing answers has the server asked, and then for another peer', async (t) => {
    const at = scene(t);
    await typed(at);
    assert.equal(at.page.probed, 1);
    assert.deepEqual(at.page.asked, []);
    await answered(at);
    assert.deepEqual(at.page.asked, ['picture']);
  });

  test('that is acknowledged has not, nor what another peer took over', async (t) => {
    const at = scene(t);
    const { picture } = at.page;
    for (const change of [() => { picture.signs += 1; }, () => { picture.epoch += 1; },
      () => { at.page.isStill = false; }])
      await typed(at, change);
    assert.equal(at.page.probed, 0);
  });

  test('that is answered as late as the server is leaves the peer alone', async (t) => {
    const at = scene(t);
    await typed(at);
    at.page.picture.signs += 1;
    at.page.sound.signs += 1;
    await answered(at);
    assert.deepEqual(at.page.asked, []);
  });

  test('is not looked after by what came before, once at a time, and not while pictures come', async (t) => {
    const at = scene(t);
    const { moves, page, tick } = at;
    page.isStill = false;
    await typed(at);
    page.isStill = true;
    moves.sent();
    moves.sent(); // the first look is not there yet
    await settled();
    tick(600);
    assert.equal(page.probed, 0);
    const looked = moves.sent();
    moves.sent();
    await settled();
    tick(600);
    await looked;
    assert.equal(page.probed, 1);
  });
});

test('a peer that the browser has closed is asked for anew when the server answers', async (t) => {
  const { moves, page } = scene(t);
  await moves.answered();
  assert.deepEqual(page.asked, []);
  page.sound.isClosed = true;
  await moves.answered();
  assert.deepEqual(page.asked, ['sound']);
});

describe('another network', () => {
  for (const event of ['online', 'change']) {
    test(`is told by ${event}: another socket at once, then peers that were not heard since`, async (t) => {
      const { page, happens, welcome } = scene(t);
      happens(event);
      assert.equal(page.opened, 1);
      assert.deepEqual(page.asked, []);
      await welcome();
      assert.deepEqual(page.asked, ['picture', 'sound']);
    });
  }

  test('leaves peers alone that are shown to be alive, each by itself', async (t) => {
    const { page, happens, welcome } = scene(t);
    happens('change');
    await settled();
    page.picture.signs += 1;
    await welcome();
    assert.deepEqual(page.asked, ['sound']);
  });

  test('asks for none where another was offered meanwhile, or there was none', async (t) => {
    const { page, happens, welcome } = scene(t);
    page.sound = null;
    happens('change');
    await settled();
    page.picture = { epoch: 3, signs: 0 };
    await welcome();
    assert.deepEqual(page.asked, []);
  });

  test('asks for none before all that was missed has come', async (t) => {
    const { moves, page, happens, tick } = scene(t);
    happens('change');
    await moves.answered(); // by the old socket, still
    moves.welcomed({ resumed: true });
    tick(1000);
    await settled();
    assert.deepEqual(page.asked, []);
    page.picture.epoch = page.sound.epoch = 7;
    const done = moves.answered();
    tick(100);
    await done;
    assert.deepEqual(page.asked, []);
  });

  test('in a burst of events is one change', async (t) => {
    const { page, happens, welcome, tick } = scene(t);
    happens('change');
    happens('online');
    tick(200);
    happens('change');
    await welcome();
    tick(100);
    assert.equal(page.opened, 1);
    assert.equal(page.probed, 1); // whether the last event was of another change
    assert.deepEqual(page.asked, ['picture', 'sound']);
    happens('change');
    assert.equal(page.opened, 2);
  });

  test('that was not there yet is tried once more at the end of the burst', async (t) => {
    const { page, happens, welcome, tick } = scene(t);
    happens('change');
    tick(299);
    assert.equal(page.opened, 1);
    tick(1);
    assert.equal(page.opened, 2);
    await welcome();
    tick(10_000);
    assert.equal(page.opened, 2);
    assert.deepEqual(page.asked, ['picture', 'sound']);
  });

  test('is none while the browser is offline', (t) => {
    const { page, browser, happens } = scene(t);
    browser.isOnline = false;
    happens('change');
    assert.equal(page.opened, 0);
    browser.isOnline = true;
    happens('online');
    assert.equal(page.opened, 1);
  });

  test('opens nothing again that is closed for good', async (t) => {
    const { page, happens, tick } = scene(t, { mayOpen: false });
    happens('online');
    tick(1000);
    assert.equal(page.opened, 0);
  });

  test('of a viewer that did not resume needs no asking', async (t) => {
    const { page, happens, welcome } = scene(t);
    happens('online');
    await welcome(false);
    assert.deepEqual(page.asked, []);
  });

  test('is no reason to look again at a later welcome', async (t) => {
    const { page, happens, welcome } = scene(t);
    happens('online');
    await welcome();
    await welcome();
    assert.equal(page.asked.length, 2);
  });
});

describe('a picture that is lost', () => {
  test('is asked for once while its socket answers, however late', async (t) => {
    const { moves, page, welcome } = scene(t);
    moves.welcomed({ resumed: false });
    moves.asked();
    await welcome();
    assert.deepEqual(page.asked, ['sound']);
  });

  test('is asked for again over the next socket where its own was dead', async (t) => {
    const { moves, page, welcome } = scene(t);
    moves.asked();
    moves.unanswered();
    await welcome();
    assert.deepEqual(page.asked, ['picture', 'sound']);
  });

  test('is not, where the next socket brings what was asked for over the last', async (t) => {
    const { moves, page, welcome } = scene(t);
    moves.asked();
    moves.unanswered();
    await settled();
    page.picture = { epoch: 3, signs: 0 };
    page.sound.signs += 1;
    await welcome();
    assert.deepEqual(page.asked, []);
  });
});

describe('a picture that has moved to another peer', () => {
  test('takes the sound along where that is not heard', async (t) => {
    const { page, moves } = scene(t);
    moves.offered();
    await moves.tookOver();
    assert.deepEqual(page.asked, ['sound']);
    await moves.tookOver();
    assert.equal(page.asked.length, 1);
  });

  test('leaves sound alone that is heard', async (t) => {
    const { page, moves } = scene(t);
    moves.offered();
    await settled();
    page.sound.signs += 100;
    await moves.tookOver();
    assert.deepEqual(page.asked, []);
  });
});

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
  async getStats() { return report({ type: 'candidate-pair', bytesReceived: 7 }); }
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
});

describe('a socket that is asked whether it lives', () => {
  function connected(t) {
    class FakeSocket extends EventTarget {
      static OPEN = 1;
      static made = [];
      readyState = 1;
      sent = [];
      constructor() { super(); FakeSocket.made.push(this); }
      send(text) { this.sent.push(JSON.parse(text)); }
      close() { this.readyState = 3; }
      says(message) { this.dispatchEvent(Object.assign(new Event('message'), { data: JSON.stringify(message) })); }
    }
    globalThis.WebSocket = FakeSocket;
    const tick = fakeTimers(t);
    const signaling = new Signaling({ address: 'ws://x', session: 's', token: 't', role: 'host', random: () => 0,
      callbacks: { onConnecting() {}, onOpen() {}, onMessage() {}, onClosed() {} } });
    t.after(() => { signaling.close(); delete globalThis.WebSocket; });
    signaling.open();
    FakeSocket.made[0].says({ type: 'welcome', seq: 1, resume: 'R' });
    return { signaling, made: FakeSocket.made, tick };
  }

  test('is kept where it answers', (t) => {
    const { signaling, made, tick } = connected(t);
    signaling.probe();
    assert.equal(made[0].sent.at(-1).type, 'ping');
    made[0].says({ type: 'pong', nonce: made[0].sent.at(-1).nonce });
    tick(2000);
    assert.equal(made.length, 1);
  });

  test('is given the time that its answers take', (t) => {
    const { signaling, made, tick } = connected(t);
    let now = 1000;
    t.mock.method(Date, 'now', () => now);
    signaling.probe();
    now += 300;
    made[0].says({ type: 'pong', nonce: made[0].sent.at(-1).nonce });
    signaling.probe();
    tick(899);
    assert.equal(made.length, 1);
    tick(1);
    assert.equal(made.length, 2);
  });

  test('is replaced where it is not welcome in time, later each time', (t) => {
    const { signaling, made, tick } = connected(t);
    signaling.open();
    tick(1500); // the next attempt follows at once, or after the pause of backoff.js
    tick(500);
    assert.equal(made.length, 3);
    tick(2000);
    assert.equal(made.length, 3);
    made[2].says({ type: 'welcome', seq: 1, resume: 'R' });
    made[2].says({ type: 'pong', nonce: made[2].sent.at(-1).nonce });
    tick(5000);
    assert.equal(made.length, 3);
  });

  test('has long to be welcome where there is nothing to resume', (t) => {
    const { signaling, made, tick } = connected(t);
    signaling.resume = null;
    signaling.open();
    tick(9000);
    assert.equal(made.length, 2);
    tick(1000);
    tick(500);
    assert.equal(made.length, 3);
  });

  test('is replaced, once, where it does not', (t) => {
    const { signaling, made, tick } = connected(t);
    let unanswered = 0;
    signaling.callbacks.onUnanswered = () => { unanswered += 1; };
    signaling.probe();
    signaling.probe();
    tick(1500); // the new socket, too, is given up, but later
    assert.equal(made.length, 2);
    assert.equal(unanswered, 1);
  });
});
