import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { containedRectangle, toDisplay } from '../letterbox.js';
import { buttonChanges, WheelNotches } from '../pointer.js';

const display = { width: 1280, height: 720 };

describe('letterbox', () => {
  test('a wide box has bars left and right', () => {
    const rectangle = containedRectangle({ left: 10, top: 20, width: 2000, height: 720 }, 1280, 720);
    assert.deepEqual(rectangle, { left: 370, top: 20, width: 1280, height: 720 });
  });

  test('a tall box has bars above and below', () => {
    const rectangle = containedRectangle({ left: 0, top: 0, width: 640, height: 1000 }, 1280, 720);
    assert.deepEqual(rectangle, { left: 0, top: 320, width: 640, height: 360 });
  });

  test('nothing to be seen has no rectangle', () => {
    assert.equal(containedRectangle({ left: 0, top: 0, width: 0, height: 10 }, 1280, 720), null);
    assert.equal(containedRectangle({ left: 0, top: 0, width: 10, height: 10 }, 0, 0), null);
  });

  const half = { left: 100, top: 50, width: 640, height: 360 };
  const points = [
    ['the first pixel', { x: 100, y: 50 }, { x: 0, y: 0, inside: true }],
    ['the middle', { x: 420, y: 230 }, { x: 640, y: 360, inside: true }],
    ['the last pixel', { x: 739.9, y: 409.9 }, { x: 1279, y: 719, inside: true }],
    ['the right edge is outside', { x: 740, y: 230 }, { x: 1279, y: 360, inside: false }],
    ['the left bar', { x: 20, y: 230 }, { x: 0, y: 360, inside: false }],
    ['above', { x: 420, y: 0 }, { x: 640, y: 0, inside: false }],
  ];
  for (const [name, point, expected] of points)
    test(name, () => assert.deepEqual(toDisplay(point, half, display), expected));
});

describe('buttons', () => {
  test('have X’s numbers', () => {
    const numbers = [1, 4, 2, 8, 16].map((bit) => buttonChanges(0, bit));
    assert.deepEqual(numbers, [1, 2, 3, 8, 9].map((button) => [{ button, down: true }]));
  });

  test('several changes at once are all told', () => {
    assert.deepEqual(buttonChanges(1, 2), [{ button: 1, down: false }, { button: 3, down: true }]);
  });

  test('no change says nothing', () => {
    assert.deepEqual(buttonChanges(3, 3), []);
    assert.deepEqual(buttonChanges(0, 32), []);
  });
});

describe('wheel', () => {
  const turn = (wheel, deltaY, deltaMode = 0, deltaX = 0) => wheel.add({ deltaX, deltaY, deltaMode });

  test('one step of a wheel is one notch in every browser', () => {
    for (const [delta, mode] of [[100, 0], [120, 0], [3, 1], [1, 2]]) {
      assert.deepEqual(turn(new WheelNotches(), delta, mode), { dx: 0, dy: 1 });
      assert.deepEqual(turn(new WheelNotches(), -delta, mode), { dx: 0, dy: -1 });
    }
  });

  test('small movements add up', () => {
    const wheel = new WheelNotches();
    const notches = Array.from({ length: 10 }, () => turn(wheel, 25)).filter(Boolean);
    assert.deepEqual(notches, [{ dx: 0, dy: 1 }, { dx: 0, dy: 1 }]);
  });

  test('turning round forgets what was gathered', () => {
    const wheel = new WheelNotches();
    turn(wheel, 90);
    assert.equal(turn(wheel, -90), null);
    assert.deepEqual(turn(wheel, -10), { dx: 0, dy: -1 });
  });

  test('sideways', () => assert.deepEqual(turn(new WheelNotches(), 0, 0, 120), { dx: 1, dy: 0 }));

  test('a throw is bounded, nonsense is nothing', () => {
    assert.deepEqual(turn(new WheelNotches(), 1e9), { dx: 0, dy: 10 });
    assert.equal(turn(new WheelNotches(), NaN), null);
    assert.equal(turn(new WheelNotches(), 5, 9), null);
  });
});
