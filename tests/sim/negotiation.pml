/* How the end of a session is negotiated: reaper, session, VM, ledger, a viewer, an operator, a client, and a controller
 * that may die between any two steps. Checked exhaustively by `tests/sim/check_model.sh`.
 *
 * Each actor handles one message at a time, so a message is one atomic step on global variables: s_ of the session,
 * r_ of the reaper, v_ of the VM, which a death takes; d_ on disk and w_ of the world, which stay. What an actor
 * remembers reaches the disk later, in a step of its own.
 *
 * Promises (the judge of the simulation has the same): nothing is released without the session's grant, under a hold
 * that was confirmed, before the tombstone, while the guest runs, or twice; a session ends once; and wherever nothing
 * more can happen, everything is gone unless it is held.
 *
 * Mistakes to plant, with -D: STALE_CONSENT, EARLY_RELEASE, LATE_HOLD, FORGETFUL, SILENT_RESTART.
 */

mtype = { ready, retiring, ended };
mtype = { propose, keep, consent, hold, clear, may_release, dismantled };  /* to the session */
mtype = { remove, granted, kept, held };                                     /* to the reaper */
mtype = { dismantle, stop, exited, saved, allowed, refused };                /* to the VM */

chan session = [5] of { mtype, bool };  /* the flag: forced */
chan reaper = [5] of { mtype, bool };
chan vm = [5] of { mtype };

/* -- the session ------------------------------------------------------------------------------ */
mtype s_state = ready;
bool s_granted, s_hold, s_asking, s_held, s_held_forced, s_allowed;
bool s_unconfirmed;  /* an operator waits for the answer to a hold */
mtype d_state = ready;
bool d_granted, d_hold, d_held, d_held_forced;

/* -- the reaper ------------------------------------------------------------------------------- */
bool r_open, r_forced, r_waits;

/* -- the VM ----------------------------------------------------------------------------------- */
bool v_token, v_exited, v_gone, v_wants_tombstone;
bool v_process = true, v_directory = true;  /* not released yet, as it believes */
bool d_process = true, d_directory = true;  /* written down */
bool d_tombstone;

/* -- the world -------------------------------------------------------------------------------- */
bool w_runs = true, w_process = true, w_directory = true, w_stopping;
bool w_connected = true;  /* the viewer */
bool w_confirmed;         /* the operator was told that the hold stands */
bool w_granted;           /* the session has ever agreed */
byte keeps = 1, removals = 1, forces = 1, holds = 1, deaths = DEATHS;

inline grant() {
  s_asking = false; s_held = false; s_granted = true; w_granted = true;
  if :: s_state == ready -> s_state = retiring :: else fi;
  reaper ! granted, false;
}

inline hold_back(forced) {
  s_asking = false; s_held = true; s_held_forced = forced;
  if :: forced -> s_state = retiring; vm ! stop :: else fi;
  reaper ! held, false;
}

inline consider(forced) {
  if
  :: s_granted -> reaper ! granted, false
  :: else ->
     if
     :: s_asking && !forced -> skip
     :: else ->
        s_asking = false; s_held = false;
        if
        :: s_hold -> hold_back(forced)
        :: else ->
           if
           :: !forced && s_state == ready && w_connected -> s_asking = true
           :: else -> grant()
           fi
        fi
     fi
  fi
}

active proctype Session() {
  bool forced;
  end: do
  :: atomic { session ? propose, forced -> if :: s_state != ended -> consider(forced) :: else fi; forced = false }
  :: atomic { session ? keep, _ ->
       if :: s_asking -> s_asking = false; reaper ! kept, false :: else fi }
  :: atomic { session ? consent, _ -> if :: s_asking -> grant() :: else fi }
  :: atomic { s_asking -> grant() }  /* the deadline: a viewer's silence */
  :: atomic { session ? hold, _ ->
#ifndef LATE_HOLD
       if
       :: s_allowed || s_state == ended -> skip  /* refused: what it would hold is being released */
       :: else ->
#else
       if
       :: true ->
#endif
          s_hold = true; s_unconfirmed = true;
          if :: s_asking -> hold_back(false) :: else fi
       fi }
  :: atomic { session ? clear, _ ->
       s_hold = false; s_unconfirmed = false;
       if
       :: s_granted && s_state != ended -> vm ! dismantle
       :: !s_granted && s_held -> forced = s_held_forced; consider(forced); forced = false
       :: else
       fi }
  :: atomic { session ? may_release, _ ->
#ifdef STALE_CONSENT
       if :: s_granted -> s_allowed = true; vm ! allowed :: else -> vm ! refused fi }
#else
       if :: s_granted && !s_hold -> s_allowed = true; vm ! allowed :: else -> vm ! refused fi }
#endif
  :: atomic { session ? dismantled, _ ->
       if :: s_granted && s_state != ended -> assert(d_state != ended); s_state = ended :: else fi }
  od
}

active proctype Reaper() {
  bool forced;
  end: do
  :: atomic { reaper ? remove, forced ->
       if
       :: !r_open -> r_open = true; r_forced = forced; r_waits = false; session ! propose, forced
       :: r_open && forced && !r_forced -> r_forced = true; r_waits = false; session ! propose, true
       :: else
       fi; forced = false }
  :: atomic { reaper ? granted, _ -> r_open = false; vm ! dismantle }
  :: atomic { reaper ? kept, _ -> r_waits = true }
  :: atomic { reaper ? held, _ -> skip }
  :: atomic { r_waits -> r_waits = false; session ! propose, r_forced }  /* the keep has ended */
  /* The session's idle time or greatest age. */
  :: atomic { !r_open && s_state == ready && !w_connected && empty(session) && empty(reaper) && !s_asking && !s_granted && !s_held ->
       r_open = true; r_forced = false; session ! propose, false }
  od
}

inline want_tombstone() {
#ifdef EARLY_RELEASE
  session ! may_release, false
#else
  v_wants_tombstone = true
#endif
}

inline finish() {
  if
  :: !v_process && !v_directory -> v_gone = true; session ! dismantled, false
  :: else
  fi
}

active proctype Vm() {
  end: do
  :: atomic { vm ? dismantle ->
       if
       :: v_gone -> session ! dismantled, false
       :: !v_gone && !v_token ->
          v_token = true;
          if :: v_exited -> want_tombstone() :: else -> w_stopping = true fi
       :: else
       fi }
  :: atomic { vm ? stop -> w_stopping = true }
  :: atomic { vm ? exited -> v_exited = true; if :: v_token -> want_tombstone() :: else fi }
  :: atomic { vm ? saved -> if :: v_token && !v_gone -> session ! may_release, false :: else fi }
  :: atomic { vm ? refused -> v_token = false }
  :: atomic { vm ? allowed ->
       if
       :: v_process ->
          assert(w_granted && d_tombstone && !w_runs && !w_confirmed);
          w_process = false; v_process = false
       :: else
       fi; finish() }
  :: atomic { v_token && s_allowed && !v_process && v_directory ->  /* the first release was confirmed */
       assert(w_granted && d_tombstone && !w_runs && !w_confirmed);
       w_directory = false; v_directory = false; finish() }
  od
}

/* What is remembered reaches the disk, later than it was said. */
active proctype Ledger() {
  end: do
  /* The session heard of the last release after the ledger did: its end comes after the strikes. */
  :: d_step { (d_state != s_state || d_granted != s_granted || d_hold != s_hold || d_held != s_held ||
       d_held_forced != s_held_forced) &&
       (s_state != ended || (d_process == v_process && d_directory == v_directory)) ->
       d_state = s_state; d_granted = s_granted; d_hold = s_hold; d_held = s_held; d_held_forced = s_held_forced }
  :: d_step { d_process && !v_process -> d_process = false }
  :: d_step { !d_process && d_directory && !v_directory -> d_directory = false }
  :: atomic { v_wants_tombstone -> v_wants_tombstone = false; d_tombstone = true; vm ! saved }
  :: d_step { s_unconfirmed && d_hold -> s_unconfirmed = false; w_confirmed = true }
  od
}

active proctype World() {
  end: do
  :: atomic { w_stopping && w_runs -> w_runs = false; vm ! exited }
  :: atomic { w_connected && keeps > 0 && s_asking -> keeps--; session ! keep, false }
  :: atomic { w_connected && s_asking -> session ! consent, false; w_connected = false }
  :: d_step { w_connected -> w_connected = false }
  :: atomic { removals > 0 -> removals--; reaper ! remove, false }
  :: atomic { forces > 0 -> forces--; reaper ! remove, true }
  :: atomic { holds > 0 -> holds--; session ! hold, false }
  :: atomic { w_confirmed && nfull(session) -> w_confirmed = false; session ! clear, false }
  :: atomic { deaths > 0 -> deaths--;
       do :: session ? _, _ :: empty(session) -> break od;
       do :: reaper ? _, _ :: empty(reaper) -> break od;
       do :: vm ? _ :: empty(vm) -> break od;
       s_state = d_state; s_granted = d_granted; s_hold = d_hold; s_held = d_held; s_held_forced = d_held_forced;
       s_asking = false; s_allowed = false; s_unconfirmed = false;
       r_open = false; r_forced = false; r_waits = false;
       v_token = false; v_wants_tombstone = false; v_process = d_process; v_directory = d_directory;
#ifdef FORGETFUL
       v_directory = false;
#endif
       v_gone = !v_process && !v_directory;
       v_exited = false;
       if :: !w_runs && !v_gone -> vm ! exited :: else fi;
       if :: v_gone -> session ! dismantled, false :: else fi;
       /* The next reaper hears of what is not over; who held and never heard the end clears again. */
#ifndef SILENT_RESTART
       if
       :: s_state != ended && s_granted -> r_open = true; session ! propose, false
       :: s_state != ended && !s_granted && (s_held || s_state == retiring) ->
          r_open = true; r_forced = s_held_forced; session ! propose, s_held_forced
       :: else
       fi;
#endif
       w_confirmed = d_hold }
  od
}

/* Nothing more can happen. */
active proctype Rest() {
  end: timeout ->
    assert(s_hold || (s_state == ended && d_state == ended && !w_process && !w_directory && !w_runs &&
                      !d_process && !d_directory))
}
