// A session's start as a bar: how long each stage took.

import { make } from './dom.js';
import { durationText, stageText } from './words.js';

/** {name, fromMs, ms} of each stage in the order in which they were reached; `atMs` counts from creation. */
export function spansOf(stages) {
  const reached = [...stages].sort((a, b) => a.atMs - b.atMs);
  return reached.map(({ name, atMs }, i) => ({ name, fromMs: reached[i - 1]?.atMs ?? 0, ms: atMs - (reached[i - 1]?.atMs ?? 0) }));
}

// What comes after everything is ready is a person's time, not the start's.
const afterReady = ['first-viewer', 'first-frame'];

/** The spans of the start alone. */
export function startOf(stages) {
  return spansOf(stages).filter(({ name }) => !afterReady.includes(name));
}

export function stageBar(stages) {
  const spans = startOf(stages);
  const total = spans.reduce((sum, { ms }) => sum + ms, 0);
  const bar = make('div', { className: 'stage-bar' });
  bar.setAttribute('role', 'img');
  bar.setAttribute('aria-label', spans.map(({ name, ms }) => `${stageText(name)} after ${durationText(ms)}`).join(', '));
  const list = make('ol', { className: 'stage-list' });
  spans.forEach(({ name, ms, fromMs }, i) => {
    const part = make('span', { title: `${stageText(name)}: ${durationText(ms)}`, dataset: { stage: name } });
    part.style.flexGrow = String(Math.max(ms, total / 200, 1));
    part.style.setProperty('--step', String(i / Math.max(1, spans.length - 1)));
    bar.append(part);
    const mark = make('i', { aria: { hidden: 'true' } });
    mark.style.setProperty('--step', String(i / Math.max(1, spans.length - 1)));
    list.append(make('li', {}, mark, make('span', { textContent: stageText(name) }),
      make('b', { textContent: `${ms} ms` }), make('small', { textContent: `at ${fromMs + ms}` })));
  });
  for (const { name, atMs } of stages.filter((stage) => afterReady.includes(stage.name)))
    list.append(make('li', { className: 'later' }, make('i', { aria: { hidden: 'true' } }), make('span', { textContent: stageText(name) }),
      make('b', { textContent: '' }), make('small', { textContent: `at ${atMs}` })));
  return { bar, list, totalText: spans.length ? durationText(spans.at(-1).fromMs + spans.at(-1).ms) : '' };
}
