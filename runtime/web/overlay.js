// The card over the picture: what happens, in words, and what to do about it.

import { byId, make, setText } from './dom.js';
import { describe } from './describe.js';
import { durationText } from './words.js';

const labels = {
  reconnect: 'Reconnect now',
  renegotiate: 'Try again',
  'take-over': 'Use it here',
  again: 'Start another session',
  why: 'What happened?',
};

export class Overlay {
  /** `act(name)` is called for a button of `describe`'s actions. */
  constructor(act) {
    this.act = act;
    this.shownActions = '';
    this.shownStages = '';
  }

  /** Draws the view; returns its description. */
  draw(view, now) {
    const words = describe(view, now);
    const hasPicture = view.epoch !== null || view.hadFrame;
    // With a picture still there a lost connection is said in a line, not in its way.
    const mode = words.phase === 'live' && !words.detail ? 'none' : coversPicture(words.phase, hasPicture) ? 'card' : 'line';
    byId('overlay').dataset.mode = mode;
    setText(byId('overlay-title'), words.title);
    setText(byId('overlay-detail'), words.detail);
    setText(byId('overlay-remedy'), words.remedy);
    setText(byId('overlay-evidence'), words.evidence.slice(-6).join('\n'));
    this.#stages(words.stages);
    this.#actions(words.actions);
    return words;
  }

  #stages(stages) {
    const key = JSON.stringify(stages);
    if (key === this.shownStages) return;
    this.shownStages = key;
    byId('overlay-stages').hidden = stages.length === 0;
    byId('overlay-stages').replaceChildren(...stages.map(({ text, atMs }) => make('li', {},
      make('span', { textContent: text }),
      make('span', { className: 'time', textContent: Number.isFinite(atMs) ? durationText(atMs) : '' }))));
  }

  #actions(actions) {
    const key = actions.join();
    if (key === this.shownActions) return;
    this.shownActions = key;
    byId('overlay-actions').replaceChildren(...actions.map((name, index) => make('button', {
      type: 'button', className: index === 0 ? 'primary' : '', textContent: labels[name],
      dataset: { action: name }, onclick: () => this.act(name) })));
  }
}

function coversPicture(phase, hasPicture) {
  return !hasPicture || phase === 'ended' || phase === 'failed';
}
