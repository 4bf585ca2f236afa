// The view in words: what the overlay says and offers.

import { secondsLeft } from './clock.js';
import { phaseOf } from './view.js';
import { byText, closeText, errorText, reasonText, stageText } from './words.js';

/**
 * {phase, title, detail, remedy, evidence:[line], stages:[{text, atMs}], actions:[name]}; actions are
 * `reconnect`, `renegotiate`, `take-over`, `again` (a new session) and `why`.
 * `now` in local milliseconds, for the countdowns.
 */
export function describe(view, now) {
  const phase = phaseOf(view);
  const blank = { phase, title: '', detail: '', remedy: '', evidence: [], stages: [], actions: [] };
  const goesOn = phase === 'starting' || phase === 'live' || phase === 'restarting';
  return { ...blank, ...(view.session.paused && goesOn ? paused : describers[phase](view, now)) };
}

const paused = { title: 'Paused', detail: 'An operator has paused this machine. It stays as it is, and goes on from there.' };

const describers = {
  starting(view) {
    if (view.problem) return noPicture(view);
    const stages = view.stages.map((stage) => ({ text: stageText(stage.name), atMs: stage.atMs }));
    const ready = view.session.state === 'ready';
    if (isIll(view)) return { ...trouble(view), stages };
    if (ready && view.stream.state === 'up')
      return { title: 'Almost there', detail: 'Waiting for the first picture', stages };
    if (ready && view.stream.state === 'down')
      return { title: 'The session is ready', detail: 'It has no picture to show so far.', stages };
    return { title: 'Starting your session', detail: startingDetail(view), stages };
  },
  live: (view) => (isIll(view) ? trouble(view) : { title: 'Live' }),
  restarting(view, now) {
    if (view.problem) return noPicture(view);
    const { cause, retryAt, state } = view.stream;
    return { title: 'The picture will be back', detail: cause?.message ?? 'The stream is restarting.',
      remedy: [cause?.remedy, state === 'restarting' ? retryText(retryAt, now) : 'It is starting now.']
        .filter(Boolean).join(' '),
      evidence: cause?.evidence ?? [] };
  },
  ended(view) {
    const { by, reason, cause } = view.ended ?? {};
    const why = reason && reason !== 'requested' ? `, because ${reasonText(reason)}` : '';
    return { title: 'This session has ended', detail: `Ended by ${byText(by, view.viewer)}${why}.`,
      remedy: [cause?.message, cause?.remedy].filter(Boolean).join(' '), evidence: cause?.evidence ?? [],
      actions: ['again', 'why'] };
  },
  failed(view) {
    const cause = view.ended?.cause ?? view.session.cause ?? view.stream.cause;
    const givenUp = !view.ended && view.session.state !== 'failed';
    return { title: givenUp ? 'The picture could not be brought back' : 'This session has failed',
      detail: cause?.message ?? 'The server gave no cause.', remedy: cause?.remedy ?? '',
      evidence: cause?.evidence ?? [], actions: ['again', 'why'] };
  },
  disconnected(view, now) {
    const code = view.close?.code;
    if (code === 4001) return { title: 'Opened elsewhere', detail: closeText(code), actions: ['take-over'] };
    if (code === 1008)
      return { title: 'Not let in', detail: view.error ? errorText(view.error) : closeText(code),
        actions: ['reconnect', 'again'] };
    return { title: 'Connection lost', detail: closeText(code), remedy: retryText(view.close?.retryAt, now),
      actions: ['reconnect'] };
  },
};

function isIll(view) {
  return view.session.child !== null && view.session.cause?.kind !== 'killed';
}

/** A program of the guest is not well; the session goes on. */
function trouble(view) {
  const { child, cause } = view.session;
  return { title: `Something is wrong with ${child === 'vmm' ? 'the guest' : child}`, detail: cause.message,
    remedy: cause.remedy ?? '', evidence: cause.evidence ?? [] };
}

function startingDetail(view) {
  const { stage } = view.session;
  return stage ? stageText(stage) : 'Asking for a guest';
}

function noPicture(view) {
  return { title: 'This browser cannot show the picture', detail: view.problem.message,
    remedy: 'Try again, or use another browser.', actions: ['renegotiate'] };
}

function retryText(at, now) {
  if (!Number.isFinite(at)) return '';
  const seconds = secondsLeft(at, now);
  return seconds > 0 ? `Trying again in ${seconds} s.` : 'Trying again now.';
}
