// The pane beside the picture: one actor, its numbers, why, logs, screen, and what can be done to it.

import { actionsOf, releaseOf } from './actions.js';
import { healthOf } from './actors.js';
import { byId, make, setText } from './dom.js';
import { stageBar } from './stages.js';
import { factList, openConsole, openLogs, openMessages, openScreen, openWhy } from './tabs.js';
import { durationText, figureFacts } from './words.js';

const kindWords = { vm: 'Guest', child: 'Process', session: 'Session', stream: 'Stream', peer: 'Viewer’s socket',
  player: 'Viewer’s player' };

/** `Session`, `Guest`, or the kind as it is called. */
export function kindText(kind) {
  return kindWords[kind] ?? kind.replace(/^./, (first) => first.toUpperCase());
}

/** How long ago an instant was, in words. */
export function ageText(since, now = Date.now()) {
  const ms = now - Date.parse(since);
  return Number.isFinite(ms) ? durationText(Math.max(0, Math.floor(ms / 1000) * 1000)) : '';
}

export class Detail {
  /** Callbacks: onClose(), onAct(action), onChoose(id); `world` is the page's knowledge. */
  constructor({ api, world, callbacks }) {
    Object.assign(this, { api, world, callbacks });
    this.id = null;
    this.tab = 'now';
    this.leave = null;
    byId('detail-close').onclick = () => callbacks.onClose();
    byId('tabs').onkeydown = (event) => this.#tabKey(event);
  }

  /** Shows one actor, on a tab; null closes. */
  show(id, tab = null) {
    const isNew = id !== this.id;
    if (!isNew && (tab === null || tab === this.tab)) return this.refresh();
    this.#leaveTab();
    this.id = id;
    byId('detail').hidden = id === null;
    document.body.classList.toggle('has-detail', id !== null);
    if (id === null) return;
    this.last = null;
    const { tabs } = this.#subject();
    const wanted = tab ?? this.tab;
    this.tab = tabs.some(([name]) => name === wanted) ? wanted : 'now';
    this.refresh();
    this.#openTab();
  }

  /** Draws what may have changed. */
  refresh() {
    if (this.id === null) return;
    const subject = this.#subject();
    const { node } = subject;
    byId('detail').dataset.health = node ? healthOf(node) : 'over';
    setText(byId('detail-kind'), kindText((node ?? this.last)?.kind ?? ''));
    setText(byId('detail-name'), this.#title(node ?? this.last));
    setText(byId('detail-state'), node ? `${node.state || 'running'} for ${ageText(node.since)}` : 'gone');
    setText(byId('detail-reason'), (node ? node.reason : this.world.endingOf(this.id)?.message) ?? '');
    this.#showActions(subject);
    this.#showTabs(subject);
    if (this.tab === 'now') this.#showNow(subject);
    if (node) this.last = node;
  }

  /** The action of that key, if there is one. */
  actionOf(key) {
    return this.#subject().actions.find((action) => action.key === key) ?? null;
  }

  #subject() {
    const node = this.world.actors.nodes.get(this.id) ?? null;
    const parent = node ? this.world.actors.nodes.get(node.parent) ?? null : null;
    const shown = node ?? this.last;
    const vm = shown?.kind === 'vm' ? shown.id : shown?.kind === 'child' ? shown.parent : null;
    const session = this.world.sessionOf(shown);
    return { node, parent, session, vm, actions: node ? actionsOf(node, { parent, session }) : [], tabs: tabsOf(shown, session, vm) };
  }

  #title(node) {
    if (!node) return this.id;
    return node.kind === 'child' ? node.name : `${node.kind === node.name ? '' : `${node.name} `}${node.id.slice(0, 8)}`;
  }

  #showActions({ actions, session, node }) {
    const holds = node?.kind === 'session' ? session?.holds ?? [] : [];
    const all = [...actions, ...holds.map((hold) => releaseOf(session, hold))];
    const key = all.map(({ name, asks }) => name + asks).join();
    if (byId('actions').dataset.of === this.id + key) return;
    byId('actions').dataset.of = this.id + key;
    byId('actions').replaceChildren(...all.map((action) => make('button', { type: 'button', textContent: action.label,
      className: action.isGrave ? 'danger' : '', dataset: { action: action.name },
      title: action.key ? `${action.asks} (${action.key})` : action.asks, onclick: () => this.callbacks.onAct(action) })));
  }

  #showTabs({ tabs }) {
    const key = tabs.map(([name]) => name).join() + this.tab;
    if (byId('tabs').dataset.of === key) return;
    byId('tabs').dataset.of = key;
    const hadFocus = byId('tabs').contains(document.activeElement);
    byId('tabs').replaceChildren(...tabs.map(([name, label]) => {
      const chosen = name === this.tab;
      const button = make('button', { type: 'button', role: 'tab', textContent: label, tabIndex: chosen ? 0 : -1,
        dataset: { tab: name }, aria: { selected: String(chosen), controls: 'tab' }, onclick: () => this.#go(name) });
      return button;
    }));
    if (hadFocus) byId('tabs').querySelector('[aria-selected="true"]')?.focus();
  }

  #tabKey(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const names = this.#subject().tabs.map(([name]) => name);
    this.#go(names[(names.indexOf(this.tab) + step + names.length) % names.length]);
  }

  #go(name) {
    if (name !== this.tab) this.show(this.id, name);
  }

  #openTab() {
    const { node, session, vm, tabs } = this.#subject();
    const host = make('div');
    byId('tab').replaceChildren(host);
    const shown = node ?? this.last;
    const child = shown?.kind === 'child' ? shown.name : '';
    const whyId = child && session ? `${session.id}/${child}` : this.id;
    const openers = { why: openWhy, logs: openLogs, screen: openScreen, console: openConsole, messages: openMessages };
    const open = openers[this.tab];
    if (!open || !tabs.some(([name]) => name === this.tab)) {
      this.#showNow(this.#subject());
      return;
    }
    const left = open({ api: this.api, host, node: shown, session, vm, child, whyId,
      figuresOf: () => this.world.streamOf(this.world.actors.nodes.get(shown.id))?.figures ?? {} });
    if (typeof left === 'function') this.leave = left;
  }

  #leaveTab() {
    this.leave?.();
    this.leave = null;
  }

  // Drawn anew with each change: nothing in it is typed into.
  #showNow({ node, session, parent }) {
    const shown = node ?? this.last;
    if (!shown) return;
    const parts = [];
    if (session && ['session', 'vm'].includes(shown.kind)) parts.push(...startOf(session));
    const ending = this.world.endingOf(this.id);
    if (ending) parts.push(make('h3', { textContent: 'Its last end' }), make('p', { className: 'ending', textContent: ending.message }),
      make('p', { className: 'soft', textContent: `${ending.kind}${ending.at ? `, ${ageText(ending.at)} ago` : ''}${ending.remedy ? `. ${ending.remedy}` : ''}` }));
    parts.push(make('h3', { textContent: 'Figures' }), factList(factsOf(shown, session, parent, this.world.streamOf(shown))));
    const children = this.world.actors.childrenOf(this.id).map((id) => this.world.actors.nodes.get(id));
    if (children.length && children.length <= 24) parts.push(make('h3', { textContent: 'Below it' }), make('ul', { className: 'below' },
      ...children.map((child) => make('li', {}, make('button', { type: 'button', onclick: () => this.callbacks.onChoose(child.id) },
        make('i', { className: `dot ${healthOf(child)}`, aria: { hidden: 'true' } }), make('span', { textContent: this.#title(child) }),
        make('small', { textContent: child.state || 'running' }))))));
    const focused = document.activeElement?.closest('.below') ? [...byId('tab').querySelectorAll('.below button')].indexOf(document.activeElement) : -1;
    byId('tab').replaceChildren(make('div', { className: 'now' }, ...parts));
    if (focused >= 0) byId('tab').querySelectorAll('.below button')[focused]?.focus();
  }
}

function tabsOf(node, session, vm) {
  const tabs = [['now', 'Now']];
  if (!node) return tabs;
  if (['session', 'vm', 'child'].includes(node.kind)) tabs.push(['why', 'Why']);
  if (session && ['session', 'vm', 'child'].includes(node.kind)) tabs.push(['logs', 'Logs']);
  if (session && (node.kind === 'session' || node.kind === 'stream')) tabs.push(['screen', 'Screen']);
  if (vm) tabs.push(['console', 'Console']);
  if (node.kind !== 'child') tabs.push(['messages', 'Messages']);
  return tabs;
}

function startOf(session) {
  if (!session.stages?.length) return [];
  const { bar, list, totalText } = stageBar(session.stages);
  return [make('h3', {}, 'How it started ', make('b', { textContent: totalText })), bar, list];
}

function factsOf(node, session, parent, stream) {
  const facts = {};
  if (node.pid) facts.process = node.pid;
  if (node.cpuPercent !== undefined) facts.processor = `${node.cpuPercent} %`;
  if (node.memoryKiB) facts.memory = `${Math.round(node.memoryKiB / 1024)} MiB`;
  if (node.kind !== 'child') Object.assign(facts, { waiting: node.mailbox, handled: node.processed.toLocaleString('en'),
    'a second': node.messagesPerSecond ?? 0 });
  facts.restarts = node.restarts;
  Object.assign(facts, figureFacts(node.figures ?? stream?.figures ?? {}));
  if (session && node.kind === 'session') Object.assign(facts, { for: session.userId, profile: session.profile, driver: session.driver,
    address: session.vm.address, viewers: session.viewers.length, 'ends idle after': durationText(session.idleMs),
    'lives at most': durationText(session.maxMs), holds: session.holds.map(({ name, reason }) => `${name}: ${reason}`).join('; ') || 'none' });
  if (parent) facts.under = `${kindText(parent.kind)} ${parent.id.slice(0, 8)}`;
  facts.id = node.id;
  return facts;
}
