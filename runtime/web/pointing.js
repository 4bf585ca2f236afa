// Mouse, pen and finger over the picture, in pixels of the guest's display.

import { containedRectangle, toDisplay } from './letterbox.js';
import { buttonChanges, WheelNotches } from './pointer.js';
import { TouchGestures } from './touch.js';

const touchPixelsANotch = 36;

export class Pointing {
  /**
   * `surface` the element under the pointer; `video()` the one with the picture; `display()` the
   * guest's {width, height} or null; `zoom` what fingers enlarge. Callbacks: onPress(kind) at each
   * press, onInput() before a button or the wheel is sent, onRefused(reason).
   */
  constructor({ surface, video, display, channels, allowed, zoom, callbacks }) {
    Object.assign(this, { surface, video, display, channels, allowed, zoom, callbacks });
    this.buttons = 0;
    this.wheel = new WheelNotches();
    this.touchWheel = new WheelNotches();
    this.pendingMove = null;
    this.frame = 0;
    this.touch = new TouchGestures({
      tap: (point) => this.#click(point, 1),
      hold: () => navigator.vibrate?.(10),
      context: (point) => this.#click(point, 3),
      dragStart: (point) => this.#press(point, 1, true),
      drag: (point) => this.#moveSoon(point),
      dragEnd: (point) => this.#press(point, 1, false),
      scroll: (point, dx, dy) => this.#touchScroll(point, dx, dy),
      pinch: (point, factor, dx, dy) => this.#pinch(point, factor, dx, dy),
    });
    this.#listen();
  }

  /** Forgets buttons that are down: the guest has been told `release-all`. */
  forget() {
    this.buttons = 0;
    this.touch.cancel();
  }

  #listen() {
    const on = (type, handler, options) => this.surface.addEventListener(type, handler.bind(this), options);
    on('pointerdown', this.#pointerDown);
    on('pointermove', this.#pointerMove);
    on('pointerup', this.#pointerUp);
    on('pointercancel', this.#pointerCancel);
    on('wheel', this.#wheel, { passive: false });
    // The page's own menu, selection, and history buttons have no place over another machine.
    for (const type of ['contextmenu', 'mousedown', 'mouseup', 'auxclick', 'dragstart'])
      on(type, (event) => event.preventDefault());
  }

  #pointerDown(event) {
    this.callbacks.onPress(event.pointerType);
    if (event.pointerType === 'touch') {
      this.touch.down(event.pointerId, pointOf(event));
      return;
    }
    if (!this.allowed()) {
      this.callbacks.onRefused('not-in-control');
      return;
    }
    this.surface.setPointerCapture?.(event.pointerId);
    this.#buttonsChange(event);
  }

  #pointerMove(event) {
    if (event.pointerType === 'touch') this.touch.move(event.pointerId, pointOf(event));
    else if (event.buttons !== this.buttons) this.#buttonsChange(event);
    else this.#moveSoon(pointOf(event));
  }

  #pointerUp(event) {
    if (event.pointerType !== 'touch') {
      this.#buttonsChange(event);
      return;
    }
    this.touch.up(event.pointerId, pointOf(event));
    if (this.touch.fingers.size === 0) this.zoom.settle(this.#frame());
  }

  #pointerCancel(event) {
    if (event.pointerType === 'touch') this.touch.cancel();
    else this.#buttonsChange(event);
  }

  #buttonsChange(event) {
    const changes = buttonChanges(this.buttons, event.buttons);
    this.buttons = event.buttons;
    const target = this.#target(pointOf(event));
    if (!target || !this.allowed()) return;
    this.#dropMove();
    this.callbacks.onInput();
    for (const { button, down } of changes) this.channels.button(button, down, target);
  }

  // One move a frame: more would only queue, and the screen shows no more.
  #moveSoon(point) {
    this.pendingMove = point;
    if (this.frame === 0) this.frame = requestAnimationFrame(() => this.#flushMove());
  }

  #flushMove() {
    const target = this.pendingMove && this.#target(this.pendingMove);
    this.#dropMove();
    const holds = this.buttons !== 0 || this.touch.mode === 'drag';
    if (target && this.allowed() && (target.inside || holds)) this.channels.move(target);
  }

  #dropMove() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.pendingMove = null;
  }

  #wheel(event) {
    event.preventDefault();
    this.#turn(this.wheel.add(event), pointOf(event));
  }

  #touchScroll(point, dx, dy) {
    const scale = 100 / touchPixelsANotch;
    this.#turn(this.touchWheel.add({ deltaX: dx * scale, deltaY: dy * scale, deltaMode: 0 }), point);
  }

  // Fingers that move an enlarged picture do not scroll what it shows.
  #pinch(point, factor, dx, dy) {
    const frame = this.#frame();
    if (factor !== 1) this.zoom.enlarge(factor, { x: point.x - frame.left, y: point.y - frame.top }, frame);
    if (this.zoom.isEnlarged) this.zoom.move(dx, dy, frame);
    else if (factor === 1) this.#touchScroll(point, -dx, -dy);
  }

  #frame() {
    return this.surface.getBoundingClientRect();
  }

  #turn(notches, point) {
    const target = notches && this.#target(point);
    if (!target || !this.allowed()) return;
    this.callbacks.onInput();
    this.channels.wheel(notches.dx, notches.dy, target);
  }

  #click(point, button) {
    if (!this.allowed()) this.callbacks.onRefused('not-in-control');
    this.#press(point, button, true);
    this.#press(point, button, false);
  }

  #press(point, button, down) {
    const target = this.#target(point);
    if (!target || !this.allowed()) return;
    this.#dropMove();
    this.callbacks.onInput();
    this.channels.button(button, down, target);
  }

  #target(point) {
    const video = this.video();
    const display = this.display() ?? { width: video.videoWidth, height: video.videoHeight };
    const rectangle = containedRectangle(video.getBoundingClientRect(),
      video.videoWidth || display.width, video.videoHeight || display.height);
    return rectangle && toDisplay(point, rectangle, display);
  }
}

function pointOf(event) {
  return { x: event.clientX, y: event.clientY };
}
