#!/usr/bin/env bats
# Whatever kills podctl in the midst of a verb on containers, the next command puts
# things right (hack/crashsweep.sh).

load helpers
load sweeps

@test "kill -9 of create" { crash_sweep create; }
@test "kill -9 of run" { crash_sweep run; }
@test "kill -9 of start" { crash_sweep start; }
@test "kill -9 of stop" { crash_sweep stop; }
@test "kill -9 of restart" { crash_sweep restart; }
@test "kill -9 of rm" { crash_sweep rm; }
@test "kill -9 of exec" { crash_sweep exec; }
@test "kill -9 of container cleanup" { crash_sweep cleanup; }
