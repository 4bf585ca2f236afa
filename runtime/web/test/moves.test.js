import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { isAlive, Moves, signsOfLife } from '../moves.js';
import { fakeTimers } from './fake_timers.js';

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
