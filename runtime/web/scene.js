// What of the actors is shown and how: folded or not, found or not, chosen, just restarted.

import { beside, healthOf, matches, waitingOf } from './actors.js';
import { byId } from './dom.js';
import { kindText } from './detail.js';
import { apartFrom, layOut } from './layout.js';
import { Picture, textWidth } from './picture.js';
import { startOf } from './stages.js';
import { durationText } from './words.js';

const litForMs = 8000;
const foldFrom = 90; // actors: with more, guests and sessions that are well begin folded
const narrowBelow = 720;

export class Scene {
  constructor({ world, onChoose }) {
    Object.assign(this, { world, onChoose });
    this.frame = byId('picture');
    this.picture = new Picture({ frame: this.frame, svg: byId('tree'),
      callbacks: { onChoose, onFold: (id) => this.fold(id) } });
    this.folds = new Map(); // by hand: id to whether it is folded
    this.struck = new Map(); // id to when, in ms
    this.words = '';
    this.chosen = null;
    this.widths = new Map();
    this.faces = new Map(); // what follows is of one drawing
    this.orders = new Map();
    this.foldings = new Map();
  }

  /** Lights an actor up for a while; `at`: when it was, in ms. */
  strike(id, at = Date.now()) {
    if (Date.now() - at < litForMs) this.struck.set(id, at);
  }

  /** Puts out what has been lit for long enough. */
  fade() {
    let changed = false;
    for (const [id, at] of this.struck)
      if (Date.now() - at > litForMs) changed = this.struck.delete(id);
    if (changed) this.draw();
  }

  choose(id, { reveal = false } = {}) {
    this.chosen = id;
    if (reveal && id) for (const above of this.world.actors.pathTo(id).slice(0, -1)) this.folds.set(above, false);
    this.draw();
    if (id) this.picture.reveal(id);
  }

  focus() {
    const id = this.chosen ?? this.shown[0];
    if (id) this.picture.reveal(id, { focus: true });
  }

  find(text) {
    this.words = text.trim();
    this.draw();
  }

  get firstFound() {
    return this.shown.find((id) => this.#isFound(id)) ?? null;
  }

  fold(id, isFolded = !this.#isFolded(id)) {
    this.folds.set(id, isFolded);
    this.draw();
  }

  /** Folds everything below the node, or unfolds it all. */
  foldAll() {
    const foldable = [...this.world.actors.nodes.values()].filter(({ id, kind }) =>
      ['session', 'vm'].includes(kind) && this.world.actors.childrenOf(id).length);
    const isFolded = foldable.some(({ id }) => !this.#isFolded(id));
    for (const { id } of foldable) this.folds.set(id, isFolded);
    this.draw();
  }

  /** Does what a key of the tree does; false for one that is none. */
  key(name) {
    const at = this.shown.indexOf(this.chosen);
    const step = (id) => { this.onChoose(id); this.picture.reveal(id, { focus: true }); };
    const { actors } = this.world;
    const children = this.chosen ? this.#order(this.chosen) : [];
    const keys = {
      ArrowDown: () => step(this.shown[Math.min(at + 1, this.shown.length - 1)]),
      ArrowUp: () => step(this.shown[Math.max(at - 1, 0)]),
      Home: () => step(this.shown[0]),
      End: () => step(this.shown.at(-1)),
      ArrowRight: () => (this.chosen && this.#isFolded(this.chosen) ? this.fold(this.chosen, false) : children[0] && step(children[0])),
      ArrowLeft: () => (children.length ? this.fold(this.chosen, true) : actors.nodes.get(this.chosen)?.parent && step(actors.nodes.get(this.chosen).parent)),
      Enter: () => { byId('tabs').querySelector('[aria-selected="true"]')?.focus(); },
      ' ': () => this.chosen && this.fold(this.chosen),
    };
    if (!keys[name] || this.shown.length === 0) return false;
    keys[name]();
    return true;
  }

  nameOf(node) {
    return node.kind === 'child' ? node.name : node.kind === 'session' || node.kind === 'vm'
      ? `${kindText(node.kind)} ${node.id.slice(0, 8)}` : node.name;
  }

  draw() {
    const { actors } = this.world;
    this.isNarrow = this.frame.clientWidth < narrowBelow;
    this.isCrowded = actors.nodes.size > foldFrom;
    this.faces = new Map();
    this.orders = new Map();
    this.foldings = new Map();
    const layout = layOut(actors.root, { order: (id) => this.#order(id), widthOf: (id) => this.faceOf(id).width,
      lineOf: (id) => this.faceOf(id).lineWidth,
      partner: (id) => this.world.guests.get(id) ?? null,
      isNarrow: this.isNarrow, width: this.frame.clientWidth, height: this.frame.clientHeight });
    this.shown = [...this.#inOrder(actors.root)];
    this.picture.show({ layout, isNarrow: this.isNarrow, chosen: this.chosen, faceOf: (id) => this.faceOf(id) });
  }

  shown = [];

  * #inOrder(id) {
    if (id === null) return;
    yield id;
    for (const child of this.#order(id)) yield* this.#inOrder(child);
  }

  // What is found is shown even where it was folded away.
  #order(id) {
    const known = this.orders.get(id);
    if (known) return known;
    const { actors, guests } = this.world;
    const all = this.#isFolded(id) ? [] : beside(actors.childrenOf(id), guests);
    // As they are seen: what is unfolded comes before the crowd.
    const { children, crowd } = apartFrom(all, (child) => this.#order(child), (child) => guests.get(child));
    const order = [...children, ...crowd.flat()];
    this.orders.set(id, order);
    return order;
  }

  #isFolded(id) {
    if (!this.foldings.has(id)) this.foldings.set(id, this.#decideFolded(id));
    return this.foldings.get(id);
  }

  #decideFolded(id) {
    const { actors } = this.world;
    if (actors.childrenOf(id).length === 0) return false;
    if (this.words && [...actors.below(id)].some((node) => this.#isFound(node.id))) return false;
    if (this.folds.has(id)) return this.folds.get(id);
    const { kind } = actors.nodes.get(id);
    return this.isCrowded && ['session', 'vm'].includes(kind)
      && [...actors.below(id)].every((node) => healthOf(node) === 'good' || healthOf(node) === 'over');
  }

  #isFound(id) {
    const node = this.world.actors.nodes.get(id);
    return this.words !== '' && matches(node, this.world.sessionOf(node), this.words);
  }

  /** What one actor's pill says. */
  faceOf(id) {
    const known = this.faces.get(id);
    if (known) return known;
    const node = this.world.actors.nodes.get(id);
    const isStruck = this.struck.has(id);
    const session = node.kind === 'session' ? this.world.sessions.get(id) : null;
    const title = this.nameOf(node);
    const caption = session ? `${session.userId} · ${session.profile}` : node.kind === 'vm' || healthOf(node) !== 'good' ? node.state : '';
    const badge = badgeOf(node);
    const isFoldable = this.world.actors.childrenOf(id).length > 0;
    const isFolded = isFoldable && this.#isFolded(id);
    const hidden = isFolded ? [...this.world.actors.below(id)].map(healthOf) : [];
    const ending = this.world.endingOf(id);
    const reason = cut((isStruck && ending?.message) || node.reason || '', this.isNarrow ? 48 : 110);
    const spans = session && !reason ? startOf(session.stages ?? []) : [];
    const startText = spans.length ? `${session.state === 'starting' ? 'starting' : 'ready'} ${durationText(spans.at(-1).fromMs + spans.at(-1).ms)}` : '';
    const titleWidth = this.#measure(title, 560);
    const badgeWidth = badge ? this.#measure(badge, 560) + 8 : 0;
    const width = 34 + titleWidth + this.#measure(caption, 400) + badgeWidth + (isFoldable ? 30 : 16)
      + (isFolded ? Math.min(12, hidden.length) * 9 + 8 : 0);
    const lineWidth = reason ? this.#measure(reason, 400) + 20 : spans.length ? 1 : 0;
    const face = { lineWidth, spans, startText, kind: node.kind, state: node.state, health: healthOf(node), title, caption, badge, badgeWidth, titleWidth, reason,
      isStruck, isFoldable, isFolded, hidden, width: Math.ceil(width), isFaded: this.words !== '' && !this.#isFound(id),
      flow: node.messagesPerSecond > 20 ? 'flows fast' : node.messagesPerSecond > 0 ? 'flows' : '',
      spoken: [title, node.state || 'running', session ? `${session.userId}, ${session.profile}` : '',
        node.restarts ? `restarted ${node.restarts} times` : '', node.reason ?? (ending ? `last end: ${ending.message}` : '')].filter(Boolean).join(', ') };
    this.faces.set(id, face);
    return face;
  }

  #measure(text, weight) {
    const key = weight + text;
    if (!this.widths.has(key)) {
      if (this.widths.size > 20_000) this.widths.clear();
      this.widths.set(key, text ? textWidth(text, weight) : 0);
    }
    return this.widths.get(key);
  }
}

function badgeOf(node) {
  const { restarts = 0 } = node;
  return [waitingOf(node) > 0 ? `${waitingOf(node)} waiting` : '', restarts > 0 ? `↻ ${restarts}` : ''].filter(Boolean).join('  ');
}

function cut(text, most) {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
