// The tree of actors as a picture that stays what it is while it changes: elements are kept by the
// actor's id, and only what is in sight is drawn.

import { linkPath, shape } from './layout.js';

const namespace = 'http://www.w3.org/2000/svg';
const margin = 400;
const brush = document.createElement('canvas').getContext('2d');

/** How wide a text is in the page's font, in pixels. */
export function textWidth(text, weight = 400, size = 13) {
  brush.font = `${weight} ${size}px ${getComputedStyle(document.body).fontFamily}`;
  return brush.measureText(text).width;
}

function draw(tag, attributes = {}, ...children) {
  const element = document.createElementNS(namespace, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export class Picture {
  /** `frame` scrolls, `svg` is in it. Callbacks: onChoose(id), onFold(id). */
  constructor({ frame, svg, callbacks }) {
    Object.assign(this, { frame, svg, callbacks });
    this.links = draw('g', { class: 'links', 'aria-hidden': 'true' });
    this.pills = draw('g', { class: 'pills', role: 'presentation' });
    this.cards = draw('g', { class: 'cards', 'aria-hidden': 'true' });
    svg.replaceChildren(this.cards, this.links, this.pills);
    this.grounds = new Map();
    this.drawn = new Map();
    this.lines = new Map();
    this.scene = null;
    frame.addEventListener('scroll', () => this.#drawSoon(), { passive: true });
    svg.addEventListener('click', (event) => this.#clicked(event));
  }

  /** Shows {layout, isNarrow, chosen, faceOf(id)}; a face is what one actor's pill says. */
  show(scene) {
    this.scene = scene;
    this.#drawSoon();
  }

  /** Brings one into sight, and the keyboard to it. */
  reveal(id, { focus = false } = {}) {
    const place = this.scene?.layout.places.get(id);
    if (!place) return;
    const { frame } = this;
    const bounds = { top: place.y - 40, bottom: place.y + shape.pill + 60, left: place.x - 40,
      right: place.x + place.width + 40 };
    if (bounds.top < frame.scrollTop) frame.scrollTop = bounds.top;
    else if (bounds.bottom > frame.scrollTop + frame.clientHeight) frame.scrollTop = bounds.bottom - frame.clientHeight;
    if (bounds.left < frame.scrollLeft) frame.scrollLeft = bounds.left;
    else if (bounds.right > frame.scrollLeft + frame.clientWidth) frame.scrollLeft = bounds.right - frame.clientWidth;
    this.#draw();
    if (focus) this.drawn.get(id)?.group.focus({ preventScroll: true });
  }

  #drawSoon() {
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    cancelAnimationFrame(this.waiting);
    this.waiting = null;
    if (!this.scene) return;
    const { layout } = this.scene;
    this.svg.setAttribute('width', Math.max(layout.width, 1));
    this.svg.setAttribute('height', Math.max(layout.height, 1));
    const top = this.frame.scrollTop - margin;
    const bottom = this.frame.scrollTop + this.frame.clientHeight + margin;
    const seen = [...layout.places].filter(([, place]) => place.y > top && place.y < bottom);
    keep(this.drawn, seen.map(([id]) => id), (id) => this.#pill(id), ({ group }) => group.remove());
    for (const [id, place] of seen) this.#fill(this.drawn.get(id), id, place);
    const grounds = new Map(layout.cards.filter(({ y, height }) => y + height > top && y < bottom).map((card) => [card.id, card]));
    keep(this.grounds, [...grounds.keys()], () => {
      const ground = draw('rect', { rx: 18 });
      this.cards.append(ground);
      return ground;
    }, (ground) => ground.remove());
    for (const [id, { x, y, width, height }] of grounds) set(this.grounds.get(id), { x, y, width, height });
    const crossing = layout.links.filter(({ from, to }) => {
      const [a, b] = [layout.places.get(from).y, layout.places.get(to).y];
      return Math.max(a, b) > top && Math.min(a, b) < bottom;
    });
    keep(this.lines, crossing.map(({ to }) => to), () => {
      const line = draw('path', { fill: 'none' });
      this.links.append(line);
      return line;
    }, (line) => line.remove());
    for (const { from, to } of crossing) this.#join(this.lines.get(to), from, to);
  }

  #pill(id) {
    const parts = {
      title: draw('text', { class: 'title', y: 20, x: 28 }), caption: draw('text', { class: 'caption', y: 20 }),
      badge: draw('text', { class: 'badge', y: 20, 'text-anchor': 'end' }), reason: draw('text', { class: 'reason', x: 14, y: 46 }),
      box: draw('rect', { class: 'box', height: shape.pill, rx: shape.pill / 2 }),
      dot: draw('circle', { class: 'dot', cx: 15, cy: shape.pill / 2, r: 4.5 }),
      dots: draw('g', { class: 'dots' }), stages: draw('g', { class: 'stages' }), fold: draw('path', { class: 'fold' }), tip: draw('title'),
    };
    parts.group = draw('g', { role: 'treeitem', tabindex: '-1' }, parts.tip, parts.box, parts.dot, parts.title,
      parts.caption, parts.badge, parts.dots, parts.fold, parts.reason,
      parts.stages);
    parts.group.dataset.id = id;
    this.pills.append(parts.group);
    return parts;
  }

  #fill(parts, id, place) {
    const face = this.scene.faceOf(id);
    const { group } = parts;
    group.setAttribute('class', `pill ${face.health} ${face.isStruck ? 'struck' : ''} ${face.isFaded ? 'faded' : ''}`);
    group.style.transform = `translate(${place.x}px, ${place.y}px)`;
    group.dataset.kind = face.kind;
    group.dataset.state = face.state;
    const chosen = this.scene.chosen === id;
    set(group, { tabindex: chosen || (!this.scene.chosen && place.depth === 0) ? '0' : '-1',
      'aria-selected': String(chosen), 'aria-level': String(place.depth + 1), 'aria-label': face.spoken });
    if (face.isFoldable) set(group, { 'aria-expanded': String(!face.isFolded) });
    else group.removeAttribute('aria-expanded');
    set(parts.box, { width: place.width });
    write(parts.tip, face.spoken);
    write(parts.title, face.title);
    write(parts.caption, face.caption);
    set(parts.caption, { x: 34 + face.titleWidth });
    write(parts.badge, face.badge);
    set(parts.badge, { x: place.width - (face.isFoldable ? 28 : 13) });
    write(parts.reason, face.reason);
    this.#fold(parts, face, place);
    this.#stages(parts, face, place);
  }

  // How a session started, in small: a part a stage, as wide as it took long.
  #stages({ group, stages }, { spans, startText }, place) {
    const key = `${startText}${spans.length}${place.width}`;
    if (group.dataset.stages === key) return;
    group.dataset.stages = key;
    const width = place.width - 44 - startText.length * 6.2;
    const total = spans.reduce((sum, { ms }) => sum + ms, 0) || 1;
    let x = 14;
    const parts = spans.map(({ name, ms }, i) => {
      const part = draw('rect', { x, y: 39, height: 5, width: Math.max(1, (width * ms) / total - 1), rx: 1.5 }, draw('title'));
      part.style.setProperty('--step', String(i / Math.max(1, spans.length - 1)));
      part.firstChild.textContent = `${name}: ${ms} ms`;
      x += (width * ms) / total;
      return part;
    });
    const text = draw('text', { x: x + 7, y: 45 });
    text.textContent = startText;
    stages.replaceChildren(...(spans.length ? [...parts, text] : []));
  }

  // What is folded away is seen as dots: one an actor, in its colour.
  #fold(parts, face, place) {
    const x = place.width - 17;
    set(parts.fold, { d: !face.isFoldable ? '' : face.isFolded ? `M${x - 2} 11l5 5l-5 5` : `M${x - 4} 14l5 5l5-5` });
    const states = face.isFolded ? face.hidden.slice(0, 12) : [];
    const right = place.width - 30 - face.badgeWidth;
    parts.dots.replaceChildren(...states.map((health, i) =>
      draw('circle', { class: health, cx: right - (states.length - 1 - i) * 9, cy: shape.pill / 2, r: 3 })));
  }

  #join(line, from, to) {
    const { layout, isNarrow } = this.scene;
    const face = this.scene.faceOf(to);
    set(line, { d: linkPath(layout.places.get(from), layout.places.get(to), isNarrow),
      class: `${face.health} ${face.flow} ${face.isStruck ? 'struck' : ''} ${face.isFaded ? 'faded' : ''}` });
  }

  #clicked(event) {
    const group = event.target.closest('.pill');
    if (!group) return;
    const { id } = group.dataset;
    const face = this.scene.faceOf(id);
    const place = this.scene.layout.places.get(id);
    const x = event.clientX - group.querySelector('.box').getBoundingClientRect().left;
    if (face.isFoldable && x > place.width - 30) this.callbacks.onFold(id);
    else this.callbacks.onChoose(id);
  }
}

/** Makes elements for new keys and removes those of keys that are gone. */
function keep(map, keys, create, remove) {
  const wanted = new Set(keys);
  for (const [key, value] of map) {
    if (wanted.has(key)) continue;
    remove(value);
    map.delete(key);
  }
  for (const key of wanted) if (!map.has(key)) map.set(key, create(key));
}

function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes))
    if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
