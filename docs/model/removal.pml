/*
 * Removal and locking in podctl, for spin: one pod, three containers, three
 * processes that may be killed. hack/model.sh checks it; README.md explains.
 *
 * Container 2 depends on 1, and 1 on 0, which is the infra container. Each
 * process carries out one verb of its choice. What the engine does in one
 * transaction is one atomic here; all else may be cut by other processes, and by
 * a kill, between any two lines. When all have ended, one more command comes.
 */

#ifndef KILLS
#define KILLS 1		/* processes that are killed, at any instant */
#endif
#ifndef FAILURES
#define FAILURES 1	/* removals that fail on the host (a busy mount) */
#endif

#define N	3	/* containers; also processes */
#define POD	3	/* the pod, among locks and owners */
#define NOBODY	255
#define LAST	3	/* the process that comes last */

#define ALIVE(p)	((p) != NOBODY && alive[p])

/* The database. */
bool row[N];				/* the container has a row */
bool up[N];				/* which says that it runs */
mtype = { none, create, start, remove };
mtype intent[N] = none;			/* what somebody does to it, and who */
byte owner[N] = NOBODY;
bool starting[N];			/* a removal was claimed while somebody started it */
bool pod = true, removing;		/* the pod's row, its state and owner */
byte podowner = NOBODY;

/* The host: layer and mounts of a container, all in one, and its process. */
bool host[N], process[N];

/* Locks die with their holder. */
byte lock[N + 1] = NOBODY;
bool alive[LAST + 1] = true;
byte kills, failures, ended;
bool orphaned;				/* who removed the pod was killed */

#define DEPENDED_ON(c)	((c) < N - 1 && row[(c) + 1])

inline take(l)	{ atomic { lock[l] == NOBODY -> lock[l] = me } }
inline give(l)	{ lock[l] = NOBODY }

/* Here the process may be killed. */
inline mortal() {
	if
	:: true
	:: atomic { me != LAST && kills < KILLS -> kills++; goto dead }
	fi
}

inline settled(c) { intent[c] = none; owner[c] = NOBODY; starting[c] = false }

/* takeDown: a process is looked for only if something says that there may be one. */
inline take_down(c) {
	if
	:: up[c] || starting[c] || intent[c] == start -> process[c] = false
	:: else
	fi
}

/* unclaim: a removal is given up. What the row does not say is left for recovery. */
inline unclaim(c) {
	if
#ifndef BROKEN_FORGETS
	:: starting[c] -> settled(c); intent[c] = start
#endif
	:: else -> settled(c)
	fi
}

/*
 * removeLocked: claim, host, row, under the container's lock. gone says whether it
 * went. Nothing is touched while another container depends on it.
 */
inline remove_locked(c) {
	gone = false;
	atomic { /* claimLocked */
		go = row[c];
#ifndef BROKEN_ABANDONED
		go = go && !DEPENDED_ON(c);
#endif
		gone = !row[c];
#ifndef BROKEN_CLAIM
		if
		:: go && intent[c] != create -> starting[c] = starting[c] || intent[c] == start; intent[c] = remove; owner[c] = me
		:: else
		fi
#endif
	}
	if
	:: !go
	:: go ->
		if
		:: me != LAST && failures < FAILURES -> failures++
		:: true ->
			/* Guarantee 1: what depends on it is not there. */
			assert(!DEPENDED_ON(c));
			atomic { take_down(c); host[c] = false }
			mortal();
			atomic {
				assert(!DEPENDED_ON(c));
				row[c] = false; up[c] = false; settled(c); gone = true
			}
		fi
	fi
}

/* claimRemoval, in the caller's transaction. What another makes or removes stays
 * his until we have the lock. */
inline claim_removal(c) {
	if
	:: row[c] && intent[c] != create && !(intent[c] == remove && ALIVE(owner[c])) ->
		starting[c] = starting[c] || intent[c] == start; intent[c] = remove; owner[c] = me
	:: else
	fi
}

/*
 * walkRemoval: from..2, dependents first, one lock at a time. A failure keeps what
 * comes after it, which is given up again; whole says that there was none.
 */
inline walk_removal(from) {
	atomic { whole = true; i = N }
	do
	:: i > from && whole ->
		atomic {
#ifndef BROKEN_ORDER
			i--; at = i;
#else
			i--; at = from + (N - 1 - i);
#endif
			take(at)
		}
		remove_locked(at);
		atomic { whole = gone; give(at) }
		mortal()
	:: else -> break
	od;
	atomic {
		for (i : 0 .. N - 1) {
			if
			:: !whole && row[i] && intent[i] == remove && owner[i] == me -> unclaim(i)
			:: else
			fi
		}
		i = 0
	}
}

/* RemovePod: pod lock, gate, walk, row. */
inline remove_pod() {
	take(POD);
	atomic {
		go = pod;
		if
		:: pod ->
			removing = true; podowner = me;
			for (i : 0 .. N - 1) { claim_removal(i) }
		:: else
		fi;
		i = 0
	}
	if
	:: go ->
		mortal();
		walk_removal(0);
		atomic {
			assert(whole || failures > 0);	/* nothing else can hinder it */
			if
			:: whole -> assert(!row[0] && !row[1] && !row[2]); pod = false
			:: else
			fi;
			removing = false; podowner = NOBODY
		}
	:: else
	fi;
	give(POD)
}

/* rm --depend of a container: the set is claimed at once. */
inline remove_container(c) {
	atomic {
		go = !removing;
		for (i : c .. N - 1) {
			if
			:: go -> claim_removal(i)
			:: else
			fi
		}
		i = 0
	}
	if
	:: go ->
#ifdef BROKEN_LOCKS
		take(c); take(POD); give(POD); give(c);
#endif
		mortal(); walk_removal(c)
	:: else
	fi
}

/* create of container 2: gate, host, record; under its lock. */
inline create_container() {
	take(2);
	atomic {
		go = pod && !removing && !row[2] && row[1] && intent[1] != remove;
		if
		:: go -> row[2] = true; intent[2] = create; owner[2] = me
		:: else
		fi
	}
	if
	:: go ->
		mortal();
		host[2] = true;
		mortal();
		atomic { settled(2) }
	:: else
	fi;
	give(2)
}

/* start of a container after what it needs: gate, host, record; one lock at a time. */
inline start_container(c) {
	go = true; i = 0;
	do
	:: go && i <= c ->
		take(i);
		atomic {
			go = row[i] && pod && !removing && intent[i] == none && (i == 0 || (up[i - 1] && intent[i - 1] != remove));
			if
			:: go && !up[i] -> intent[i] = start; owner[i] = me
			:: else
			fi
		}
		if
		:: go && !up[i] ->
#ifdef BROKEN_GATE
			/* decided before, recorded as if nothing could have happened since */
			give(i);
#endif
			atomic { host[i] = true; process[i] = true }
			mortal();
			atomic { /* conclude: a removal decided meanwhile stands */
				if
				:: row[i] ->
					up[i] = true;
					if
					:: intent[i] == start -> settled(i)
					:: else
					fi
				:: else
				fi
			}
		:: else
		fi;
		atomic {
			if
			:: lock[i] == me -> give(i)
			:: else
			fi;
			i++
		}
	:: else -> break
	od;
	i = 0
}

/* recover: what every verb begins with. Containers that somebody is at are left. */
inline recover() {
	j = N;
	do
	:: j > 0 ->
		atomic {
			j--;
			busy = intent[j] == none || ALIVE(owner[j]) || (removing && !ALIVE(podowner)) || lock[j] != NOBODY;
			if
			:: !busy -> lock[j] = me
			:: else
			fi
		}
		if
		:: !busy ->
			if
			:: intent[j] == none || ALIVE(owner[j]) /* settled by now */
			:: intent[j] == remove && !ALIVE(owner[j]) ->
				remove_locked(j);
				if
				:: !gone && DEPENDED_ON(j) -> atomic { unclaim(j); take_down(j); settled(j) } /* it has to stay */
				:: else
				fi
			:: intent[j] == start && !ALIVE(owner[j]) ->
				take_down(j);
				mortal();
				atomic { settled(j) } /* its mounts are gone, its layer stays */
			:: intent[j] == create && !ALIVE(owner[j]) ->
				host[j] = false; mortal();
				atomic { row[j] = false; settled(j) }
			fi;
			give(j)
		:: else
		fi
	:: else -> break
	od;
	/* The row is read, then it is seen that the owner is dead. Meanwhile the owner
	 * may have given the removal up, and ended. */
	atomic { busy = pod && removing; at = podowner }
	if
	:: busy && !ALIVE(at) ->
#ifndef BROKEN_STALE
		atomic { /* inheritPod */
			if
			:: pod && removing && !ALIVE(podowner) -> podowner = me
			:: else -> busy = false
			fi
		}
#endif
		if
		:: busy -> assert(orphaned); remove_pod() /* nobody else asked for it */
		:: else
		fi
	:: else
	fi
}

proctype command(byte me; byte verb) {
	bool go, gone, whole, busy;
	byte i, j, at;

#ifndef BROKEN_RECOVERY
	recover();
#endif
	if
	:: me == LAST
	:: me != LAST && verb == 0 -> remove_pod()
	:: me != LAST && verb == 1 -> remove_container(1)
	:: me != LAST && verb == 2 -> create_container()
	:: me != LAST && verb == 3 -> start_container(2)
	fi;
	goto done;
dead:	/* kill -9 */
	if
	:: podowner == me -> orphaned = true
	:: else
	fi;
done:
	skip;
	atomic {
		for (i : 0 .. POD) {
			if
			:: lock[i] == me -> lock[i] = NOBODY
			:: else
			fi
		}
		alive[me] = false; ended++
	}
}

init {
	byte c, v, w;
	atomic {
		for (c : 0 .. N - 2) { row[c] = true; host[c] = true; up[c] = true; process[c] = true }
		c = 0
	}
	if	/* container 2 may be there, or be created */
	:: atomic { row[2] = true; host[2] = true }
	:: skip
	fi;
	atomic { /* any three verbs; who has which makes no difference */
		select(c : 0 .. 3); select(v : c .. 3); select(w : v .. 3);
		run command(0, c); run command(1, v); run command(2, w)
	}
	ended == N;
	run command(LAST, 0);
	ended == N + 1;
	/* Recovery: nothing is stuck, nobody waits, nothing is left over. */
	atomic {
		assert(!removing);
		for (c : 0 .. N - 1) {
			assert(intent[c] == none);
			assert(lock[c] == NOBODY);
			assert(pod || !row[c]);		/* no container without its pod */
			assert(row[c] || !host[c]);	/* nothing on the host without a row */
			assert(!process[c] || up[c]);	/* nor a process that it does not tell of */
			assert(c == 0 || !row[c] || row[c - 1]);
		}
		assert(lock[POD] == NOBODY)
	}
}
