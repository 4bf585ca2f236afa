// What an operator can do to an actor: the command's line, and the sentence that names what it touches.

const short = (id) => id.slice(0, 8);

/** A free text as one word of a command's line. */
export function quoted(text) {
  return `"${text.replaceAll('"', '’').replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ').trim()}"`;
}

/**
 * The actions on one actor: [{name, label, key, line(text), asks, does, field?, isGrave}]. `parent` is its node,
 * `session` the document of the session it belongs to.
 */
export function actionsOf(node, { parent = null, session = null } = {}) {
  if (node.kind === 'child' && parent?.kind === 'vm') return childActions(node, parent, session);
  if (node.kind === 'session') return sessionActions(node, session);
  if (node.kind === 'vm') return machineActions(node, session);
  if (parent?.kind === 'supervisor') return [restartOf(node, parent, `the ${node.name} of the controller`,
    'It keeps nothing, and begins anew at once.')];
  return [];
}

function childActions(node, vm, session) {
  const where = `${node.name} of guest ${short(vm.id)}${session ? `, which is ${session.userId}’s` : ''}`;
  const process = node.pid ? `Process ${node.pid}` : 'No process runs now; it';
  return [
    restartOf(node, vm, where, `${process} is stopped and started again.`),
    ...(node.pid ? [{ name: 'kill', label: 'Kill', key: 'k', isGrave: true, asks: `Kill ${where}?`,
      does: `Process ${node.pid} gets SIGKILL. What follows is up to its restart type.`,
      line: () => `kill ${vm.id} ${node.name} KILL` }] : []),
  ];
}

function restartOf(node, parent, where, does) {
  return { name: 'restart', label: 'Restart', key: 'r', isGrave: false, asks: `Restart ${where}?`, does,
    line: () => `restart ${parent.id} ${node.name}` };
}

/** Only a virtual machine can be halted as it is. */
function machineActions(node, session) {
  if (!session || session.driver === 'process' || !['ready', 'paused'].includes(node.state)) return [];
  const whose = `guest ${short(node.id)}, which is ${session.userId}’s`;
  if (node.state === 'paused')
    return [{ name: 'resume', label: 'Resume', key: 'p', isGrave: false, asks: `Let ${whose}, go on?`,
      does: 'It goes on as it was.', line: () => `resume ${node.id}` }];
  return [{ name: 'pause', label: 'Pause', key: 'p', isGrave: true, asks: `Pause ${whose}?`,
    does: 'Its processors are halted; its viewers see that it is paused.', line: () => `pause ${node.id}` }];
}

function sessionActions(node, session) {
  const whose = `session ${short(node.id)}${session ? `, which is ${session.userId}’s` : ''}`;
  const viewers = session?.viewers?.length ?? 0;
  const watching = viewers === 0 ? 'Nobody is connected.' : viewers === 1 ? 'One viewer is asked, and may keep it.'
    : `${viewers} viewers are asked, and may keep it.`;
  return [
    { name: 'hold', label: 'Hold', key: 'h', isGrave: false, asks: `Hold the evidence of ${whose}?`, field: 'Why',
      does: 'Nothing of it is deleted until the hold is cleared.',
      line: (text) => `hold ${node.id} console ${quoted(text || 'held from the console')}` },
    { name: 'retire', label: 'Retire', key: 't', isGrave: true, asks: `Propose the end of ${whose}?`, field: 'Why', does: watching,
      line: (text) => `retire ${node.id} ${text ? quoted(text) : 'requested'}` },
    { name: 'force', label: 'End now', key: 'x', isGrave: true, asks: `End ${whose}, now?`,
      does: `Its guest is stopped and nobody is asked.${viewers ? ` ${viewers} connected.` : ''} What is held stays.`,
      line: () => `retire ${node.id} requested --force` },
  ];
}

export function releaseOf(session, hold) {
  return { name: 'release', label: 'Release', isGrave: false, asks: `Clear the hold ${hold.name} of session ${short(session.id)}?`,
    does: 'What it kept may be deleted again.', line: () => `release ${session.id} ${hold.name}` };
}

export function drainOf({ isDraining, sessions }) {
  return isDraining
    ? { name: 'undrain', label: 'Take sessions', isGrave: false, asks: 'Take new sessions again?', does: 'This node has been draining.', line: () => 'undrain' }
    : { name: 'drain', label: 'Drain', key: 'd', isGrave: true, asks: 'Drain this node?',
      does: `It takes no new sessions from now on. The ${sessions === 1 ? 'one that runs goes' : `${sessions} that run go`} on.`, line: () => 'drain' };
}
