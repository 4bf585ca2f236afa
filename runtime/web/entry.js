// The way into operators' pages: a token, from the address or typed in, opens what is behind it.

import { byId, setText } from './dom.js';
import { keepOperatorToken, operatorToken, takeTokenFromAddress } from './tokens.js';

export class Entry {
  /** `makePage(token)` gives what has `start()` and `stop()`. */
  constructor(makePage) {
    Object.assign(this, { makePage, page: null });
  }

  begin() {
    byId('entry').onsubmit = (event) => {
      event.preventDefault();
      const token = byId('token').value.trim();
      if (token === '') return;
      keepOperatorToken(token);
      byId('token').value = '';
      setText(byId('entry-error'), '');
      this.#open(token);
    };
    const given = takeTokenFromAddress();
    if (given) keepOperatorToken(given);
    this.#open(operatorToken());
  }

  /** The token is none: asks for another, and says why. */
  lock(message) {
    keepOperatorToken(null);
    this.#open(null);
    setText(byId('entry-error'), message);
  }

  #open(token) {
    this.page?.stop();
    this.page = null;
    byId('entry').hidden = token !== null;
    byId('desk').hidden = token === null;
    document.body.dataset.state = token === null ? 'locked' : 'starting';
    if (token === null) return byId('token').focus();
    this.page = this.makePage(token);
    return this.page.start();
  }
}
