// The start page: one click starts a session, and below it is what runs.

import { Api } from './api.js';
import { byId, setText } from './dom.js';
import { SessionList } from './sessions.js';
import { keepOperatorToken, operatorToken, SessionMemory, takeTokenFromAddress } from './tokens.js';
import { errorText } from './words.js';
import { addressOf } from './wish.js';

const userKey = 'aerie.user';

class StartPage {
  constructor() {
    this.list = null;
    byId('userId').value = localStorage.getItem(userKey) ?? 'operator';
    byId('start').onsubmit = (event) => this.#submit(event, () => this.#start());
    byId('entry').onsubmit = (event) => this.#submit(event, () => this.#enter(byId('token').value.trim()));
    byId('start').onchange = () => this.#profileChanged();
    addEventListener('pageshow', (event) => { if (event.persisted) this.#setBusy(false); });
  }

  /** Shows the form for starting where there is a token, else the one that asks for it. */
  open(token) {
    byId('entry').hidden = token !== null;
    byId('start').hidden = token === null;
    byId('sessions').hidden = token === null;
    document.body.dataset.state = token === null ? 'locked' : 'ready';
    this.list?.stop();
    this.list = null;
    if (token === null) {
      byId('token').focus();
      return;
    }
    this.api = new Api(token);
    this.list = new SessionList({ api: this.api, enter: (id) => visit(id, token),
      onUnauthorized: () => this.#locked('This token is not, or no longer, valid.') });
    this.list.start();
    byId('url').focus();
  }

  #submit(event, action) {
    event.preventDefault();
    action();
  }

  #enter(token) {
    if (token === '') return;
    keepOperatorToken(token);
    byId('token').value = '';
    setText(byId('entry-error'), '');
    this.open(token);
  }

  #locked(message) {
    keepOperatorToken(null);
    this.open(null);
    setText(byId('entry-error'), message);
  }

  async #start() {
    const wish = this.#wish();
    localStorage.setItem(userKey, wish.userId);
    this.#refused(null);
    this.#setBusy(true);
    try {
      const session = await this.api.create(wish, randomKey());
      visit(session.id, session.token);
    } catch (error) {
      this.#setBusy(false);
      if (error.status === 401) this.#locked('This token is not, or no longer, valid.');
      else this.#refused(error);
    }
  }

  #wish() {
    const profile = this.#profile();
    const url = profile === 'browser' ? addressOf(byId('url').value) : null;
    return { userId: byId('userId').value.trim() || 'operator', profile, ...(url ? { url } : {}) };
  }

  #refused(error) {
    setText(byId('start-error'), error ? errorText(error) : '');
    for (const name of ['url', 'userId']) byId(name).setAttribute('aria-invalid', String(error?.field === name));
    if (error?.field === 'userId') document.querySelector('.options').open = true;
    if (['url', 'userId'].includes(error?.field)) byId(error.field).focus();
  }

  #profileChanged() {
    byId('url').disabled = this.#profile() !== 'browser';
    this.#setBusy(false);
  }

  #profile() {
    return byId('start').elements.profile.value;
  }

  #setBusy(busy) {
    byId('go').disabled = busy;
    byId('go').textContent = busy ? 'Starting…' : `Start a ${this.#profile()}`;
  }
}

/** Goes to the session's viewer; its token waits in this tab, so the address needs none. */
function visit(id, token) {
  const memory = new SessionMemory(id, 'host');
  if (memory.token !== token) memory.position = null;
  memory.token = token;
  location.assign(`/view/${id}`);
}

function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

const given = takeTokenFromAddress();
if (given) keepOperatorToken(given);
new StartPage().open(operatorToken());
