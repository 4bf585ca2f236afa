import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { FitWindow, fittingSize } from '../fit.js';

const largest = { width: 2560, height: 1600 };

describe('fittingSize', () => {
  const cases = [
    ['a window is shown pixel by pixel', { width: 1365, height: 701 }, { width: 1364, height: 700 }],
    ['also on a screen of many pixels', { width: 1365, height: 701, pixelRatio: 2 }, { width: 1364, height: 700 }],
    ['a phone’s is a larger one of its shape', { width: 390, height: 700, pixelRatio: 3 }, { width: 500, height: 896 }],
    ['but no blurred one', { width: 390, height: 700, pixelRatio: 1 }, { width: 390, height: 700 }],
    ['nor more than twice as large', { width: 200, height: 400, pixelRatio: 3 }, { width: 400, height: 800 }],
    ['a wall’s is the largest there is, of its shape', { width: 5120, height: 1440 }, { width: 2560, height: 720 }],
    ['a sliver’s has a least size', { width: 600, height: 10 }, { width: 600, height: 64 }],
  ];
  for (const [name, stage, size] of cases)
    test(name, () => assert.deepEqual(fittingSize(stage, largest), size));

  test('without a stage, or where the size stays, there is none', () => {
    assert.equal(fittingSize({ width: 0, height: 100 }, largest), null);
    assert.equal(fittingSize({ width: 100, height: 100 }, undefined), null);
  });
});

function fixture(more = {}) {
  const asked = [];
  let due = null;
  const state = { width: 1000, height: 600, allowed: true, held: false,
    display: { width: 1280, height: 720, largest }, ...more };
  const fit = new FitWindow({ stage: { getBoundingClientRect: () => ({ width: state.width, height: state.height }) },
    display: () => state.display, allowed: () => state.allowed, held: () => state.held,
    ask: (width, height) => { asked.push([width, height]); return state.open ?? true; },
    schedule: (job) => { due = job; return 1; }, unschedule: () => { due = null; } });
  const settle = () => { due?.(); due = null; };
  return { fit, asked, state, settle };
}

describe('FitWindow', () => {
  test('asks once the window rests, and once for a size', () => {
    const { fit, asked, state, settle } = fixture();
    fit.soon();
    state.width = 900;
    fit.soon();
    settle();
    fit.soon();
    settle();
    assert.deepEqual(asked, [[900, 600]]);
  });

  test('does not ask for what is there', () => {
    const { fit, asked, settle } = fixture({ width: 1280, height: 720 });
    fit.soon();
    settle();
    assert.deepEqual(asked, []);
  });

  test('a new peer is asked again, for its display may have begun anew', () => {
    const { fit, asked, settle } = fixture();
    for (let i = 0; i < 2; i += 1) { fit.again(); settle(); }
    assert.deepEqual(asked, [[1000, 600], [1000, 600]]);
  });

  const silent = [['not in control', { allowed: false }], ['a keyboard covers the stage', { held: true }],
    ['the size stays', { display: { width: 1280, height: 720 } }], ['nothing is known of it', { display: null }]];
  for (const [name, state] of silent)
    test(`asks nothing: ${name}`, () => {
      const { fit, asked, settle } = fixture(state);
      fit.soon();
      settle();
      assert.deepEqual(asked, []);
    });

  test('turned off it asks nothing, turned on it asks', () => {
    const { fit, asked, settle } = fixture();
    fit.set(false);
    settle();
    assert.deepEqual(asked, []);
    fit.set(true);
    settle();
    assert.deepEqual(asked, [[1000, 600]]);
  });

  test('what could not be asked is asked later', () => {
    const { fit, asked, state, settle } = fixture({ open: false });
    fit.soon();
    settle();
    state.open = true;
    fit.soon();
    settle();
    assert.equal(asked.length, 2);
  });
});
