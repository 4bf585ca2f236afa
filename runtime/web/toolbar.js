// The buttons of the viewer's bar that concern neither signaling nor the guest's state.

import { Api } from './api.js';
import { byId, make } from './dom.js';
import { operatorToken } from './tokens.js';
import { errorText } from './words.js';

const watchForMs = 24 * 60 * 60 * 1000;
const statisticsEveryMs = 1000;

export function connectToolbar({ session, stage, media, typing, say, control, end }) {
  byId('control').onclick = () => control(byId('control').dataset.action);
  byId('release').onclick = () => control('release');
  byId('fullscreen').onclick = () => toggleFullscreen(stage, typing, say);
  byId('type').onclick = () => openKeyboard(typing);
  byId('end').onclick = () => confirmEnd(end);
  byId('why-close').onclick = () => byId('why').close();
  connectInvite(session, say);
  connectStatistics(media);
  document.addEventListener('pointerdown', (event) => {
    if (!byId('people').contains(event.target)) byId('people').open = false;
  });
}

async function toggleFullscreen(stage, typing, say) {
  try {
    if (document.fullscreenElement) await document.exitFullscreen();
    else {
      await stage.requestFullscreen({ navigationUI: 'hide' });
      // Where the browser can, the guest gets the keys that the browser keeps for itself too.
      await navigator.keyboard?.lock?.().catch(() => {});
    }
    typing.focus();
  } catch {
    say('This browser does not allow full screen here.');
  }
}

// A phone shows its keyboard only for an element that wants text.
function openKeyboard(typing) {
  const area = byId('keys');
  area.blur();
  area.inputMode = 'text';
  typing.focus();
  area.addEventListener('blur', () => { area.inputMode = 'none'; }, { once: true });
}

// The first press asks, the second within five seconds ends.
function confirmEnd(end) {
  const button = byId('end');
  if (button.dataset.asked) {
    delete button.dataset.asked;
    button.textContent = 'Ending…';
    end();
    return;
  }
  button.dataset.asked = 'yes';
  button.textContent = 'Really end?';
  setTimeout(() => {
    if (!button.dataset.asked) return;
    delete button.dataset.asked;
    button.textContent = 'End';
  }, 5000);
}

function connectInvite(session, say) {
  const token = operatorToken();
  byId('invite').hidden = token === null;
  byId('invite').onclick = async () => {
    try {
      const watch = await new Api(token).watchToken(session, watchForMs);
      await navigator.clipboard.writeText(`${location.origin}/view/${session}?role=viewer#token=${watch.token}`);
      say('Copied. Whoever opens the link can watch for a day.');
    } catch (error) {
      say(errorText(error));
    }
  };
}

// Numbers are asked for only while somebody looks at them.
function connectStatistics(media) {
  let timer = null;
  byId('people').addEventListener('toggle', () => {
    clearInterval(timer);
    if (!byId('people').open) return;
    const draw = async () => drawStatistics(await media.statistics());
    draw();
    timer = setInterval(draw, statisticsEveryMs);
  });
}

function drawStatistics({ roundTripMs, codec, width, height, framesPerSecond }) {
  const rows = [
    ['Round trip', roundTripMs === undefined ? '' : `${roundTripMs} ms`],
    ['Picture', width ? `${width} × ${height}, ${framesPerSecond} fps` : ''],
    ['Codec', codec ?? ''],
  ].filter(([, value]) => value !== '');
  byId('statistics').replaceChildren(...rows.flatMap(([name, value]) =>
    [make('dt', { textContent: name }), make('dd', { textContent: value })]));
}
