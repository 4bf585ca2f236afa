import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { actionsOf, drainOf, quoted, releaseOf } from '../actions.js';
import { Actors, beside, healthOf, matches } from '../actors.js';
import { ApiError, CommandAnswer } from '../api.js';
import { Knowledge } from '../knowledge.js';
import { layOut, linkPath, shape } from '../layout.js';
import { spansOf } from '../stages.js';

const node = (id, parent, more = {}) => ({ id, parent, kind: 'ledger', name: id, state: 'running', mailbox: 0,
  processed: 0, restarts: 0, since: '2026-01-01T00:00:00.000Z', ...more });
const family = () => [node('root', null, { kind: 'root' }), node('node', 'root'), node('ledger', 'root'),
  node('s1', 'node', { kind: 'session' }), node('v1', 'node', { kind: 'vm' }), node('v1/browser', 'v1', { kind: 'child', name: 'browser', pid: 7 })];

function actorsOf(nodes) {
  const actors = new Actors();
  actors.apply({ full: true, nodes, removed: [] });
  return actors;
}

describe('actors', () => {
  test('begin whole and change by parts', () => {
    const actors = actorsOf(family());
    assert.equal(actors.root, 'root');
    assert.deepEqual(actors.childrenOf('node'), ['s1', 'v1']);
    assert.deepEqual(actors.pathTo('v1/browser'), ['root', 'node', 'v1', 'v1/browser']);
    const struck = actors.apply({ nodes: [node('v1/browser', 'v1', { kind: 'child', restarts: 1 })], removed: ['s1'], deadLetters: 3 });
    assert.deepEqual(struck, ['v1/browser']);
    assert.deepEqual(actors.childrenOf('node'), ['v1']);
    assert.equal(actors.deadLetters, 3);
    assert.deepEqual([...actors.below('node')].map(({ id }) => id), ['v1', 'v1/browser']);
  });

  test('a new whole forgets what is no longer there', () => {
    const actors = actorsOf(family());
    assert.deepEqual(actors.apply({ full: true, nodes: [node('root', null, { kind: 'root', restarts: 2 })] }), ['root']);
    assert.equal(actors.nodes.size, 1);
  });

  test('the worst comes first of what is not well', () => {
    const nodes = [...family(), node('a', 'node', { state: 'restarting' }), node('b', 'node', { state: 'given-up', reason: 'no library' })];
    assert.deepEqual(actorsOf(nodes).ill.map(({ id }) => id), ['b', 'a']);
    assert.equal(healthOf({ state: 'something new' }), 'good');
  });

  test('figures count what there is', () => {
    const nodes = [...family(), node('x', 'node', { mailbox: 4, messagesPerSecond: 2.5 })];
    assert.deepEqual(actorsOf(nodes).figures, { sessions: 1, vms: 1, actors: 6, waiting: 3, rate: 2.5 });
  });

  test('each session stands beside its guest', () => {
    const guests = new Map([['s1', 'v1'], ['s2', 'v2'], ['s3', 'gone']]);
    assert.deepEqual(beside(['v1', 's1', 'v2', 'warm', 's2', 's3'], guests), ['s1', 'v1', 'warm', 's2', 'v2', 's3']);
  });

  test('every word of a search must be found', () => {
    const session = { userId: 'Ada', profile: 'browser' };
    assert.ok(matches(family()[3], session, 'ada s1'));
    assert.ok(!matches(family()[3], session, 'ada nowhere'));
  });
});

describe('the picture', () => {
  const ways = (actors) => ({ order: (id) => actors.childrenOf(id), widthOf: (id) => 100 + id.length, lineOf: (id) => (id === 'ledger' ? 120 : 0),
    partner: (id) => (id === 's1' ? 'v1' : null) });

  test('children stand right of their parents, no two in one place', () => {
    const actors = actorsOf(family());
    const { places, links, cards, width, height } = layOut('root', ways(actors));
    assert.equal(cards.length, 1);
    for (const id of ['s1', 'v1', 'v1/browser']) {
      assert.ok(places.get(id).y > cards[0].y && places.get(id).y + shape.pill < cards[0].y + cards[0].height);
    }
    assert.equal(places.size, 6);
    assert.equal(links.length, 5);
    for (const { from, to } of links) assert.ok(places.get(to).x > places.get(from).x + places.get(from).width);
    assert.equal(new Set([...places.values()].map(({ x, y }) => `${x} ${y}`)).size, 6);
    for (const place of places.values()) assert.ok(place.x + place.width < width && place.y + shape.pill < height);
  });

  test('a parent of many stands beside the first', () => {
    const actors = actorsOf([node('root', null), ...Array.from({ length: 40 }, (_, i) => node(`c${i}`, 'root'))]);
    const { places } = layOut('root', ways(actors));
    assert.equal(places.get('root').y, places.get('c0').y);
  });

  test('of many, those that are folded fill the frame, each with its partner', () => {
    const pairs = Array.from({ length: 60 }, (_, i) => [node(`s${i}`, 'root'), node(`v${i}`, 'root')]).flat();
    const actors = actorsOf([node('root', null), ...pairs, node('child', 'v3')]);
    const { places, links, cards, width } = layOut('root', { ...ways(actors), width: 1400,
      partner: (id) => (id.startsWith('s') ? id.replace('s', 'v') : null) });
    assert.equal(places.size, 122);
    assert.equal(cards.length, 60);
    assert.ok(width <= 1400);
    assert.ok(new Set([...places.values()].map(({ x }) => x)).size > 4);
    assert.equal(new Set([...places.values()].map(({ x, y }) => `${x} ${y}`)).size, 122);
    for (let i = 0; i < 60; i += 1) assert.ok(places.get(`v${i}`).y > places.get(`s${i}`).y);
    // The one that is unfolded has its own lines, the others one together.
    assert.deepEqual(links.map(({ to }) => to).sort(), ['child', 's0', 's3', 'v3']);
  });

  test('on a narrow screen all stand below each other', () => {
    const { places, width } = layOut('root', { ...ways(actorsOf(family())), isNarrow: true, width: 390 });
    assert.equal(width, 390);
    assert.equal(new Set([...places.values()].map(({ y }) => y)).size, 6);
    for (const place of places.values()) assert.ok(place.x + place.width <= 390);
    assert.match(linkPath(places.get('root'), places.get('node'), true), /^M/);
  });

  test('there may be nothing to show', () => {
    assert.equal(layOut(null, {}).places.size, 0);
  });
});

describe('actions', () => {
  const [, , , session, vm, child] = family();
  const document = { id: 's1', userId: 'ada', viewers: [{}, {}] };

  test('name what they touch', () => {
    const all = actionsOf(child, { parent: vm, session: document });
    const kill = all.find(({ name }) => name === 'kill');
    assert.match(kill.asks, /browser of guest v1.*ada/);
    assert.match(kill.does, /Process 7 gets SIGKILL/);
    assert.equal(kill.line(), 'kill v1 browser KILL');
    const retire = actionsOf(session, { session: document }).find(({ name }) => name === 'retire');
    assert.match(retire.does, /2 viewers/);
    assert.equal(retire.line('no "use" any\nmore'), 'retire s1 "no ’use’ any more"');
    assert.equal(releaseOf(document, { name: 'court' }).line(), 'release s1 court');
  });

  test('a process that does not run can only be started', () => {
    assert.deepEqual(actionsOf({ ...child, pid: 0 }, { parent: vm }).map(({ name }) => name), ['restart']);
    assert.deepEqual(actionsOf(vm, {}), []);
    assert.deepEqual(actionsOf({ ...vm, state: 'ready' }, { session: { ...document, driver: 'process' } }), []);
    const lines = ['ready', 'paused'].map((state) => actionsOf({ ...vm, state }, { session: { ...document, driver: 'qemu' } })[0].line());
    assert.deepEqual(lines, [`pause ${vm.id}`, `resume ${vm.id}`]);
  });

  test('no text leaves its quotes', () => {
    assert.equal(quoted(' a" retire x --force "b '), '"a’ retire x --force ’b"');
  });

  test('a node that drains can take sessions again', () => {
    assert.equal(drainOf({ isDraining: false, sessions: 2 }).line(), 'drain');
    assert.equal(drainOf({ isDraining: true, sessions: 2 }).line(), 'undrain');
  });
});

describe('what a command answers', () => {
  test('a list, whatever the pieces it comes in', () => {
    const answer = new CommandAnswer();
    for (const piece of ['{"item":1}\n{"it', 'em":2}\n\n', '{"end":{"fault":null}}\n']) answer.push(piece);
    assert.deepEqual(answer.result, [1, 2]);
  });

  test('a document, items as they come, a fault', () => {
    const whole = new CommandAnswer();
    whole.push('{"document":{"a":1}}\n{"end":{"fault":null}}\n');
    assert.deepEqual(whole.result, { a: 1 });
    const told = [];
    const live = new CommandAnswer((items) => told.push(items));
    live.push('{"item":1}\n{"item":2}\n');
    live.push('{"item":3}\n');
    assert.deepEqual(told, [[1, 2], [3]]);
    assert.throws(() => live.result, ApiError);
    assert.throws(() => live.push('{"end":{"fault":{"code":"not-found","message":"No.","remedy":"Look."}}}\n'),
      (error) => error.code === 'not-found' && error.remedy === 'Look.');
  });
});

describe('what the page knows', () => {
  test('events count once, also when they are told again', () => {
    const world = new Knowledge(actorsOf(family()));
    world.setSessions([{ id: 's1', vm: { id: 'v1' } }]);
    const exited = { seq: 4, kind: 'child.exited', at: '2026-01-01T00:00:01.000Z', vm: 'v1', session: 's1', child: 'browser',
      data: { kind: 'signal', message: 'It was killed by SIGKILL.' } };
    assert.equal(world.learn(exited), 'v1/browser');
    assert.equal(world.learn(exited), null);
    assert.equal(world.endings.get('v1/browser').message, 'It was killed by SIGKILL.');
    assert.equal(world.learn({ seq: 5, kind: 'child.restarting', at: '2026-01-01T00:00:01.001Z' }), null);
    assert.equal(world.restarts.length, 1);
    assert.equal(world.sessionOf(world.actors.nodes.get('v1/browser')).id, 's1');
    assert.equal(world.sessionOf(world.actors.nodes.get('ledger')), null);
    world.actors.apply({ nodes: [node('st', 's1', { kind: 'stream', figures: { framesPerSecond: 5 } })] });
    assert.equal(world.streamOf(world.actors.nodes.get('s1')).figures.framesPerSecond, 5);
    assert.equal(world.streamOf(world.actors.nodes.get('v1')), null);
  });

  test('how something ended before the events that it has read', () => {
    const ended = { kind: 'oom-kill', message: 'It used up its memory.' };
    const world = new Knowledge(actorsOf([...family(), node('v1/stream', 'v1', { kind: 'child', restarts: 1, lastCause: ended })]));
    assert.equal(world.endingOf('v1/stream'), ended);
    assert.equal(world.endingOf('ledger'), null);
    world.learn({ seq: 1, kind: 'child.exited', at: '2026-01-01T00:00:01.000Z', vm: 'v1', child: 'stream', data: { kind: 'signal', message: 'It crashed.' } });
    assert.equal(world.endingOf('v1/stream').kind, 'signal');
    assert.ok(matches(world.actors.nodes.get('v1/stream'), null, 'memory'));
  });

  test('a stage takes what lies between it and the one before', () => {
    assert.deepEqual(spansOf([{ name: 'spawned', atMs: 12 }, { name: 'allocated', atMs: 2 }, { name: 'linked', atMs: 30 }]),
      [{ name: 'allocated', fromMs: 0, ms: 2 }, { name: 'spawned', fromMs: 2, ms: 10 }, { name: 'linked', fromMs: 12, ms: 18 }]);
  });
});
