// The doctor's page: what is wrong with this host and its configuration, what to do about it, and
// which ways lead here from this browser.

import { Api } from './api.js';
import { byArea, checkElement, summaryText } from './checkup.js';
import { byId, make, setText } from './dom.js';
import { Entry } from './entry.js';
import { candidateText, stateText, verdictOf } from './ice_pairs.js';
import { testSession, testWay } from './ice_test.js';
import { errorText } from './words.js';

const ways = { udp: 'UDP', tcp: 'TCP', relay: 'TURN' };
const mostPairs = 12;

class DoctorPage {
  constructor(token) {
    this.api = new Api(token);
    byId('examine').onclick = () => this.examine();
    byId('profile').onchange = () => this.examine();
    byId('driver').onchange = () => this.examine();
    byId('test-ways').onclick = () => this.testWays();
    byId('test-session').onclick = () => this.testSession();
  }

  async start() {
    if (!await this.examine()) return;
    this.testWays();
    this.listSessions();
  }

  stop() {
    this.aborter?.abort();
  }

  /** False where the token is not good for it. */
  async examine() {
    this.aborter?.abort();
    const aborter = new AbortController();
    this.aborter = aborter;
    document.body.dataset.state = 'looking';
    setText(byId('verdict'), 'Looking at this host…');
    byId('verdict').className = '';
    try {
      this.#show(await this.api.doctor({ profile: byId('profile').value, driver: byId('driver').value }, aborter.signal));
      return true;
    } catch (error) {
      if (aborter.signal.aborted) return false;
      if (error.status === 401 || error.status === 403) {
        entry.lock('This token is not, or no longer, valid.');
        return false;
      }
      document.body.dataset.state = 'failed';
      setText(byId('verdict'), errorText(error));
      byId('verdict').className = 'bad';
      return true;
    }
  }

  #show({ ok, checks, profile, driver, profiles, drivers }) {
    choices(byId('profile'), profiles.map((name) => [name, name]), profile);
    choices(byId('driver'), drivers.map((name) => [name, name]), driver);
    setText(byId('verdict'), summaryText(checks));
    byId('verdict').className = ok ? 'good' : 'bad';
    byId('areas').replaceChildren(...byArea(checks).map(({ area, title, checks: all }) => make('section', { dataset: { area } },
      make('h2', { textContent: title }), make('ul', { className: 'checks' }, ...all.map(checkElement)))));
    document.body.dataset.state = 'ready';
  }

  async testWays() {
    byId('test-ways').disabled = true;
    byId('ways').dataset.state = 'testing';
    byId('way-list').replaceChildren(...Object.keys(ways).map((way) => wayElement(way, ways[way])));
    try {
      this.network = await this.api.network();
      for (const way of Object.keys(ways)) await this.#testOne(way);
    } catch (error) {
      setText(byId('ways-note'), error.status === 403 ? 'Testing the way from here wants the operator’s token.' : errorText(error));
      byId('way-list').replaceChildren();
    }
    byId('ways').dataset.state = 'tested';
    byId('test-ways').disabled = false;
  }

  async #testOne(way) {
    const { network, api } = this;
    const show = (outcome) => fill(way, verdictOf(way, outcome, network), outcome.pairs);
    if (verdictOf(way, { connected: false }, network).is === 'none' && way === 'relay') return show({ connected: false, pairs: [] });
    const onProgress = ({ pairs }) => fill(way, { is: 'busy', text: 'Trying…', remedy: '' }, pairs);
    onProgress({ pairs: [] });
    return show(await testWay({ api, way, network, onProgress }));
  }

  async listSessions() {
    const { sessions } = await this.api.sessions().catch(() => ({ sessions: [] }));
    const up = sessions.filter(({ stream }) => stream?.state === 'up');
    choices(byId('session'), up.map(({ id, userId, profile }) => [id, `${id.slice(0, 8)}, ${profile} of ${userId}`]), up[0]?.id);
    byId('session').disabled = up.length === 0;
    byId('test-session').disabled = up.length === 0;
  }

  async testSession() {
    byId('test-session').disabled = true;
    const session = byId('session').value;
    if (!document.querySelector('[data-way=session]')) byId('way-list').append(wayElement('session', ''));
    setText(document.querySelector('[data-way=session] b'), `Stream of ${session.slice(0, 8)}`);
    const onProgress = ({ pairs }) => fill('session', { is: 'busy', text: 'Trying…', remedy: '' }, pairs);
    try {
      this.network ??= await this.api.network();
      const outcome = await testSession({ api: this.api, session, network: this.network, onProgress });
      fill('session', verdictOf('session', outcome, this.network), outcome.pairs);
    } catch (error) {
      fill('session', { is: 'bad', text: errorText(error), remedy: '' }, []);
    }
    byId('test-session').disabled = false;
  }
}

function wayElement(way, title) {
  return make('article', { className: 'way', dataset: { way } },
    make('h3', {}, make('i', { className: 'dot' }), make('b', { textContent: title }), make('span', { className: 'said', textContent: 'Waiting…' })),
    make('p', { className: 'remedy', hidden: true }), make('ul', { className: 'pairs' }));
}

/** Shows where a way stands: its verdict, and the pairs that were tried. */
function fill(way, { is, text, remedy }, pairs) {
  const element = document.querySelector(`[data-way=${way}]`);
  element.dataset.is = is;
  setText(element.querySelector('.said'), text);
  setText(element.querySelector('.remedy'), remedy);
  element.querySelector('.pairs').replaceChildren(...pairs.slice(0, mostPairs).map((pair) => make('li', {
    className: pair.isUsed ? 'used' : pair.state, dataset: { state: pair.state, protocol: pair.local.relayProtocol || pair.local.protocol } },
  make('span', { textContent: candidateText(pair.local) }), make('span', { className: 'to', textContent: candidateText(pair.remote) }),
  make('b', { textContent: stateText(pair) }),
  make('small', { textContent: pair.roundTripMs === null ? '' : `${pair.roundTripMs.toFixed(1)} ms` }))),
  ...(pairs.length > mostPairs ? [make('li', { className: 'soft', textContent: `and ${pairs.length - mostPairs} more` })] : []));
}

function choices(select, entries, chosen) {
  select.replaceChildren(...entries.map(([value, text]) => make('option', { value, textContent: text, selected: value === chosen })));
}

const entry = new Entry((token) => new DoctorPage(token));
entry.begin();
