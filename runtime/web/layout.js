// Where each actor stands in the picture: beside its parent on a wide screen, below it on a phone.

export const shape = { pill: 32, row: 42, line: 18, gap: 40, mostGap: 104, indent: 22, least: 96, most: 330, pad: 26, apart: 9, crowd: 24 };

/**
 * Lays the actors out. `order(id)` are the children to show, `widthOf(id)` what the texts of one need,
 * `lineOf(id)` how wide a second line is, 0 for none, `partner(id)` who stands below it and belongs to it, if
 * anybody. `width`, `height` are the frame's. Returns {places: Map id → {x, y, width, depth},
 * links: [{from, to}], cards: [{id, x, y, width, height}] behind partners, width, height}.
 */
export function layOut(root, { order, widthOf, lineOf, partner = () => null, isNarrow = false, width = 0, height = 0 }) {
  const scene = { places: new Map(), links: [], cards: [], width: 0, height: 0 };
  if (root === null) return scene;
  const columns = isNarrow ? null : columnsOf(root, order, widthOf, width);
  const bottom = isNarrow ? layBelow(root, { order, lineOf, width }, scene) : layBeside(root, { order, widthOf, lineOf, partner, columns, width }, scene);
  scene.width = isNarrow ? width : shape.pad + Math.max(...[...scene.places].map(([id, { x, width: own }]) => x + Math.max(own, lineOf(id))));
  scene.height = bottom + shape.pad;
  const down = isNarrow ? 0 : Math.max(0, Math.floor((height - scene.height) / 2));
  for (const place of scene.places.values()) place.y += down;
  scene.height += down;
  for (const id of scene.places.keys()) if (scene.places.has(partner(id))) scene.cards.push(cardOf([id, partner(id)], order, lineOf, scene.places));
  return scene;
}

function layBeside(root, { order, widthOf, lineOf, partner, columns, width }, { places, links }) {
  let bottom = shape.pad;
  const place = (id, depth) => {
    const { children, crowd } = apartFrom(order(id), order, partner);
    const top = bottom;
    const middles = children.map((child, i) => {
      links.push({ from: id, to: child });
      if (partner(child) === children[i + 1] && children[i + 1]) bottom += shape.apart;
      const middle = place(child, depth + 1);
      if (i > 0 && partner(children[i - 1]) === child) bottom += shape.apart;
      return middle;
    });
    if (crowd.length) {
      links.push({ from: id, to: crowd[0][0] });
      middles.push(bottom + shape.apart);
      bottom = layCrowd(crowd, { x: columns[depth + 1].x, top: bottom + shape.apart, depth: depth + 1, widthOf, lineOf, width }, places);
    }
    const y = middles.length ? among(middles) : top;
    bottom = Math.max(bottom, y + shape.row + (lineOf(id) ? shape.line : 0));
    places.set(id, { x: columns[depth].x, y, width: Math.min(columns[depth].width, widthOf(id)), depth });
    return y;
  };
  place(root, 0);
  return bottom;
}

/**
 * Of many children those of which nothing more is shown are a crowd: units that stand close together,
 * each with its partner. Returns {children, crowd: [[id, partner?]]}.
 */
export function apartFrom(all, order, partner) {
  if (all.length <= shape.crowd) return { children: all, crowd: [] };
  const children = [];
  const crowd = [];
  for (let i = 0; i < all.length; i += 1) {
    const unit = all[i + 1] && partner(all[i]) === all[i + 1] ? [all[i], all[i + 1]] : [all[i]];
    if (unit.some((id) => order(id).length)) children.push(...unit);
    else crowd.push(unit);
    i += unit.length - 1;
  }
  return { children, crowd };
}

// Units side by side and below each other, as many as the frame is wide; returns where they end.
function layCrowd(units, { x, top, depth, widthOf, lineOf, width }, places) {
  const wide = Math.min(shape.most, Math.max(...units.flat().map(widthOf)));
  const step = wide + 40;
  const across = Math.max(1, Math.floor((width - x - shape.pad + 40) / step));
  let bottom = top;
  for (let first = 0; first < units.length; first += across) {
    const row = units.slice(first, first + across);
    const ends = row.map((unit, column) => {
      let y = top;
      for (const id of unit) {
        places.set(id, { x: x + column * step, y, width: Math.min(wide, widthOf(id)), depth });
        y += shape.row + (lineOf(id) ? shape.line - 4 : 0);
      }
      return y;
    });
    bottom = Math.max(...ends);
    top = bottom + shape.apart + 4;
  }
  return top;
}

// In the middle of a few, beside the first of many: that one is in sight while they are scrolled.
function among(middles) {
  const [first, last] = [middles[0], middles.at(-1)];
  return last - first > 16 * shape.row ? first : (first + last) / 2;
}

function columnsOf(root, order, widthOf, available) {
  const widths = [];
  const measure = (id, depth) => {
    widths[depth] = Math.max(widths[depth] ?? shape.least, Math.min(shape.most, widthOf(id)));
    for (const child of order(id)) measure(child, depth + 1);
  };
  measure(root, 0);
  const room = (available - 2 * shape.pad - widths.reduce((sum, width) => sum + width, 0)) / Math.max(1, widths.length - 1);
  const gap = Math.min(shape.mostGap, Math.max(shape.gap, Math.floor(room)));
  let x = shape.pad;
  return widths.map((width) => {
    const column = { x, width };
    x += width + gap;
    return column;
  });
}

function layBelow(root, { order, lineOf, width }, { places, links }) {
  let y = shape.pad / 2;
  const place = (id, depth) => {
    const x = shape.pad / 2 + depth * shape.indent;
    places.set(id, { x, y, width: Math.max(shape.least, width - x - shape.pad / 2), depth });
    y += shape.row + (lineOf(id) ? shape.line : 0);
    for (const child of order(id)) {
      links.push({ from: id, to: child });
      place(child, depth + 1);
    }
  };
  place(root, 0);
  return y;
}

// Around actors and all that is below them.
function cardOf(ids, order, lineOf, places) {
  const box = { left: Infinity, top: Infinity, right: 0, bottom: 0 };
  const add = (id) => {
    const { x, y, width } = places.get(id);
    box.left = Math.min(box.left, x - 11);
    box.top = Math.min(box.top, y - 5);
    box.right = Math.max(box.right, x + width + 11);
    box.bottom = Math.max(box.bottom, y + shape.pill + 5 + (lineOf(id) ? shape.line - 4 : 0));
    order(id).forEach(add);
  };
  ids.forEach(add);
  return { id: ids[0], x: box.left, y: box.top, width: box.right - box.left, height: box.bottom - box.top };
}

/** The line from an actor to its child, as the `d` of a path. */
export function linkPath(from, to, isNarrow = false) {
  const middle = shape.pill / 2;
  if (isNarrow) {
    const x = from.x + shape.indent / 2;
    return `M${x} ${from.y + shape.pill} V${to.y + middle - 8} q0 8 8 8 H${to.x}`;
  }
  const [startX, startY, endX, endY] = [from.x + from.width, from.y + middle, to.x, to.y + middle];
  const bend = Math.max(shape.gap / 2, (endX - startX) / 2);
  return `M${startX} ${startY} C${startX + bend} ${startY} ${endX - bend} ${endY} ${endX} ${endY}`;
}
