// Where each actor stands in the picture: beside its parent on a wide screen, below it on a phone.

export const shape = { pill: 32, row: 42, line: 18, gap: 40, mostGap: 104, indent: 22, least: 96, most: 330, pad: 26, apart: 9 };

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
  const bottom = isNarrow ? layBelow(root, { order, lineOf, width }, scene) : layBeside(root, { order, widthOf, lineOf, partner, columns }, scene);
  scene.width = isNarrow ? width : shape.pad + Math.max(...[...scene.places].map(([id, { x, width: own }]) => x + Math.max(own, lineOf(id))));
  scene.height = bottom + shape.pad;
  const down = isNarrow ? 0 : Math.max(0, Math.floor((height - scene.height) / 2));
  for (const place of scene.places.values()) place.y += down;
  scene.height += down;
  for (const id of scene.places.keys()) if (scene.places.has(partner(id))) scene.cards.push(cardOf([id, partner(id)], order, lineOf, scene.places));
  return scene;
}

function layBeside(root, { order, widthOf, lineOf, partner, columns }, { places, links }) {
  let bottom = shape.pad;
  const place = (id, depth) => {
    const children = order(id);
    const top = bottom;
    const middles = children.map((child, i) => {
      links.push({ from: id, to: child });
      if (partner(child) === children[i + 1] && children[i + 1]) bottom += shape.apart;
      const middle = place(child, depth + 1);
      if (i > 0 && partner(children[i - 1]) === child) bottom += shape.apart;
      return middle;
    });
    const y = middles.length ? among(middles) : top;
    bottom = Math.max(bottom, y + shape.row + (lineOf(id) ? shape.line : 0));
    places.set(id, { x: columns[depth].x, y, width: Math.min(columns[depth].width, widthOf(id)), depth });
    return y;
  };
  place(root, 0);
  return bottom;
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
