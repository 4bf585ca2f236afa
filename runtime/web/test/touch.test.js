import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { TouchGestures } from '../touch.js';
import { Zoom } from '../zoom.js';

function hand() {
  const said = [];
  const say = (name) => (point, ...more) => said.push([name, point ? [point.x, point.y] : null, ...more]);
  const gestures = new TouchGestures(Object.fromEntries(
    ['tap', 'hold', 'context', 'dragStart', 'drag', 'dragEnd', 'scroll', 'pinch'].map((name) => [name, say(name)])));
  const at = (x, y) => ({ x, y });
  return { said, gestures, at, names: () => said.map(([name]) => name),
    down: (id, x, y) => gestures.down(id, at(x, y)), move: (id, x, y) => gestures.move(id, at(x, y)),
    up: (id, x, y) => gestures.up(id, at(x, y)) };
}

const held = () => new Promise((resolve) => { setTimeout(resolve, 560); });

describe('one finger', () => {
  test('taps where it was lifted, also where it trembled', () => {
    const { down, move, up, said } = hand();
    down(1, 10, 20);
    move(1, 15, 22);
    up(1, 15, 22);
    assert.deepEqual(said, [['tap', [15, 22]]]);
  });

  test('scrolls by the way that it goes', () => {
    const { down, move, up, said } = hand();
    down(1, 100, 100);
    move(1, 100, 80);
    move(1, 105, 50);
    up(1, 105, 50);
    assert.deepEqual(said, [['scroll', [100, 80], 0, 20], ['scroll', [105, 50], -5, 30]]);
  });

  test('held and let go is the right button', async () => {
    const { down, up, said } = hand();
    down(1, 10, 10);
    await held();
    up(1, 11, 10);
    assert.deepEqual(said, [['hold', [10, 10]], ['context', [11, 10]]]);
  });

  test('held and moved drags from where it was put down', async () => {
    const { down, move, up, said } = hand();
    down(1, 10, 10);
    await held();
    move(1, 12, 10);
    move(1, 60, 10);
    move(1, 90, 20);
    up(1, 91, 20);
    assert.deepEqual(said, [['hold', [10, 10]], ['dragStart', [10, 10]], ['drag', [60, 10]], ['drag', [90, 20]],
      ['dragEnd', [91, 20]]]);
  });

  test('that the page loses lets the button go', async () => {
    const { down, move, gestures, names, up } = hand();
    down(1, 10, 10);
    await held();
    move(1, 60, 10);
    gestures.cancel();
    up(1, 60, 10);
    assert.deepEqual(names(), ['hold', 'dragStart', 'drag', 'dragEnd']);
  });
});

describe('two fingers', () => {
  test('moved together move the page’s middle by their way', () => {
    const { down, move, up, said } = hand();
    down(1, 100, 100);
    down(2, 200, 100);
    move(1, 100, 80);
    move(2, 200, 80);
    up(1, 100, 80);
    move(2, 200, 10);
    up(2, 200, 10);
    assert.deepEqual(said, [['pinch', [150, 90], 1, 0, -10], ['pinch', [150, 80], 1, 0, -10]]);
  });

  test('moved apart pinch about their middle', () => {
    const { down, move, up, said, names } = hand();
    down(1, 100, 100);
    down(2, 200, 100);
    move(1, 50, 100);
    move(2, 250, 100);
    up(2, 250, 100);
    up(1, 50, 100);
    assert.deepEqual(said.map(([, , factor]) => factor), [1.5, 200 / 150]);
    assert.deepEqual(said.at(-1)[1], [150, 100]);
    assert.ok(!names().includes('tap'));
  });

  test('a third one is nobody’s gesture, until all are lifted', () => {
    const { down, move, up, names } = hand();
    down(1, 0, 0);
    down(2, 50, 0);
    down(3, 100, 0);
    move(1, 0, 90);
    for (const id of [1, 2, 3]) up(id, 0, 0);
    assert.deepEqual(names(), []);
    down(4, 5, 5);
    up(4, 5, 5);
    assert.deepEqual(names(), ['tap']);
  });
});

describe('an enlarged picture', () => {
  const frame = { width: 400, height: 200 };
  const drawn = () => {
    const all = [];
    return { all, zoom: new Zoom((view) => all.push(view)) };
  };

  test('keeps the point under the fingers', () => {
    const { all, zoom } = drawn();
    zoom.enlarge(2, { x: 100, y: 50 }, frame);
    assert.deepEqual(all.at(-1), { scale: 2, x: -100, y: -50 });
    assert.equal(zoom.isEnlarged, true);
  });

  test('never leaves its frame, nor grows or shrinks beyond bounds', () => {
    const { all, zoom } = drawn();
    zoom.enlarge(2, { x: 0, y: 0 }, frame);
    zoom.move(500, 500, frame);
    assert.deepEqual(all.at(-1), { scale: 2, x: 0, y: 0 });
    zoom.move(-5000, -5000, frame);
    assert.deepEqual(all.at(-1), { scale: 2, x: -400, y: -200 });
    zoom.enlarge(100, { x: 0, y: 0 }, frame);
    assert.equal(all.at(-1).scale, 5);
    zoom.enlarge(0.001, { x: 200, y: 100 }, frame);
    assert.deepEqual(all.at(-1), { scale: 1, x: 0, y: 0 });
  });

  test('that is almost whole becomes whole', () => {
    const { all, zoom } = drawn();
    zoom.enlarge(1.04, { x: 10, y: 10 }, frame);
    zoom.settle(frame);
    assert.equal(zoom.isEnlarged, false);
    assert.equal(all.at(-1).scale, 1);
  });
});
