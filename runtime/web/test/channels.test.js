import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { Channels } from '../channels.js';
import { heldMs } from '../held_input.js';

class Channel extends EventTarget {
  constructor(label, readyState = 'connecting') {
    super();
    Object.assign(this, { label, readyState, bufferedAmount: 0, sent: [] });
  }

  open() {
    this.readyState = 'open';
    this.dispatchEvent(new Event('open'));
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  get types() {
    return this.sent.map(({ type }) => type);
  }
}

/** Channels whose first peer has its input open, and what the page was told. */
function connected() {
  const told = [];
  const timers = [];
  const at = { ms: 0 };
  const clock = { now: () => at.ms, schedule: (job, ms) => timers.push({ job, ms }) - 1,
    unschedule: (timer) => { if (timer !== null && timer !== undefined) timers[timer] = null; } };
  const channels = new Channels({ handlers: {}, onReady: () => told.push('ready'),
    onUndelivered: () => told.push('undelivered'), onHeldOver: () => told.push('held over'), clock });
  const input = new Channel('input', 'open');
  channels.add(1, input);
  const expire = () => timers.filter(Boolean).forEach(({ job }) => job());
  return { channels, input, told, timers, expire, at };
}

const here = { x: 1, y: 2 };

describe('channels between two peers', () => {
  it('send input by the newest peer', () => {
    const { channels, input, told } = connected();
    channels.button(1, true, here);
    assert.deepEqual(input.sent, [{ type: 'button', button: 1, down: true, x: 1, y: 2, n: 1 }]);
    assert.deepEqual(told, ['ready']);
  });

  it('hold what comes between two peers, and send it in its order by the next', () => {
    const { channels, input, told } = connected();
    channels.hold();
    channels.key(97, true);
    channels.button(1, true, here);
    channels.button(1, false, here);
    channels.text('é');
    channels.key(97, false);
    const next = new Channel('input');
    channels.add(2, next);
    assert.equal(channels.ready, false);
    assert.equal(channels.takesInput, true);
    next.open();
    assert.deepEqual(next.types, ['key', 'button', 'button', 'text', 'key']);
    assert.deepEqual(input.sent, []);
    assert.deepEqual(told, ['ready', 'ready']);
    channels.key(98, true);
    assert.deepEqual(next.sent.at(-1), { type: 'key', keysym: 98, down: true });
  });

  it('let the page speak before what was held', () => {
    const next = new Channel('input');
    const { channels } = connected();
    channels.onReady = () => channels.releaseAll();
    channels.hold();
    channels.key(97, true);
    channels.add(2, next);
    next.open();
    assert.deepEqual(next.types, ['release-all', 'key']);
  });

  it('say that input is lost where neither the next peer comes nor a picture by the one before', () => {
    const { channels, input, told, timers, expire } = connected();
    channels.hold();
    channels.key(97, true);
    channels.hold(); // the offer after the page's own asking
    channels.key(97, false);
    assert.deepEqual(timers.filter(Boolean).map(({ ms }) => ms), [heldMs]);
    expire();
    assert.deepEqual(input.types, ['release-all']);
    assert.equal(channels.ready, true);
    assert.deepEqual(told, ['ready', 'undelivered', 'held over']);
  });

  it('go back to the peer before once it is sure that it was not let go', () => {
    const { channels, input, told, at } = connected();
    channels.hold();
    channels.key(97, true);
    at.ms = 1000;
    channels.pictureCame(1); // it may have been on its way
    assert.deepEqual(input.sent, []);
    at.ms = 1001;
    channels.pictureCame(2); // the next one's, whose channels are not open
    assert.deepEqual(input.sent, []);
    channels.pictureCame(1);
    assert.deepEqual(input.types, ['key']);
    assert.equal(channels.ready, true);
    assert.deepEqual(told, ['ready', 'held over']);
  });

  it('let go at the peer before what was let go meanwhile', () => {
    const { channels, input, at } = connected();
    channels.key(97, true);
    channels.hold();
    channels.releaseAll();
    at.ms = 1001;
    channels.pictureCame(1);
    assert.deepEqual(input.types, ['key', 'release-all']);
  });

  it('wait no longer where nothing was typed, either', () => {
    const { channels, input, told, expire } = connected();
    channels.hold();
    expire();
    assert.equal(channels.display(640, 480), true);
    assert.deepEqual([input.types, told], [['display'], ['ready', 'held over']]);
  });

  it('refuse input once the peer is gone for sure', () => {
    const { channels, told, expire } = connected();
    channels.hold();
    channels.cut();
    channels.key(97, true);
    expire();
    assert.equal(channels.takesInput, false);
    channels.key(98, true);
    assert.deepEqual(told, ['ready', 'undelivered', 'held over', 'undelivered']);
  });

  it('hold so much and no more, and say so', () => {
    const { channels, told } = connected();
    channels.hold();
    for (let count = 0; count < 256; ++count) channels.key(97, true);
    assert.deepEqual(told, ['ready']);
    channels.key(97, false);
    assert.deepEqual(told, ['ready', 'undelivered']);
    const next = new Channel('input', 'open');
    channels.add(2, next);
    assert.equal(next.sent.length, 257);
    assert.equal(next.types.at(-1), 'release-all'); // for the release that was left out
  });

  it('leave no hole: after what is too much nothing more waits', () => {
    const { channels } = connected();
    channels.hold();
    for (let count = 0; count < 5; ++count) channels.clipboard('a'.repeat(60_000));
    channels.key(97, true);
    const next = new Channel('input', 'open');
    channels.add(2, next);
    assert.deepEqual(next.types, ['clipboard', 'clipboard', 'clipboard', 'clipboard', 'release-all']);
  });

  it('hold no more characters than a page can spare', () => {
    const { channels, told } = connected();
    channels.hold();
    const refusals = [1, 2, 3, 4, 5].map(() => channels.clipboard('a'.repeat(60_000)));
    assert.deepEqual(refusals, [null, null, null, null, 'not-delivered']);
    assert.deepEqual(told, ['ready']); // who pastes tells it
  });

  it('send nothing that was typed before the machine slept', () => {
    const { channels, told, at } = connected();
    channels.hold();
    channels.key(97, true);
    at.ms = 3_600_000;
    const next = new Channel('input', 'open');
    channels.add(2, next);
    assert.deepEqual(next.sent, []);
    assert.deepEqual(told, ['ready', 'ready', 'undelivered']);
  });

  it('let go what waits to be pressed, and say nothing where nothing does', () => {
    const { channels, told, expire } = connected();
    channels.hold();
    channels.cut();
    channels.releaseAll();
    expire();
    assert.deepEqual(told, ['ready', 'held over']);
    channels.hold();
    channels.key(97, true);
    channels.releaseAll();
    const next = new Channel('input', 'open');
    channels.add(2, next);
    assert.deepEqual(next.types, ['key', 'release-all']);
  });

  it('forget what waits once nobody is to get it, and hold what comes next', () => {
    const { channels, told } = connected();
    channels.hold();
    channels.forget();
    assert.deepEqual(told, ['ready']);
    channels.key(97, true);
    channels.forget();
    assert.deepEqual(told, ['ready', 'undelivered']);
    assert.equal(channels.takesInput, true);
  });

  it('ask for a display only while they can', () => {
    const { channels, input } = connected();
    assert.equal(channels.display(640, 480), true);
    channels.hold();
    assert.equal(channels.display(800, 600), false);
    assert.equal(channels.record(true), false);
    assert.deepEqual(input.types, ['display']);
  });

  it('say so where more waits in the browser than may', () => {
    const { channels, input, told } = connected();
    input.bufferedAmount = (1 << 20) + 1;
    channels.key(97, true);
    assert.deepEqual(told, ['ready', 'undelivered']);
  });
});
