// Where in the guest's display a point of the page lies.

/**
 * The rectangle that a picture of `width` x `height` fills in `box` {left, top, width, height}
 * under `object-fit: contain`; null while either is empty.
 */
export function containedRectangle(box, width, height) {
  if (!(box.width > 0 && box.height > 0 && width > 0 && height > 0)) return null;
  const scale = Math.min(box.width / width, box.height / height);
  const shown = { width: width * scale, height: height * scale };
  return {
    left: box.left + (box.width - shown.width) / 2,
    top: box.top + (box.height - shown.height) / 2,
    ...shown,
  };
}

/**
 * The pixel of `display` {width, height} under the page's point, in the rectangle that the picture
 * fills. A point in the bars is moved to the nearest edge, with `inside` false.
 */
export function toDisplay(point, rectangle, display) {
  const across = (point.x - rectangle.left) / rectangle.width;
  const down = (point.y - rectangle.top) / rectangle.height;
  return {
    x: clamp(Math.floor(across * display.width), display.width - 1),
    y: clamp(Math.floor(down * display.height), display.height - 1),
    inside: across >= 0 && across < 1 && down >= 0 && down < 1,
  };
}

function clamp(value, highest) {
  return Math.min(Math.max(value, 0), Math.max(highest, 0));
}
