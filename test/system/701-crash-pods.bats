#!/usr/bin/env bats
# Whatever kills podctl in the midst of a verb on pods, of a network's, or of an
# exit command, the next command puts things right; a signal that can be heeded
# leaves nothing half done (hack/crashsweep.sh).

load helpers
load sweeps

@test "kill -9 of pod create" { crash_sweep pod-create; }
@test "kill -9 of pod start" { crash_sweep pod-start; }
@test "kill -9 of pod stop" { crash_sweep pod-stop; }
@test "kill -9 of pod rm" { crash_sweep pod-rm; }
@test "kill -9 of network connect" {
  requires root # a user's containers are on no network that others can be added to
  crash_sweep connect
}
@test "kill -9 of the exit command" { crash_sweep exit-command; }
@test "kill -9 of an exit command that restarts" { crash_sweep exit-command-restart; }
@test "SIGTERM of run, stop, restart and pod rm" { crash_sweep -S TERM -n 3 run stop restart pod-rm; }
