// What the page knows beside the actors themselves: the sessions' documents, how processes ended, and
// when anything was restarted.

const mostRestarts = 5000;

export class Knowledge {
  constructor(actors) {
    this.actors = actors;
    this.sessions = new Map();
    this.guests = new Map(); // session to VM
    this.owners = new Map(); // VM to session
    this.endings = new Map(); // actor to its last exit: {kind, message, remedy, at}
    this.restarts = []; // instants in ms
    this.lastSeq = 0;
  }

  setSessions(documents = []) {
    this.sessions = new Map(documents.map((document) => [document.id, document]));
    this.guests = new Map(documents.map(({ id, vm }) => [id, vm?.id]));
    this.owners = new Map(documents.map(({ id, vm }) => [vm?.id, id]));
  }

  /** The document of the session that an actor belongs to, or null. */
  sessionOf(node) {
    for (let at = node; at; at = this.actors.nodes.get(at.parent)) {
      const id = at.kind === 'session' ? at.id : this.owners.get(at.id);
      if (this.sessions.has(id)) return this.sessions.get(id);
    }
    return null;
  }

  /** The stream's actor of a session's, or of the session that the stream is of; null: none. */
  streamOf(node) {
    if (node?.kind === 'stream') return node;
    if (node?.kind !== 'session') return null;
    return this.actors.childrenOf(node.id).map((id) => this.actors.nodes.get(id)).find(({ kind }) => kind === 'stream') ?? null;
  }

  /** How an actor or process ended last: {kind, message, remedy, at?}, or null. */
  endingOf(id) {
    return this.endings.get(id) ?? this.actors.nodes.get(id)?.lastCause ?? null;
  }

  /** Learns from an event; returns the actor that it struck, or null. Told twice, it counts once. */
  learn({ seq, kind, at, vm, session, child, data = {} }) {
    if (seq <= this.lastSeq) return null;
    this.lastSeq = seq;
    const id = child ? `${vm ?? this.guests.get(session)}/${child}` : null;
    if (kind === 'child.restarting' || kind === 'vm.replaced') {
      this.restarts.push(Date.parse(at));
      if (this.restarts.length > mostRestarts) this.restarts.shift();
    }
    if (kind === 'child.exited' && id) {
      this.endings.set(id, { kind: data.kind, message: data.message ?? data.kind, remedy: data.remedy ?? '', at });
      return id;
    }
    return null;
  }
}
