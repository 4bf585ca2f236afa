// States, causes and codes in words. What the server says in words (messages, remedies) is shown as
// it is; this is for what it says in names. Unknown names are shown as they are.

const stageWords = {
  allocated: 'Resources reserved',
  spawned: 'Guest started',
  kernel: 'Kernel running',
  userland: 'System running',
  linked: 'Guest connected',
  configured: 'Guest configured',
  display: 'Display ready',
  stream: 'Picture ready',
  ready: 'Everything ready',
  'first-viewer': 'Viewer connected',
  'first-frame': 'First picture sent',
};

const reasonWords = {
  idle: 'nobody was using it',
  'max-age': 'it reached its longest allowed age',
  requested: 'someone asked for it',
  failed: 'it failed',
  superseded: 'another one replaced it',
  'disk-pressure': 'the disk is almost full',
  orphan: 'nothing owned it any more',
  shutdown: 'the server is shutting down',
};

const refusedWords = {
  'not-in-control': 'You are watching. Ask for control to type or click.',
  'not-delivered': 'There is no connection to the guest: what you typed or clicked has not arrived.',
  'rate-limited': 'That was too fast: some input was left out.',
  'too-large': 'That was too large and was left out.',
};

const fileWords = {
  'not-in-control': 'You are not in control.',
  'too-large': 'Too large for this guest.',
  'too-many': 'There are too many files in the guest’s Downloads.',
  'disk-full': 'The guest’s disk is full.',
  'bad-name': 'The guest does not take this name.',
  gone: 'It is not there any more.',
  changed: 'It changed while it was read.',
  unreadable: 'It could not be read.',
  cancelled: 'Cancelled.',
  busy: 'Another one is under way.',
  'peer-lost': 'The connection was lost.',
};

const closeWords = {
  1000: 'The session is closed.',
  1008: 'The server refused this connection.',
  1012: 'The server is restarting. Your session goes on; the connection returns by itself.',
  1013: 'This connection was too slow and fell behind. It is opened again.',
  4001: 'This viewer was opened in another tab or window.',
};

export function stageText(name) {
  return Object.hasOwn(stageWords, name) ? stageWords[name] : name;
}

export function reasonText(reason) {
  return Object.hasOwn(reasonWords, reason) ? reasonWords[reason] : reason;
}

export function refusedText(reason) {
  return Object.hasOwn(refusedWords, reason) ? refusedWords[reason] : `Input was refused: ${reason}`;
}

/** Where a transfer of files.js stands, in a few words. */
export function fileText({ kind, state, bytes, done, reason }) {
  if (state === 'failed') return Object.hasOwn(fileWords, reason) ? fileWords[reason] : `Failed: ${reason}`;
  if (state === 'done') return kind === 'upload' ? `In the guest’s Downloads, ${bytesText(bytes)}` : `Saved, ${bytesText(bytes)}`;
  if (state === 'waiting') return 'Waiting';
  return `${bytesText(done)} of ${bytesText(bytes)}`;
}

/** `512 B`, `1.5 KiB`, `20 MiB`. */
export function bytesText(bytes) {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  let at = 0;
  let value = bytes;
  while (value >= 1024 && at < units.length - 1) {
    value /= 1024;
    at += 1;
  }
  return `${at > 0 && value < 10 ? value.toFixed(1) : Math.round(value)} ${units[at]}`;
}

export function closeText(code) {
  return closeWords[code] ?? 'The connection to the server is lost. It is opened again.';
}

/** Who ended it: `operator`, `owner`, `viewer:ID`, `reaper` or `controller`. `me`: our viewer id. */
export function byText(by, me = null) {
  if (!by) return 'the server';
  if (by.startsWith('viewer:')) return by === `viewer:${me}` ? 'you' : 'a viewer';
  const words = { operator: 'an operator', owner: 'its owner', reaper: 'the clean-up',
    controller: 'the server' };
  return words[by] ?? by;
}

/** `850 ms`, `2.4 s`, `3 min 20 s`, `2 h 5 min`. */
export function durationText(ms) {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const [minutes, hours] = [Math.floor(seconds / 60), Math.floor(seconds / 3600)];
  if (minutes < 60) return seconds % 60 ? `${minutes} min ${seconds % 60} s` : `${minutes} min`;
  return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
}

/** One sentence for an HTTP or signaling error {code, message, field?, retryAfterMs?}. */
export function errorText(error) {
  const message = error.message || error.code || 'Something went wrong';
  const again = Number.isFinite(error.retryAfterMs) && error.retryAfterMs > 0
    ? ` Try again in ${durationText(error.retryAfterMs)}.` : '';
  const named = error.field && !message.includes(error.field) ? `${error.field}: ` : '';
  return `${named}${message.replace(/([^.!?])$/, '$1.')}${again}`;
}

const names = ['Heron', 'Kestrel', 'Wren', 'Osprey', 'Swift', 'Merlin', 'Plover', 'Finch', 'Curlew',
  'Dunlin', 'Harrier', 'Linnet', 'Petrel', 'Siskin', 'Tern', 'Whinchat'];

/** A name for a viewer, the same wherever its id is shown. */
export function viewerName(id) {
  let sum = 0;
  for (const character of String(id)) sum = (sum * 31 + character.codePointAt(0)) >>> 0;
  return names[sum % names.length];
}

/** What an actor shows of what it stands for, as facts: {name: text}. */
export function figureFacts({ framesPerSecond, bitsPerSecond, encodeP50Ms, encodeP99Ms, roundTripMs, targetBitsPerSecond, lossPercent,
  poolWanted, poolReady, poolStarting }) {
  const facts = {};
  if (framesPerSecond !== undefined) facts['frames a second'] = framesPerSecond;
  if (bitsPerSecond !== undefined) facts.bitrate = `${(bitsPerSecond / 1e6).toFixed(2)} Mbit/s`;
  if (encodeP50Ms !== undefined) facts.encoding = `${encodeP50Ms} ms a frame, 99 % within ${encodeP99Ms} ms`;
  if (roundTripMs !== undefined) facts['round trip'] = `${roundTripMs} ms`;
  if (targetBitsPerSecond !== undefined) facts['network bears'] = `${(targetBitsPerSecond / 1e6).toFixed(1)} Mbit/s${lossPercent ? `, ${lossPercent} % lost` : ''}`;
  if (poolWanted !== undefined) facts['warm guests'] = `${poolReady} of ${poolWanted}${poolStarting ? `, ${poolStarting} starting` : ''}`;
  return facts;
}
