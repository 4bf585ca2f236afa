// Who is here, and who holds the mouse and keyboard.

import { byId, make } from './dom.js';
import { controlOf, phaseOf } from './view.js';
import { viewerName } from './words.js';

export class People {
  /** `control(action, to?)` sends the contract's control message; `operator`: may take. */
  constructor({ control, operator }) {
    Object.assign(this, { control, operator, shown: '' });
  }

  draw(view) {
    const key = JSON.stringify([view.viewers, view.control, view.viewer, phaseOf(view)]);
    if (key === this.shown) return;
    this.shown = key;
    const mine = controlOf(view) === 'mine';
    byId('people-count').textContent = String(view.viewers.length || 1);
    byId('people-list').replaceChildren(...view.viewers.map((person) => this.#person(view, person, mine)));
    this.#buttons(view, mine);
  }

  #person(view, person, mine) {
    const holds = view.control?.holder === person.id;
    const asks = view.control?.requests.includes(person.id);
    const me = person.id === view.viewer;
    const player = person.via === 'whep';
    const notes = [player ? 'watching in a player' : person.role === 'viewer' ? 'watching' : 'host',
      holds ? 'in control' : '', asks ? 'asks for control' : ''];
    const item = make('li', { dataset: { viewer: person.id } },
      make('span', { className: 'avatar', textContent: viewerName(person.id)[0], aria: { hidden: 'true' } }),
      make('span', { className: 'who' },
        make('strong', { textContent: me ? 'You' : viewerName(person.id) }),
        make('small', { textContent: notes.filter(Boolean).join(' · ') })));
    if (mine && !me && !player) item.append(make('button', { type: 'button', className: asks ? 'primary' : '',
      textContent: 'Give control', onclick: () => this.control('give', person.id) }));
    return item;
  }

  #buttons(view, mine) {
    const button = byId('control');
    const asked = view.control?.requests.includes(view.viewer) ?? false;
    const over = ['ended', 'failed'].includes(phaseOf(view));
    byId('release').hidden = !mine || over || view.viewers.length < 2;
    button.hidden = view.viewer === null || mine || over;
    button.disabled = asked && !this.operator;
    const takes = this.operator && controlOf(view) === 'other';
    button.textContent = takes ? 'Take control' : asked ? 'Asked for control' : 'Ask for control';
    button.dataset.action = takes ? 'take' : 'request';
  }
}

/** The first viewer other than us who asks for control while we hold it, or null. */
export function firstRequest(view) {
  if (controlOf(view) !== 'mine') return null;
  return view.control?.requests.find((id) => id !== view.viewer) ?? null;
}
