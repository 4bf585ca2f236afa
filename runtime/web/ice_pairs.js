// What a test of the network found, from a connection's statistics: the pairs of candidates, and
// what they mean.

/**
 * The pairs of a statistics report (RTCStatsReport or a Map), the best first:
 * {id, state, isUsed, local, remote, roundTripMs, asked, answered}; a candidate is
 * {type, protocol, relayProtocol, address, port}.
 */
export function pairsOf(report) {
  const used = new Set([...report.values()].filter(({ type }) => type === 'transport').map((each) => each.selectedCandidatePairId));
  return [...report.values()].filter(({ type }) => type === 'candidate-pair').map((pair) => ({
    id: pair.id, state: pair.state, isUsed: used.has(pair.id),
    local: candidateOf(report.get(pair.localCandidateId)), remote: candidateOf(report.get(pair.remoteCandidateId)),
    roundTripMs: pair.currentRoundTripTime === undefined ? null : pair.currentRoundTripTime * 1000,
    asked: pair.requestsSent ?? 0, answered: pair.responsesReceived ?? 0,
  })).sort((a, b) => rank(a) - rank(b) || (a.roundTripMs ?? Infinity) - (b.roundTripMs ?? Infinity));
}

function rank({ isUsed, state }) {
  if (isUsed) return 0;
  return { succeeded: 1, 'in-progress': 2, waiting: 3, frozen: 4 }[state] ?? 5;
}

function candidateOf({ candidateType = '?', protocol = '?', relayProtocol = '', address = '', ip = '', port = 0 } = {}) {
  return { type: candidateType, protocol, relayProtocol, address: address || ip || '', port };
}

const typeWords = { host: 'own address', srflx: 'address outside', prflx: 'address seen on the way', relay: 'TURN server' };
const stateWords = { succeeded: 'works', failed: 'no answer', 'in-progress': 'being tried', waiting: 'not tried', frozen: 'not tried' };

/** `own address 192.0.2.7:50000, UDP`; a hidden address is called so, and one that is yet to be chosen. */
export function candidateText({ type, protocol, relayProtocol, address, port }) {
  const over = (relayProtocol || protocol).toUpperCase();
  if (address === '0.0.0.0' || address === '::') return `any ${typeWords[type] ?? type}, ${over}`;
  const place = address && !address.endsWith('.local') ? `${address.includes(':') ? `[${address}]` : address}${port ? `:${port}` : ''}` : 'hidden by the browser';
  return `${typeWords[type] ?? type} ${place}, ${over}`;
}

export function stateText({ state, isUsed }) {
  return isUsed ? 'works, in use' : stateWords[state] ?? state;
}

/** Has the browser's network servers of this kind? `turn` counts `turns` too. */
export function hasServer(iceServers, kind) {
  return iceServers.some(({ urls }) => [urls].flat().some((url) => String(url).startsWith(kind)));
}

/**
 * What a test comes to: {is, text, remedy}; `is` is `good`, `bad` or `none` (there was nothing to
 * test). `outcome`: {connected, candidates (gathered here), pairs, errors:[text], failure?}.
 */
export function verdictOf(way, outcome, network) {
  const { connected, candidates = 0, pairs = [], errors = [], failure = null } = outcome;
  if (way === 'relay' && !hasServer(network.iceServers, 'turn'))
    return { is: 'none', text: 'No TURN server is configured.',
      remedy: 'Viewers whose networks let no UDP through need one: set media.iceServers.' };
  if (failure) return { is: 'bad', text: failure, remedy: '' };
  if (connected) {
    const best = pairs.find(({ isUsed }) => isUsed) ?? pairs[0];
    const trip = best?.roundTripMs === null || best === undefined ? '' : ` There and back in ${msText(best.roundTripMs)}.`;
    return { is: 'good', text: `${wayWords[way].works}${trip}`, remedy: wayWords[way].note };
  }
  if (candidates === 0)
    return { is: 'bad', text: way === 'relay' ? `No TURN server answered this browser. ${errors[0] ?? ''}`.trim()
      : 'This browser offers no address of its own.', remedy: wayWords[way].nothing };
  return { is: way === 'tcp' ? 'none' : 'bad', text: `${wayWords[way].fails} ${triedText(pairs)}`.trim(), remedy: remedyOf(way, network) };
}

function triedText(pairs) {
  if (pairs.length === 0) return 'No pair of addresses could be tried.';
  const silent = pairs.filter(({ answered }) => answered === 0).length;
  return `${pairs.length} ${pairs.length === 1 ? 'pair was' : 'pairs were'} tried, ${silent} never answered.`;
}

function msText(ms) {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

const wayWords = {
  udp: { works: 'UDP gets through.', fails: 'UDP does not get through.', note: '',
    nothing: 'Look at this browser’s policy for WebRTC (its extensions too).' },
  tcp: { works: 'TCP gets through.', fails: 'TCP does not get through directly.',
    note: 'Streams themselves offer UDP; TCP is of use to them by a TURN server alone.',
    nothing: 'Look at this browser’s policy for WebRTC (its extensions too).' },
  relay: { works: 'The TURN server relays.', fails: 'The TURN server answers, but does not reach this host.', note: '',
    nothing: 'Look at the server’s address, port, user and secret in media.iceServers, and whether it runs.' },
  session: { works: 'The stream gets through.', fails: 'The stream does not get through.', note: '',
    nothing: 'Look at this browser’s policy for WebRTC (its extensions too).' },
};

function remedyOf(way, { publicAddress, mediaPorts, guestNetworks, iceServers }) {
  if (way === 'tcp') return 'Streams don’t need it: they offer UDP.';
  if (way === 'relay') return 'Let the TURN server reach this host’s UDP ports.';
  const ports = mediaPorts ? `the UDP ports ${mediaPorts}` : 'UDP';
  const where = publicAddress ? ` to ${publicAddress}` : '';
  const elsewhere = guestNetworks && !publicAddress ? 'For viewers elsewhere set --listen or network.publicAddress. ' : '';
  const turn = hasServer(iceServers, 'turn') ? '' : ' Or configure a TURN server (media.iceServers).';
  return `${elsewhere}Let ${ports} through${where}, from this browser’s network.${turn}`;
}
