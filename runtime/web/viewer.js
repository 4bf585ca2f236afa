// The viewer of one session: `/view/SESSION#token=…`, `?role=viewer` to watch.

import { Api } from './api.js';
import { Channels } from './channels.js';
import { GuestClipboard } from './clipboard.js';
import { ServerClock } from './clock.js';
import { Cursor } from './cursor.js';
import { byId, Toast } from './dom.js';
import { FilesPanel } from './files_panel.js';
import { FitWindow } from './fit.js';
import { platformOf } from './keyboard.js';
import { keysymTables } from './keysyms.js';
import { LoginBanner } from './login.js';
import { Media } from './media.js';
import { Moves } from './moves.js';
import { Overlay } from './overlay.js';
import { firstRequest, People } from './people.js';
import { Pointing } from './pointing.js';
import { RecordingMark } from './recording.js';
import { RetireBanner } from './retire.js';
import { Signaling } from './signaling.js';
import { connectSoundButton, drawSoundButton, Sound } from './sound.js';
import { operatorToken, SessionMemory, takeTokenFromAddress } from './tokens.js';
import { connectToolbar } from './toolbar.js';
import { connectTouchKeys } from './touch_keys.js';
import { Typing } from './typing.js';
import { controlOf, inControl, phaseOf, reduce, revive } from './view.js';
import { showWhy } from './why.js';
import { errorText, refusedText, viewerName } from './words.js';
import { Zoom } from './zoom.js';

const keepForMs = 10 * 60 * 1000;
const tickMs = 250;
const phaseWords = { starting: 'Starting', live: 'Live', restarting: 'Restarting', ended: 'Ended',
  failed: 'Failed', disconnected: 'Reconnecting' };

class Viewer {
  constructor({ session, role, token, memory }) {
    Object.assign(this, { session, role, token, memory });
    this.view = revive(memory.position?.view);
    this.clock = new ServerClock();
    this.api = new Api(token);
    this.toast = new Toast(byId('toast'));
    this.ticking = null;
    this.endRequested = false;
    this.reloaded = memory.position !== null;
    this.#connectParts();
    this.#connectInput();
    this.#connectPage();
  }

  start() {
    this.signaling.open();
    this.#draw();
  }

  #connectParts() {
    this.signaling = new Signaling({
      address: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws/signal`,
      session: this.session, token: this.token, role: this.role, position: this.memory.position,
      wantsAudio: () => this.sound.wanted,
      callbacks: {
        onConnecting: () => this.#apply({ type: 'connecting' }),
        onOpen: () => {},
        onMessage: (message) => this.#receive(message),
        onUnanswered: () => this.moves.unanswered(),
        onClosed: ({ code, retryAt }) => this.#apply({ type: 'closed', code, retryAt }),
      },
    });
    this.media = new Media({ video: byId('screen'), send: (message) => this.signaling.send(message),
      callbacks: {
        onFrame: (epoch) => this.#frameCame(epoch),
        onChannel: (epoch, channel) => this.#channelCame(epoch, channel),
        onLost: () => this.#peerLost(),
        onRest: () => this.signaling.probe(),
        onPicture: (epoch) => this.channels.pictureCame(epoch),
        onProblem: (message) => this.#apply({ type: 'problem', message }),
      } });
    this.sound = new Sound({ send: (message) => this.signaling.send(message),
      onChanged: (sound) => drawSoundButton(byId('sound'), sound) });
    this.moves = new Moves({ reopen: () => this.#reopen(), probe: () => this.signaling.probe(), sound: this.sound,
      picture: { signs: () => this.media.signs(), isClosed: () => this.media.isClosed(),
        isStill: () => this.#isStill(), renegotiate: () => this.#renegotiate() } });
    this.clipboard = new GuestClipboard((text) => this.toast.show(text));
    this.cursor = new Cursor((value) => { byId('surface').style.cursor = value; });
    this.channels = new Channels({ onReady: () => this.#inputOpened(),
      onHeldOver: () => this.fit.soon(), onSent: () => this.moves.sent(),
      onUndelivered: () => this.#refused('not-delivered'), handlers: {
      cursor: (message) => this.cursor.take(message),
      clipboard: (message) => this.clipboard.take(message),
      recording: (message) => { this.recording.take(message); this.#draw(); },
      refused: ({ reason }) => this.toast.show(refusedText(String(reason).slice(0, 80))),
    } });
    this.recording = new RecordingMark({ record: (on) => this.channels.record(on), say: (text) => this.toast.show(text) });
    this.overlay = new Overlay((name) => this.#act(name));
    this.people = new People({ operator: this.token === operatorToken(),
      control: (action, to) => this.#control(action, to) });
    this.login = new LoginBanner((name) => this.#actOnLogin(name));
    this.retire = new RetireBanner((type, proposal) => this.#answerRetire(type, proposal));
  }

  #connectInput() {
    const allowed = () => inControl(this.view) && this.channels.takesInput;
    const onRefused = (reason) => this.#refused(reason);
    this.typing = new Typing({ area: byId('keys'), channels: this.channels, allowed, tables: keysymTables,
      platform: platformOf(navigator.platform),
      callbacks: { onRefused, onLeave: () => document.querySelector('#people summary').focus() } });
    this.pointing = new Pointing({ surface: byId('surface'), video: () => this.media.video,
      display: () => this.view.display, channels: this.channels, allowed, zoom: new Zoom(drawZoom),
      callbacks: { onRefused, onInput: () => this.typing.keyboard.settle(),
        onPress: () => { byId('people').open = false; this.typing.focus(); } } });
    this.files = new FilesPanel({ stage: byId('stage'), allowed: () => inControl(this.view),
      say: (text) => this.toast.show(text) });
    this.fit = new FitWindow({ stage: byId('stage'), display: () => this.view.display,
      allowed: () => inControl(this.view) && this.channels.ready,
      ask: (width, height) => this.channels.display(width, height), held: () => this.typing.isOnScreen });
    new ResizeObserver(() => this.fit.soon()).observe(byId('stage'));
  }

  #channelCame(epoch, channel) {
    if (channel.label === 'files') this.files.add(channel);
    else this.channels.add(epoch, channel);
  }

  // What the channel of an earlier peer did not carry any more, nobody lets go.
  #inputOpened() {
    Object.assign(document.body.dataset, { input: 'open', inputEpoch: this.channels.epoch });
    if (inControl(this.view)) this.channels.releaseAll();
    this.recording.forget();
    this.fit.again();
  }

  // A guest whose streamer is gone has let go what was down.
  #streamChanged({ state }) {
    if (state === 'up') return;
    this.channels.cut();
    if (state !== 'given-up') this.channels.hold();
  }

  #connectPage() {
    connectSoundButton(byId('sound'), this.sound);
    const leave = () => this.#releaseAll();
    addEventListener('blur', leave);
    addEventListener('pagehide', leave);
    document.addEventListener('visibilitychange', () => (document.hidden ? leave() : this.#reconnectSoon()));
    byId('fit').checked = this.fit.on = this.role === 'host';
    byId('fit').onchange = () => this.fit.set(byId('fit').checked);
    connectTouchKeys(byId('touch-keys'), this.typing);
    connectToolbar({ session: this.session, stage: byId('stage'), media: this.media, typing: this.typing,
      say: (text) => this.toast.show(text), control: (action) => this.#control(action), end: () => this.#end() });
  }

  // Somebody is looking: no reason to wait for the next attempt.
  #reconnectSoon() {
    if (this.view.connection === 'waiting') this.signaling.open();
  }

  // False where the socket is closed for good.
  #reopen() {
    if (this.view.connection === 'closed' || this.view.ended) return false;
    this.signaling.open();
    return true;
  }

  #isStill() {
    const isWhole = this.channels.ready && this.media.newest?.epoch === this.channels.inputEpoch;
    return isWhole && !this.media.flows() && !this.view.session.paused;
  }

  #frameCame(epoch) {
    this.#apply({ type: 'frame', epoch });
    this.moves.tookOver();
  }

  // The socket may have gone the same way without a word.
  #peerLost() {
    if (this.#renegotiate()) this.moves.asked();
    else this.moves.expect();
    this.signaling.probe();
  }

  #receive(message) {
    this.clock.learn(message.at);
    const before = this.view;
    const deadline = (durationMs) => this.clock.localDeadline(message.at, durationMs);
    this.#apply({ type: 'message', message, deadline });
    this.memory.position = { resume: this.signaling.resume, lastSeq: this.signaling.lastSeq, view: this.view };
    const reactions = {
      welcome: () => this.#welcomed(message),
      offer: () => this.#offered(message),
      candidate: () => this.#mediaOf(message).candidate(message),
      pong: () => this.moves.answered(),
      control: () => this.#controlChanged(before),
      stream: () => this.#streamChanged(message),
      retire: () => { if (this.endRequested && !message.forced) this.#answerRetire('release', message.proposal); },
      ended: () => this.#ended(),
      error: () => this.#errorCame(message),
    };
    if (Object.hasOwn(reactions, message.type)) reactions[message.type]();
  }

  #offered(message) {
    const media = this.#mediaOf(message);
    if (media === this.media) {
      this.moves.offered();
      if (message.epoch > this.channels.epoch) this.channels.hold();
    }
    media.offer(message);
  }

  #mediaOf({ media }) {
    return media === 'audio' ? this.sound : this.media;
  }

  #welcomed(message) {
    if (Array.isArray(message.iceServers)) {
      this.media.iceServers = message.iceServers;
      this.sound.iceServers = message.iceServers;
    }
    byId('sound').hidden = message.audio !== true;
    // The peers of a page that was left are still known to the server, but not to this page.
    if (message.resumed && this.reloaded) {
      this.#renegotiate();
      this.sound.renegotiate();
    }
    this.reloaded = false;
    this.moves.welcomed(message);
    if (message.role === 'host' && this.view.createdAt === null) this.#readDocument();
  }

  // The stages reached before this page connected; a page that cannot know them goes without.
  #readDocument() {
    this.api.session(this.session).then((document) => {
      this.#apply({ type: 'document', document, createdAt: Date.parse(document.createdAt) });
    }).catch(() => {});
  }

  #controlChanged(before) {
    if (inControl(before) && !inControl(this.view)) this.#forgetInput();
    if (!inControl(before) && inControl(this.view)) this.fit.again();
    const asking = firstRequest(this.view);
    if (asking !== null && asking !== firstRequest(before))
      this.toast.show(`${viewerName(asking)} asks for control`,
        { label: 'Give', run: () => this.#control('give', asking) });
  }

  #errorCame(message) {
    const said = { 'stale-epoch': null, 'answer-timeout': null,
      'no-such-proposal': 'That question was settled already.',
      'audio-unavailable': 'The guest gives no sound at present.' };
    if (message.code === 'audio-unavailable') this.sound.unavailable();
    if (message.code === 'answer-timeout') this.#renegotiate();
    const text = Object.hasOwn(said, message.code) ? said[message.code] : errorText(message);
    if (text) this.toast.show(text);
  }

  #ended() {
    this.memory.position = null;
    this.media.close();
    this.sound.close();
    this.#forgetInput();
  }

  #apply(event) {
    this.view = reduce(this.view, event);
    this.#draw();
  }

  #draw() {
    const { view } = this;
    const now = Date.now();
    const phase = phaseOf(view);
    const wasLive = document.body.dataset.state === 'live';
    Object.assign(document.body.dataset, { state: phase, epoch: view.epoch ?? '',
      role: view.role ?? this.role, control: controlOf(view) });
    const words = this.overlay.draw(view, now);
    const status = phaseWords[phase];
    const watching = phase === 'live' && controlOf(view) !== 'mine' ? `${status} · watching` : status;
    if (byId('status').textContent !== watching) byId('status').textContent = watching;
    document.title = phase === 'live' ? 'Aerie' : `${words.title} · Aerie`;
    byId('end').hidden = this.role !== 'host' || phase === 'ended' || view.session.state === 'failed';
    this.people.draw(view);
    byId('fit-row').hidden = !view.display?.largest;
    this.files.draw();
    this.recording.draw(inControl(view) && this.files.files.ready);
    this.retire.draw(view, now);
    this.login.draw(view, now);
    if (phase === 'live' && !wasLive && document.activeElement === document.body) this.typing.focus();
    this.#tickWhile((view.retire?.deadline ?? view.stream.retryAt ?? view.close?.retryAt ?? 0) > now);
  }

  // Countdowns need to be drawn again; nothing else does.
  #tickWhile(needed) {
    if (needed && this.ticking === null) this.ticking = setInterval(() => this.#draw(), tickMs);
    if (needed || this.ticking === null) return;
    clearInterval(this.ticking);
    this.ticking = null;
  }

  #act(name) {
    const actions = {
      reconnect: () => this.signaling.open(),
      'take-over': () => this.signaling.open(),
      renegotiate: () => this.#renegotiate(),
      again: () => location.assign('/'),
      why: () => showWhy(this.api, this.session),
    };
    actions[name]();
  }

  #renegotiate() {
    this.channels.hold();
    return this.signaling.send({ type: 'renegotiate' });
  }

  #control(action, to) {
    this.signaling.send({ type: 'control', action, ...(to ? { to } : {}) });
    if (action !== 'give') this.typing.focus();
  }

  #answerRetire(type, proposal) {
    this.signaling.send({ type, proposal, ...(type === 'keep' ? { forMs: keepForMs } : {}) });
    this.#apply({ type: 'retire-settled', proposal });
    if (type === 'keep') this.toast.show('Kept for ten more minutes.');
  }

  async #end() {
    this.endRequested = true;
    try {
      await this.api.end(this.session);
      if (this.view.retire?.reason === 'requested') this.#answerRetire('release', this.view.retire.proposal);
    } catch (error) {
      this.endRequested = false;
      this.toast.show(errorText(error));
    }
  }

  async #actOnLogin(name) {
    if (name === 'hide') return this.#draw();
    try {
      await this.api.login(this.session, name);
    } catch (error) {
      this.toast.show(errorText(error));
    }
  }

  #refused(reason) {
    const phase = phaseOf(this.view);
    const isLost = reason === 'not-delivered' || (reason === 'not-in-control' && inControl(this.view));
    if (isLost && !['ended', 'failed'].includes(phase)) this.toast.show(refusedText('not-delivered'));
    else if (phase === 'live') this.toast.show(refusedText(reason));
  }

  #releaseAll() {
    this.typing.releaseAll();
    this.pointing.forget();
  }

  #forgetInput() {
    this.typing.keyboard.forget();
    this.pointing.forget();
    this.channels.forget();
  }
}

function drawZoom({ scale, x, y }) {
  const { style } = byId('stage');
  style.setProperty('--zoom', scale);
  style.setProperty('--zoom-x', `${x}px`);
  style.setProperty('--zoom-y', `${y}px`);
}

function sessionInAddress() {
  const [, id] = /^\/view\/([0-9a-f-]{36})\/?$/.exec(location.pathname) ?? [];
  return id ?? null;
}

function main() {
  const session = sessionInAddress();
  const role = new URLSearchParams(location.search).get('role') === 'viewer' ? 'viewer' : 'host';
  const fresh = takeTokenFromAddress();
  if (session === null) {
    location.replace('/');
    return;
  }
  const memory = new SessionMemory(session, role);
  if (fresh && fresh !== memory.token) memory.position = null;
  if (fresh) memory.token = fresh;
  if (memory.token) new Viewer({ session, role, token: memory.token, memory }).start();
  else refuseWithoutToken();
}

function refuseWithoutToken() {
  document.body.dataset.state = 'failed';
  byId('status').textContent = 'No token';
  byId('overlay-title').textContent = 'This address has no token';
  byId('overlay-detail').textContent = 'A viewer’s address works once a tab: open the link that you ' +
    'were given again, or choose the session on the start page.';
  byId('overlay-actions').append(Object.assign(document.createElement('a'),
    { href: '/', className: 'button primary', textContent: 'Start page' }));
}

main();
