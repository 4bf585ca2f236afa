// What the page knows, as one value: `reduce(view, event)` gives the next, and nothing else
// changes it. The value is plain JSON, so that a reloaded page goes on from where it was.

/** The view before anything was heard. */
export function emptyView() {
  return {
    connection: 'connecting', // connecting, open, waiting (to retry), closed (for good)
    close: null, // {code, retryAt?}
    role: null,
    viewer: null,
    session: { state: 'starting', stage: null, child: null, cause: null, paused: false }, // why a child is not well
    stages: [], // {name, atMs}; atMs since creation, null where not known
    createdAt: null, // local ms
    stream: { state: 'down', restarts: 0, cause: null, retryAt: null },
    epoch: null, // whose frames are on the screen
    hadFrame: false,
    problem: null, // {message}: this browser could not take the picture
    viewers: [],
    control: null, // {holder, requests} once heard
    display: null,
    retire: null, // {proposal, reason, deadline, forced}
    login: null,
    ended: null,
    error: null, // the last {code, message, field?}
  };
}

/**
 * The view after `event`:
 * {type:'message', message, deadline(durationMs)} · {type:'connecting'} · {type:'open'} ·
 * {type:'closed', code, retryAt} · {type:'frame', epoch} · {type:'no-picture'} ·
 * {type:'problem', message} · {type:'document', document, createdAt} ·
 * {type:'retire-settled', proposal}
 */
export function reduce(view, event) {
  switch (event.type) {
    case 'message':
      return reduceMessage(view, event.message, event.deadline);
    case 'connecting':
      return { ...view, connection: 'connecting' };
    case 'open':
      return { ...view, connection: 'open', close: null, error: null };
    case 'closed':
      return closed(view, event);
    case 'frame':
      return { ...view, epoch: event.epoch, hadFrame: true, problem: null };
    case 'no-picture':
      return { ...view, epoch: null };
    case 'problem':
      return { ...view, problem: { message: event.message } };
    case 'document':
      return withDocument(view, event.document, event.createdAt);
    case 'retire-settled':
      return view.retire?.proposal === event.proposal ? { ...view, retire: null } : view;
    default:
      return view;
  }
}

/** What is left of a stored view when its page is loaded again: its picture is gone. */
export function revive(stored) {
  const fresh = emptyView();
  if (typeof stored !== 'object' || stored === null) return fresh;
  return { ...fresh, ...stored, connection: 'connecting', close: null, epoch: null, hadFrame: false,
    problem: null, error: null };
}

function closed(view, { code, retryAt }) {
  const connection = retryAt === null || retryAt === undefined ? 'closed' : 'waiting';
  return { ...view, connection, close: { code, retryAt: retryAt ?? null } };
}

const handlers = {
  welcome(view, message) {
    const kept = message.resumed ? view : { ...emptyView(), epoch: view.epoch, hadFrame: view.hadFrame,
      stages: view.stages, createdAt: view.createdAt };
    return { ...kept, connection: 'open', close: null, error: null, role: message.role,
      viewer: message.viewer, display: message.display ?? kept.display,
      session: { ...kept.session, state: message.state ?? kept.session.state } };
  },
  state(view, message) {
    const retire = message.state === 'ready' ? view.retire : null;
    const at = Date.parse(message.at) - view.createdAt;
    return { ...view, retire, session: { state: message.state, stage: message.stage ?? null,
        child: message.child ?? null, cause: message.cause ?? null, paused: message.paused === true },
      stages: withStage(view.stages, message.stage, view.createdAt === null ? null : at) };
  },
  stream(view, message, deadline) {
    const flows = message.state === 'up';
    const retryAt = Number.isFinite(message.retryInMs) ? deadline(message.retryInMs) : null;
    return { ...view, epoch: flows ? view.epoch : null,
      problem: flows ? view.problem : null,
      stream: { state: message.state, restarts: message.restarts ?? view.stream.restarts,
        cause: message.cause ?? (flows ? null : view.stream.cause), retryAt } };
  },
  viewers: (view, message) => ({ ...view, viewers: message.viewers ?? [] }),
  control: (view, message) => ({ ...view,
    control: { holder: message.holder ?? null, requests: message.requests ?? [] } }),
  display(view, message) {
    return { ...view, display: { ...view.display, width: message.width, height: message.height } };
  },
  retire: (view, message, deadline) => ({ ...view, retire: { proposal: message.proposal,
    reason: message.reason, forced: message.forced === true, deadline: deadline(message.deadlineMs) } }),
  login: (view, message) => ({ ...view, login: message.login ?? message }),
  ended: (view, message) => ({ ...view, retire: null,
    ended: { by: message.by, reason: message.reason, cause: message.cause ?? null } }),
  error(view, message) {
    const settled = message.code === 'no-such-proposal';
    return { ...view, retire: settled ? null : view.retire,
      error: { code: message.code, message: message.message, field: message.field ?? null } };
  },
};

function reduceMessage(view, message, deadline) {
  return Object.hasOwn(handlers, message.type) ? handlers[message.type](view, message, deadline) : view;
}

function withStage(stages, name, atMs) {
  if (!name || stages.some((stage) => stage.name === name)) return stages;
  return [...stages, { name, atMs }];
}

function withDocument(view, document, createdAt) {
  const stages = Array.isArray(document.stages) ? document.stages : [];
  const known = new Set(stages.map((stage) => stage.name));
  return { ...view, createdAt, stages: [...stages, ...view.stages.filter((s) => !known.has(s.name))] };
}

/** Whether this page may send input. Before the server has said, the host may. */
export function inControl(view) {
  if (view.control === null) return view.role === 'host';
  return view.viewer !== null && view.control.holder === view.viewer;
}

/** `mine`, `other` or `free`. */
export function controlOf(view) {
  if (inControl(view)) return 'mine';
  return view.control?.holder ? 'other' : 'free';
}

/** The one word for it all: starting, live, restarting, ended, failed or disconnected. */
export function phaseOf(view) {
  if (view.ended) return failedBy(view) ? 'failed' : 'ended';
  if (view.session.state === 'failed') return 'failed';
  if (view.session.state === 'ended') return 'ended';
  if (view.connection === 'waiting' || view.connection === 'closed') return 'disconnected';
  if (view.stream.state === 'given-up') return 'failed';
  if (view.epoch !== null && view.stream.state === 'up') return 'live';
  if (view.stream.state === 'restarting' || view.hadFrame) return 'restarting';
  return 'starting';
}

function failedBy(view) {
  return view.session.state === 'failed' || view.ended.reason === 'failed';
}
