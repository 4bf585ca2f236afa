// Small helpers for making and filling elements. Text is always text, never markup.

export function byId(id) {
  return document.getElementById(id);
}

/** An element with properties (`className`, `type`, `onclick`, `dataset`…) and children. */
export function make(tag, { dataset = {}, aria = {}, ...properties } = {}, ...children) {
  const element = document.createElement(tag);
  Object.assign(element, properties);
  Object.assign(element.dataset, dataset);
  for (const [name, value] of Object.entries(aria)) element.setAttribute(`aria-${name}`, value);
  element.append(...children);
  return element;
}

/** Sets the text only where it differs, so that a screen reader is told of changes alone. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
  element.hidden = text === '';
}

/** Shows a short message for a while; a new one replaces it. */
export class Toast {
  constructor(element, forMs = 5000) {
    Object.assign(this, { element, forMs, timer: null });
  }

  show(text, action = null) {
    clearTimeout(this.timer);
    this.element.replaceChildren(make('span', { textContent: text }));
    if (action) this.element.append(make('button', { type: 'button', textContent: action.label,
      onclick: () => { this.hide(); action.run(); } }));
    this.element.hidden = false;
    this.timer = setTimeout(() => this.hide(), this.forMs);
  }

  hide() {
    this.element.hidden = true;
  }
}
