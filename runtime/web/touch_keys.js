// The keys that a phone's keyboard lacks, in a bar above it.

import { make } from './dom.js';

const keys = [['Esc', 'Escape'], ['Tab', 'Tab'], ['Ctrl', 'Control'], ['Alt', 'Alt'], ['←', 'ArrowLeft'], ['↓', 'ArrowDown'],
  ['↑', 'ArrowUp'], ['→', 'ArrowRight'], ['Home', 'Home'], ['End', 'End'], ['Del', 'Delete'], ['F5', 'F5']];
const names = { '←': 'Left', '↓': 'Down', '↑': 'Up', '→': 'Right' };

/** Fills `bar`. Ctrl and Alt wait for the next key or character, also of the phone's keyboard. */
export function connectTouchKeys(bar, typing) {
  const buttons = keys.map(([label, key]) => make('button', { type: 'button', textContent: label,
    aria: { label: names[label] ?? label, ...(typing.isModifier(key) ? { pressed: 'false' } : {}) },
    onclick: () => (typing.isModifier(key) ? typing.arm(key) : typing.tapKey(key)) }));
  bar.replaceChildren(...buttons);
  // The text area keeps the focus: without it the phone puts its keyboard away.
  bar.addEventListener('pointerdown', (event) => event.preventDefault());
  bar.addEventListener('mousedown', (event) => event.preventDefault());
  typing.onArmed = (armed) => {
    keys.forEach(([, key], at) => {
      if (typing.isModifier(key)) buttons[at].setAttribute('aria-pressed', String(armed.has(key)));
    });
  };
}
