// The actors as the console's `watch` tells of them: who is whose child, and how each is.

const groups = {
  bad: ['failed', 'given-up', 'dead', 'lost'],
  busy: ['starting', 'restarting', 'exited', 'preparing', 'booting', 'linking', 'configuring', 'allocating',
    'retiring', 'stopping', 'draining', 'dismantling', 'waiting'],
  over: ['ended', 'gone', 'stopped', 'down'],
};

/** `good`, `busy`, `bad` or `over`: how a state is shown. Unknown ones are good. */
export function healthOf({ state }) {
  return Object.keys(groups).find((group) => groups[group].includes(state)) ?? 'good';
}

/** How many messages wait: what is being handled does not. */
export function waitingOf({ mailbox = 0 }) {
  return Math.max(0, mailbox - 1);
}

export class Actors {
  constructor() {
    this.nodes = new Map();
    this.children = new Map(); // id to ids, in the order in which they began
    this.deadLetters = 0;
  }

  /** Takes one item of `watch`; returns the ids whose `restarts` rose. */
  apply({ full, nodes = [], removed = [], deadLetters = 0 }) {
    const known = this.nodes;
    if (full) this.nodes = new Map();
    for (const id of removed) this.nodes.delete(id);
    const restarted = nodes.filter((node) => node.restarts > (known.get(node.id)?.restarts ?? Infinity));
    for (const node of nodes) this.nodes.set(node.id, node);
    this.deadLetters = deadLetters;
    this.#order();
    return restarted.map(({ id }) => id);
  }

  get root() {
    const tops = this.children.get(null) ?? [];
    return tops.find((id) => this.nodes.get(id).kind === 'root') ?? tops[0] ?? null;
  }

  childrenOf(id) {
    return this.children.get(id) ?? [];
  }

  /** Every actor below one, without itself. */
  * below(id) {
    for (const child of this.childrenOf(id)) {
      yield this.nodes.get(child);
      yield* this.below(child);
    }
  }

  /** The ids from the root down to one, both included. */
  pathTo(id) {
    const path = [];
    for (let at = id; at && this.nodes.has(at) && !path.includes(at); at = this.nodes.get(at).parent) path.unshift(at);
    return path;
  }

  /** Those that are not as they should be, the worst first. */
  get ill() {
    const all = [...this.nodes.values()].filter((node) => node.reason || healthOf(node) === 'bad' || isDown(node));
    const weight = (node) => (healthOf(node) === 'bad' ? 0 : node.reason ? 1 : 2);
    return all.sort((a, b) => weight(a) - weight(b));
  }

  /** {sessions, vms, actors, waiting, rate}: what there is, and what goes on. */
  get figures() {
    const figures = { sessions: 0, vms: 0, actors: 0, waiting: 0, rate: 0 };
    for (const node of this.nodes.values()) {
      if (node.kind === 'session') figures.sessions += 1;
      if (node.kind === 'vm') figures.vms += 1;
      if (node.kind !== 'child') figures.actors += 1;
      figures.waiting += waitingOf(node);
      figures.rate += node.messagesPerSecond ?? 0;
    }
    return figures;
  }

  #order() {
    this.children = new Map();
    for (const node of this.nodes.values()) {
      const parent = this.nodes.has(node.parent) ? node.parent : null;
      if (!this.children.has(parent)) this.children.set(parent, []);
      this.children.get(parent).push(node.id);
    }
  }
}

function isDown({ state }) {
  return state === 'exited' || state === 'restarting';
}

/** Puts each session's guest right after it. `guests`: session to VM. */
export function beside(ids, guests) {
  const present = new Set(ids);
  const owned = new Set(ids.map((id) => guests.get(id)).filter((vm) => present.has(vm)));
  return ids.filter((id) => !owned.has(id))
    .flatMap((id) => (owned.has(guests.get(id)) ? [id, guests.get(id)] : [id]));
}

/** Does what is typed into the search find this actor? Every word must. */
export function matches(node, session, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const said = [node.id, node.kind, node.name, node.state, node.reason, node.lastCause?.message, String(node.pid ?? ''), session?.userId,
    session?.profile, session?.driver].filter(Boolean).join(' ').toLowerCase();
  return words.every((word) => said.includes(word));
}
