import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { byArea, healthOfCheck, summaryText } from '../checkup.js';
import { candidateText, pairsOf, stateText, verdictOf } from '../ice_pairs.js';

const statistics = (entries) => new Map(entries.map((entry) => [entry.id, entry]));
const found = statistics([
  { id: 'T', type: 'transport', selectedCandidatePairId: 'P2' },
  { id: 'P1', type: 'candidate-pair', state: 'failed', localCandidateId: 'L1', remoteCandidateId: 'R1', requestsSent: 9 },
  { id: 'P2', type: 'candidate-pair', state: 'succeeded', localCandidateId: 'L1', remoteCandidateId: 'R2', currentRoundTripTime: 0.0123, requestsSent: 3, responsesReceived: 3 },
  { id: 'L1', type: 'local-candidate', candidateType: 'host', protocol: 'udp', address: 'a1b2.local', port: 5000 },
  { id: 'R1', type: 'remote-candidate', candidateType: 'host', protocol: 'udp', address: 'fe80::1', port: 6000 },
  { id: 'R2', type: 'remote-candidate', candidateType: 'host', protocol: 'udp', address: '192.0.2.1', port: 6001 },
]);
const network = { iceServers: [], guestNetworks: true, mediaPorts: '50000-51023' };
const withTurn = { ...network, publicAddress: '203.0.113.9', iceServers: [{ urls: 'stun:a' }, { urls: ['turns:b'] }] };

describe('pairs of candidates', () => {
  test('the one in use comes first, with its round trip', () => {
    const [first, second] = pairsOf(found);
    assert.equal(first.isUsed, true);
    assert.ok(Math.abs(first.roundTripMs - 12.3) < 1e-9);
    assert.equal(stateText(first), 'works, in use');
    assert.equal(second.roundTripMs, null);
    assert.equal(stateText(second), 'no answer');
  });

  test('an address is told as far as the browser tells it', () => {
    const [{ local, remote }, other] = pairsOf(found);
    assert.equal(candidateText(local), 'own address hidden by the browser, UDP');
    assert.equal(candidateText(remote), 'own address 192.0.2.1:6001, UDP');
    assert.equal(candidateText(other.remote), 'own address [fe80::1]:6000, UDP');
    assert.equal(candidateText({ type: 'relay', protocol: 'udp', relayProtocol: 'tls', address: '198.51.100.1', port: 1 }), 'TURN server 198.51.100.1:1, TLS');
  });

  test('an address that is yet to be chosen is none', () => {
    assert.equal(candidateText({ type: 'host', protocol: 'tcp', relayProtocol: '', address: '0.0.0.0', port: 9 }), 'any own address, TCP');
  });

  test('statistics without an end are no failure', () => {
    const [pair] = pairsOf(statistics([{ id: 'P', type: 'candidate-pair', state: 'waiting' }]));
    assert.equal(candidateText(pair.local), '? hidden by the browser, ?');
  });
});

describe('what a test comes to', () => {
  const pairs = pairsOf(found);

  test('a way that works says how long it is', () => {
    const { is, text } = verdictOf('udp', { connected: true, candidates: 1, pairs }, network);
    assert.equal(is, 'good');
    assert.match(text, /UDP gets through. There and back in 12 ms/);
  });

  test('one that does not names what to open', () => {
    const { is, text, remedy } = verdictOf('udp', { connected: false, candidates: 2, pairs: pairs.slice(1) }, network);
    assert.equal(is, 'bad');
    assert.match(text, /1 pair was tried, 1 never answered/);
    assert.match(remedy, /network.publicAddress.*50000-51023.*TURN/);
    assert.match(verdictOf('udp', { connected: false, candidates: 2, pairs: [] }, withTurn).remedy, /^Let the UDP ports 50000-51023 through to 203.0.113.9, from this browser’s network.$/);
  });

  test('without a TURN server that is said, and nothing is wrong', () => {
    assert.equal(verdictOf('relay', { connected: false }, network).is, 'none');
    assert.match(verdictOf('relay', { connected: false }, network).remedy, /media.iceServers/);
  });

  test('a TURN server that is silent is at fault', () => {
    const { is, text } = verdictOf('relay', { connected: false, candidates: 0, errors: ['turns:b: no answer (701).'] }, withTurn);
    assert.equal(is, 'bad');
    assert.match(text, /701/);
  });

  test('TCP is no need of a stream', () => {
    assert.equal(verdictOf('tcp', { connected: false, candidates: 1, pairs: [] }, network).is, 'none');
    assert.match(verdictOf('tcp', { connected: true, candidates: 1, pairs }, network).remedy, /offer UDP/);
  });

  test('a test that could not be made says why', () => {
    assert.deepEqual(verdictOf('udp', { connected: false, failure: 'No program.' }, network), { is: 'bad', text: 'No program.', remedy: '' });
  });
});

describe('checks', () => {
  const checks = [{ name: 'a', area: 'host', ok: true, remedy: '' }, { name: 'b', area: 'host', ok: false, remedy: 'Do.' },
    { name: 'c', area: 'limits', ok: true, remedy: 'Know.' }, { name: 'd', area: 'new', ok: true, remedy: '' }];

  test('stand in their areas, what is wrong first', () => {
    assert.deepEqual(byArea(checks).map(({ title, checks: all }) => [title, all.map(({ name }) => name).join('')]),
      [['Host', 'ba'], ['Limits', 'c'], ['new', 'd']]);
    assert.deepEqual(checks.map(healthOfCheck), ['good', 'bad', 'note', 'good']);
  });

  test('come to a sentence', () => {
    assert.equal(summaryText(checks), '1 of 4 checks failed. 1 thing is worth knowing.');
    assert.equal(summaryText(checks.filter(({ ok }) => ok)), 'Nothing is wrong: 3 checks passed. 1 thing is worth knowing.');
  });
});
