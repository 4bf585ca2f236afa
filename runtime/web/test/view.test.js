import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { describe as inWords } from '../describe.js';
import { controlOf, emptyView, inControl, phaseOf, reduce, revive } from '../view.js';

const at = '2026-01-01T00:00:00.500Z';
const deadline = (durationMs) => 1_000_000 + durationMs;

/** The view after messages ({type…}) and other events ({event…}). */
function after(...steps) {
  return steps.reduce((view, step) => reduce(view,
    step.event ? { ...step, type: step.event } : { type: 'message', message: { at, ...step }, deadline }), emptyView());
}

const welcome = { type: 'welcome', session: 's', viewer: 'me', role: 'host', resume: 'r', resumed: false,
  state: 'starting', iceServers: [], display: { width: 1280, height: 720 } };
const up = { type: 'stream', state: 'up', epoch: 1, restarts: 0 };
const frame = { event: 'frame', epoch: 1 };
const cause = { kind: 'signal', message: 'The streamer was killed by SIGKILL.', remedy: 'Nothing to do.', evidence: ['a', 'b'] };

describe('phase', () => {
  const cases = [
    ['before anything', [], 'starting'],
    ['welcomed', [welcome], 'starting'],
    ['the stream is up, no frame so far', [welcome, up], 'starting'],
    ['a frame', [welcome, up, frame], 'live'],
    ['a frame before the word', [welcome, frame], 'restarting'],
    ['the stream dies', [welcome, up, frame, { type: 'stream', state: 'restarting' }], 'restarting'],
    ['it comes back, no frame so far', [welcome, up, frame, { type: 'stream', state: 'restarting' }, up], 'restarting'],
    ['a frame of its', [welcome, up, frame, { type: 'stream', state: 'restarting' }, up, { event: 'frame', epoch: 2 }], 'live'],
    ['given up', [welcome, up, frame, { type: 'stream', state: 'given-up', cause }], 'failed'],
    ['dying before the first frame', [welcome, { type: 'stream', state: 'restarting' }], 'restarting'],
    ['ended', [welcome, { type: 'ended', by: 'owner', reason: 'requested' }], 'ended'],
    ['ended because it failed', [welcome, { type: 'ended', by: 'controller', reason: 'failed', cause }], 'failed'],
    ['the session fails', [welcome, { type: 'state', state: 'failed' }], 'failed'],
    ['connection lost', [welcome, up, frame, { event: 'closed', code: 1006, retryAt: 5 }], 'disconnected'],
    ['and back', [welcome, up, frame, { event: 'closed', code: 1006, retryAt: 5 }, { ...welcome, resumed: true }], 'live'],
    ['closed after the end', [welcome, { type: 'ended', by: 'owner', reason: 'requested' }, { event: 'closed', code: 1000, retryAt: null }], 'ended'],
  ];
  for (const [name, steps, phase] of cases) test(name, () => assert.equal(phaseOf(after(...steps)), phase));
});

describe('messages', () => {
  test('unknown ones change nothing', () => {
    const view = after(welcome);
    assert.equal(reduce(view, { type: 'message', message: { type: 'toString' }, deadline }), view);
    assert.equal(reduce(view, { type: 'other' }), view);
  });

  test('a resumed welcome keeps what is known, another starts anew', () => {
    const before = [welcome, { type: 'viewers', viewers: [{ id: 'me' }] }];
    assert.equal(after(...before, { ...welcome, resumed: true }).viewers.length, 1);
    assert.equal(after(...before, welcome).viewers.length, 0);
  });

  test('a new start keeps the picture that is on the screen', () => {
    assert.equal(after(welcome, up, frame, { ...welcome, state: 'ready' }).epoch, 1);
  });

  test('stages are gathered once each, with their time since creation', () => {
    const view = after(welcome, { event: 'document', createdAt: Date.parse(at) - 500, document: { stages: [{ name: 'allocated', atMs: 3 }] } },
      { type: 'state', state: 'starting', stage: 'spawned' }, { type: 'state', state: 'starting', stage: 'spawned' });
    assert.deepEqual(view.stages, [{ name: 'allocated', atMs: 3 }, { name: 'spawned', atMs: 500 }]);
  });

  test('stages heard before the document are completed by it', () => {
    const view = after(welcome, { type: 'state', state: 'starting', stage: 'spawned' },
      { event: 'document', createdAt: 1, document: { stages: [{ name: 'allocated', atMs: 3 }] } });
    assert.deepEqual(view.stages, [{ name: 'allocated', atMs: 3 }, { name: 'spawned', atMs: null }]);
  });

  test('the cause of a restart stays until the stream is up', () => {
    const dead = [welcome, up, frame, { type: 'stream', state: 'restarting', restarts: 1, cause, retryInMs: 2000 }];
    assert.equal(after(...dead).stream.retryAt, 1_002_000);
    assert.deepEqual(after(...dead, { type: 'stream', state: 'starting' }).stream.cause, cause);
    assert.equal(after(...dead, up).stream.cause, null);
  });

  test('an open question about retirement is settled by its answer or by being unknown', () => {
    const asked = [welcome, { type: 'retire', proposal: 'p', reason: 'idle', deadlineMs: 30_000, forced: false }];
    assert.deepEqual(after(...asked).retire, { proposal: 'p', reason: 'idle', forced: false, deadline: 1_030_000 });
    assert.equal(after(...asked, { event: 'retire-settled', proposal: 'p' }).retire, null);
    assert.notEqual(after(...asked, { event: 'retire-settled', proposal: 'other' }).retire, null);
    assert.equal(after(...asked, { type: 'error', code: 'no-such-proposal', message: '' }).retire, null);
    assert.equal(after(...asked, { type: 'ended', by: 'reaper', reason: 'idle' }).retire, null);
  });
});

describe('control', () => {
  test('the host has it until the server says otherwise', () => {
    assert.equal(inControl(after(welcome)), true);
    assert.equal(inControl(after({ ...welcome, role: 'viewer' })), false);
  });

  test('the server’s word counts', () => {
    const word = (holder) => after(welcome, { type: 'control', holder, requests: [] });
    assert.deepEqual(['me', 'them', null].map((holder) => controlOf(word(holder))), ['mine', 'other', 'free']);
  });
});

describe('a reloaded page', () => {
  test('goes on from what it knew, without its picture', () => {
    const stored = JSON.parse(JSON.stringify(after(welcome, up, frame, { type: 'control', holder: 'me', requests: [] })));
    const view = revive(stored);
    assert.equal(view.epoch, null);
    assert.equal(phaseOf(view), 'starting');
    assert.equal(inControl(view), true);
  });

  test('takes no nonsense', () => {
    assert.deepEqual(revive(null), emptyView());
    assert.deepEqual(revive('x'), emptyView());
  });
});

describe('in words', () => {
  const words = (...steps) => inWords(after(...steps), 1_000_000);

  test('starting names the stage', () => {
    assert.equal(words(welcome, { type: 'state', state: 'starting', stage: 'display' }).detail, 'Display ready');
  });

  test('restarting says why and when', () => {
    const said = words(welcome, up, frame, { type: 'stream', state: 'restarting', cause, retryInMs: 1500 });
    assert.equal(said.detail, cause.message);
    assert.equal(said.remedy, 'Nothing to do. Trying again in 2 s.');
    assert.deepEqual(said.evidence, ['a', 'b']);
  });

  test('a program that is not well is named while the picture goes on', () => {
    const live = [welcome, up, frame];
    const ill = { type: 'state', state: 'ready', stage: 'ready', child: 'browser', cause };
    const said = words(...live, ill);
    assert.deepEqual([said.phase, said.detail, said.remedy], ['live', cause.message, cause.remedy]);
    assert.match(said.title, /browser/);
    assert.equal(words(...live, ill, { type: 'state', state: 'ready', stage: 'ready' }).detail, '');
  });

  test('a machine that is paused is said to be, until it goes on', () => {
    const live = [welcome, up, frame];
    const halted = { type: 'state', state: 'ready', stage: 'ready', paused: true };
    assert.equal(words(...live, halted).title, 'Paused');
    assert.equal(words(...live, halted, { type: 'state', state: 'ready', stage: 'ready' }).title, 'Live');
    assert.match(words(...live, halted, { type: 'ended', by: 'operator', reason: 'requested' }).title, /ended/);
  });

  test('given up says what to do', () => {
    const said = words(welcome, { type: 'stream', state: 'given-up', cause });
    assert.deepEqual([said.detail, said.remedy], [cause.message, cause.remedy]);
    assert.deepEqual(said.actions, ['again', 'why']);
  });

  test('the end says by whom and why', () => {
    assert.match(words(welcome, { type: 'ended', by: 'viewer:me', reason: 'requested' }).detail, /^Ended by you\.$/);
    assert.match(words(welcome, { type: 'ended', by: 'reaper', reason: 'idle' }).detail, /clean-up, because nobody was using it/);
  });

  test('a session that had ended before is ended without details', () => {
    assert.equal(words({ ...welcome, state: 'ended' }).title, 'This session has ended');
  });

  test('closings', () => {
    assert.deepEqual(words(welcome, { event: 'closed', code: 4001, retryAt: null }).actions, ['take-over']);
    const refused = words({ type: 'error', code: 'unauthorized', message: 'The token is not valid' }, { event: 'closed', code: 1008, retryAt: null });
    assert.equal(refused.detail, 'The token is not valid.');
    assert.match(words(welcome, { event: 'closed', code: 1012, retryAt: 1_004_000 }).detail, /restarting/);
    assert.equal(words(welcome, { event: 'closed', code: 1006, retryAt: 1_004_000 }).remedy, 'Trying again in 4 s.');
  });

  test('a browser that cannot show it is told so', () => {
    assert.deepEqual(words(welcome, up, { event: 'problem', message: 'no codec' }).actions, ['renegotiate']);
  });
});
