// The operators' console: the actors as they live, and what can be done about them.

import { drainOf } from './actions.js';
import { Actors, healthOf } from './actors.js';
import { Api } from './api.js';
import { ask } from './ask.js';
import { reconnectDelay } from './backoff.js';
import { byMinute, LineChart } from './charts.js';
import { Detail } from './detail.js';
import { byId, make, setText, Toast } from './dom.js';
import { Entry } from './entry.js';
import { Knowledge } from './knowledge.js';
import { Scene } from './scene.js';
import { errorText } from './words.js';

const eventsBefore = 1000;
const sampleMs = 1000;
const mostIll = 5;
const listKinds = /^(session\.|stream\.state|viewer\.|control\.|hold\.|vm\.state|vm\.replaced)/;

class ConsolePage {
  constructor(token) {
    this.api = new Api(token);
    this.world = new Knowledge(new Actors());
    this.toast = new Toast(byId('toast'), 7000);
    this.aborter = new AbortController();
    this.detail = new Detail({ api: this.api, world: this.world, callbacks: {
      onClose: () => this.choose(null), onAct: (action) => this.act(action), onChoose: (id) => this.choose(id, { reveal: true }) } });
    this.scene = new Scene({ world: this.world, onChoose: (id) => this.choose(id) });
    this.#charts();
    this.#controls();
  }

  start() {
    this.#go('watch', (item) => this.#watched(item), () => this.#setLive(true));
    this.#go(`events -f --tail ${eventsBefore}`, (event) => this.#happened(event), () => this.#readSessions());
    this.#readSessions();
    this.sampling = setInterval(() => this.#sample(), sampleMs);
  }

  stop() {
    this.aborter.abort();
    clearInterval(this.sampling);
    for (const chart of Object.values(this.charts)) chart.close();
  }

  choose(id, { reveal = false } = {}) {
    this.chosen = id;
    this.detail.show(id);
    this.scene.choose(id, { reveal });
    if (id === null) this.scene.focus();
  }

  async act(action) {
    const answer = await ask(action);
    if (answer === null) return;
    try {
      await this.api.command(action.line(answer));
      this.toast.show(`${action.label}: asked for, and on its way.`);
    } catch (error) {
      this.toast.show([errorText(error), error.remedy].filter(Boolean).join(' '));
    }
  }

  // Runs a command that goes on, again after each loss.
  async #go(line, each, onBegin, attempt = 1) {
    let next = attempt;
    try {
      let hasBegun = false;
      await this.api.command(line, (items) => {
        next = 1;
        if (!hasBegun) onBegin();
        hasBegun = true;
        items.forEach(each);
        this.#drawSoon();
      }, this.aborter.signal);
    } catch (error) {
      if (this.aborter.signal.aborted) return;
      if (error.status === 401 || error.status === 403) return entry.lock(error.status === 403
        ? 'This token may not use the console: it wants the operator’s.' : 'This token is not, or no longer, valid.');
      this.#setLive(false, errorText(error));
    }
    setTimeout(() => this.#go(line, each, onBegin, next + 1), reconnectDelay(next + 1));
  }

  #watched(item) {
    for (const id of this.world.actors.apply(item)) this.scene.strike(id);
  }

  #happened(event) {
    const struck = this.world.learn(event);
    if (struck) this.scene.strike(struck, Date.parse(event.at));
    if (listKinds.test(event.kind)) this.#readSessions();
  }

  // While one answer is awaited, any number of changes ask for one more.
  async #readSessions() {
    this.isStale = true;
    if (this.isReading) return;
    this.isReading = true;
    try {
      while (this.isStale) {
        this.isStale = false;
        this.world.setSessions((await this.api.sessions(500)).sessions);
      }
    } catch (error) {
      if (!this.aborter.signal.aborted) this.#setLive(false, errorText(error));
    } finally {
      this.isReading = false;
      this.hasRead = true;
      this.#drawSoon();
    }
  }

  #drawSoon() {
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = null;
      this.#draw();
    });
  }

  // The first time once everything is known: nobody is to click at what then moves away.
  #draw() {
    if (!this.hasRead || this.world.actors.root === null) return;
    document.body.dataset.state = 'ready';
    this.scene.draw();
    this.detail.refresh();
    const { actors } = this.world;
    const figures = actors.figures;
    setText(byId('count-sessions'), String(figures.sessions));
    setText(byId('count-vms'), String(figures.vms));
    setText(byId('count-actors'), String(figures.actors));
    setText(byId('count-dead'), String(actors.deadLetters));
    this.#showIll(actors.ill);
    const isDraining = [...actors.nodes.values()].some(({ kind, state }) => kind === 'node' && state === 'draining');
    this.drainAction = drainOf({ isDraining, sessions: figures.sessions });
    setText(byId('drain'), this.drainAction.label);
    byId('drain').classList.toggle('is-on', isDraining);
  }

  #showIll(ill) {
    const alike = new Map();
    for (const node of ill) {
      const key = `${node.kind} ${node.name} ${node.reason ?? node.state}`;
      if (!alike.has(key)) alike.set(key, []);
      alike.get(key).push(node);
    }
    const groups = [...alike.values()];
    const key = groups.slice(0, mostIll).map(([first, ...others]) => `${first.id}${first.state}${first.reason}${others.length}`).join();
    byId('ill').hidden = ill.length === 0;
    if (byId('ill').dataset.of === key + groups.length) return;
    byId('ill').dataset.of = key + groups.length;
    byId('ill').replaceChildren(...groups.slice(0, mostIll).map(([first, ...others]) => make('li', {}, make('button', { type: 'button',
      className: healthOf(first), onclick: () => this.choose(first.id, { reveal: true }) },
    make('b', { textContent: this.scene.nameOf(first) + (others.length ? ` × ${others.length + 1}` : '') }),
    make('span', { textContent: first.reason || first.state })))),
    ...(groups.length > mostIll ? [make('li', { className: 'soft', textContent: `and ${groups.length - mostIll} more` })] : []));
  }

  #charts() {
    const chart = (id, label, more) => new LineChart({ host: byId(id), label, ...more });
    this.charts = {
      rate: chart('chart-rate', 'messages a second', { format: (value) => value.toFixed(value < 10 ? 1 : 0) }),
      waiting: chart('chart-waiting', 'waiting in mailboxes', { tint: '--busy' }),
      restarts: chart('chart-restarts', 'restarts a minute, half an hour', { isBars: true, tint: '--bad' }),
    };
  }

  #sample() {
    const now = Date.now();
    const { rate, waiting } = this.world.actors.figures;
    this.charts.rate.push(now / 1000, rate);
    this.charts.waiting.push(now / 1000, waiting);
    const { times, counts } = byMinute(this.world.restarts, now);
    this.charts.restarts.replace(times, counts, String(counts.reduce((sum, count) => sum + count, 0)));
    this.detail.refresh();
    this.scene.fade();
  }

  #setLive(isLive, text = '') {
    document.body.classList.toggle('is-lost', !isLive);
    setText(byId('live'), isLive ? 'live' : text || 'not connected');
  }

  #controls() {
    byId('search').oninput = () => this.scene.find(byId('search').value);
    byId('search').onkeydown = (event) => {
      if (event.key !== 'Enter' && event.key !== 'Escape') return;
      const found = event.key === 'Enter' ? this.scene.firstFound : null;
      this.scene.find(byId('search').value = '');
      if (found) this.choose(found, { reveal: true });
      this.scene.focus();
    };
    byId('drain').onclick = () => this.act(this.drainAction);
    byId('fold-all').onclick = () => this.scene.foldAll();
    byId('keys').onclick = () => byId('help').showModal();
    addEventListener('keydown', (event) => this.#key(event));
    addEventListener('resize', () => this.#drawSoon());
  }

  // With nothing else in focus the arrows are the picture's.
  #isOfPicture(target) {
    return target === document.body || byId('picture').contains(target);
  }

  #key(event) {
    const isTyping = event.target.matches?.('input, textarea, [contenteditable]');
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
    const action = this.chosen ? this.detail.actionOf(event.key) : null;
    const keys = { '/': () => byId('search').focus(), '?': () => byId('help').showModal(),
      Escape: () => this.choose(null), d: () => this.act(this.drainAction), f: () => this.scene.foldAll() };
    if (action) this.act(action);
    else if (keys[event.key]) keys[event.key]();
    else if (!this.#isOfPicture(event.target) || !this.scene.key(event.key)) return;
    event.preventDefault();
  }
}

const entry = new Entry((token) => new ConsolePage(token));
entry.begin();
