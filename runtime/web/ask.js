// The one question before anything is touched.

import { byId, make } from './dom.js';

/** Asks once; answers the text of its field (empty without one), or null for no. */
export function ask({ asks, does, label, field = null, isGrave }) {
  const dialog = byId('ask');
  const input = field ? make('input', { type: 'text', maxLength: 200, autocomplete: 'off' }) : null;
  const no = make('button', { type: 'button', textContent: 'Leave it', onclick: () => dialog.close('') });
  const yes = make('button', { type: 'submit', textContent: label, className: isGrave ? 'grave' : 'primary' });
  const form = make('form', { method: 'dialog', onsubmit: (event) => { event.preventDefault(); dialog.close('yes'); } },
    make('h2', { textContent: asks }), make('p', { textContent: does }),
    ...(input ? [make('label', {}, make('span', { textContent: field }), input)] : []),
    make('p', { className: 'choices' }, no, yes));
  dialog.replaceChildren(form);
  dialog.returnValue = '';
  dialog.showModal();
  (input ?? no).focus();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes' ? input?.value.trim() ?? '' : null), { once: true });
  });
}
