// The list of what runs, kept up to date by the server's events.

import { byId, make, setText } from './dom.js';
import { reconnectDelay } from './backoff.js';
import { errorText, stageText } from './words.js';

const watchForMs = 24 * 60 * 60 * 1000;
const changes = /^(session\.|stream\.state|viewer\.|control\.)/;

export class SessionList {
  /** `enter(id)` opens a session here; onUnauthorized() when the token is refused. */
  constructor({ api, enter, onUnauthorized }) {
    Object.assign(this, { api, enter, onUnauthorized });
    this.aborter = new AbortController();
    this.loading = false;
    this.stale = false;
    this.timer = null;
  }

  start() {
    this.#follow(1);
  }

  stop() {
    this.aborter.abort();
    clearTimeout(this.timer);
  }

  // Each connection begins with the whole list: what happened meanwhile is in it.
  async #follow(attempt) {
    let next = attempt;
    try {
      await this.#load();
      await this.api.events((event) => {
        next = 1;
        if (changes.test(event.kind)) this.#load().catch((error) => this.#failed(error));
      }, this.aborter.signal);
    } catch (error) {
      this.#failed(error);
    }
    if (this.aborter.signal.aborted) return;
    this.timer = setTimeout(() => this.#follow(next + 1), reconnectDelay(next + 1));
  }

  // While one answer is awaited, any number of changes ask for one more.
  async #load() {
    this.stale = true;
    if (this.loading) return;
    this.loading = true;
    try {
      while (this.stale) {
        this.stale = false;
        this.#draw((await this.api.sessions()).sessions ?? []);
      }
      setText(byId('status'), '');
    } finally {
      this.loading = false;
    }
  }

  #failed(error) {
    if (this.aborter.signal.aborted) return;
    if (error.status === 401) this.onUnauthorized();
    else setText(byId('status'), errorText(error));
  }

  #draw(sessions) {
    const running = sessions.filter((session) => !['ended', 'failed'].includes(session.state));
    const recent = sessions.filter((session) => session.state === 'failed').slice(0, 3);
    byId('no-sessions').hidden = running.length + recent.length > 0;
    byId('session-list').replaceChildren(...[...running, ...recent].map((session) => this.#row(session)));
  }

  #row(session) {
    const buttons = make('span', { className: 'buttons' });
    const gone = session.state === 'failed';
    const button = (textContent, onclick, more = {}) =>
      buttons.append(make('button', { type: 'button', textContent, onclick, ...more }));
    button(gone ? 'Why?' : 'Open', () => this.enter(session.id));
    if (!gone) {
      button('Watch', () => this.#watch(session.id), { title: 'Open in a tab that only watches' });
      button('End', (event) => this.#end(session.id, event.target), { className: 'danger' });
    }
    return make('li', { className: 'session', dataset: { id: session.id, state: session.state } },
      make('span', { className: 'dot', aria: { hidden: 'true' } }),
      make('span', { className: 'what' },
        make('strong', { textContent: `${session.userId} · ${session.profile}` }),
        make('small', { textContent: summary(session) })),
      buttons);
  }

  // The tab is opened by the click itself, or the browser would stop it as a pop-up.
  async #watch(id) {
    const tab = window.open('about:blank');
    try {
      const { token } = await this.api.watchToken(id, watchForMs);
      const address = `/view/${id}?role=viewer#token=${token}`;
      if (tab) tab.location.replace(address);
      else location.assign(address);
    } catch (error) {
      tab?.close();
      setText(byId('status'), errorText(error));
    }
  }

  async #end(id, button) {
    button.disabled = true;
    try {
      await this.api.end(id);
      button.textContent = 'Ending…';
    } catch (error) {
      button.disabled = false;
      setText(byId('status'), errorText(error));
    }
  }
}

/** One line on a session: its state, since when (said by `timeText(date)`), who is there. */
export function summary(session, timeText = timeOfDay) {
  const created = new Date(session.createdAt);
  const watching = session.viewers?.length ?? 0;
  const state = session.state === 'starting' && session.stage
    ? `starting: ${stageText(session.stage).toLowerCase()}` : session.state;
  return [
    state,
    Number.isNaN(created.getTime()) ? '' : `since ${timeText(created)}`,
    watching === 0 ? 'nobody there' : watching === 1 ? '1 viewer' : `${watching} viewers`,
    session.id?.slice(0, 8),
  ].filter(Boolean).join(' · ');
}

function timeOfDay(date) {
  return date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
}
