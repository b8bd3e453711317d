package container

import (
	"testing"

	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/stretchr/testify/require"
)

// every is all states in the order of the rows below; Unknown stands for a row
// that cannot be read and "walking" for a word nobody wrote.
var every = []State{Creating, Created, Initialized, Running, Paused, Stopping, Stopped, Exited, Removing, Unknown, "walking"}

// TestCheck lists every state with every operation: A acts, N has nothing to
// do, - refuses.
func TestCheck(t *testing.T) {
	verdicts := map[byte]Verdict{'A': Act, 'N': Nothing, '-': Refuse}
	for op, row := range map[Operation]string{
		//           c c i r p s s e r u ?
		//           r r n u a t t x e n
		OpInit:    "-A----AA---",
		OpStart:   "-AAN--AA---",
		OpStartIn: "-AAN--AA---",
		OpStop:    "-NAA-AAN---",
		OpRestart: "-AAA--AA---",
		OpKill:    "---AAA-----",
		OpPause:   "---A-------",
		OpUnpause: "----A------",
		OpExec:    "---A-------",
		OpAttach:  "---A-------",
		OpTop:     "---A-------",
		OpRemove:  "-AA---AAA--",
		OpCleanup: "-NA--AAN---",
	} {
		require.Len(t, row, len(every), op)
		for i, s := range every {
			t.Run(string(op)+"/"+string(s), func(t *testing.T) {
				got, err := Check(op, "c1", s)
				require.Equal(t, verdicts[row[i]], got)
				if got != Refuse {
					require.NoError(t, err)
					return
				}
				require.ErrorIs(t, err, errdefs.ErrInvalidState)
				if op != OpAttach && op != OpTop { // scripts know those two without
					require.ErrorContains(t, err, "container state improper")
				}
			})
		}
	}
}

func TestCheckKnowsEveryOperation(t *testing.T) {
	for _, op := range []Operation{OpInit, OpStart, OpStartIn, OpStop, OpRestart, OpKill, OpPause, OpUnpause, OpExec, OpAttach, OpTop, OpRemove, OpCleanup} {
		require.Contains(t, transitions, op)
	}
	_, err := Check("dance", "c1", Running)
	require.ErrorIs(t, err, errdefs.ErrInvalidState)
}

func TestRefusalsSay(t *testing.T) {
	for _, tc := range []struct {
		op    Operation
		state State
		want  string
	}{
		{OpInit, Running, "container c1 has already been created in runtime: container state improper"},
		{OpStart, Paused, "container c1 must be in Created or Stopped state to be started: container state improper"},
		{OpStartIn, Paused, "cannot start paused container c1: container state improper"},
		{OpStart, Stopping, "container c1 must be in Created or Stopped state to be started: container state improper"},
		{OpRestart, Paused, "unable to restart a container in a paused or unknown state: container state improper"},
		{OpKill, Exited, "can only kill running containers. c1 is in state exited: container state improper"},
		{OpPause, Paused, `"c1" is already paused: container state improper`},
		{OpPause, Exited, `"exited" is not running, can't pause: container state improper`},
		{OpUnpause, Running, `"c1" is not paused, can't unpause: container state improper`},
		{OpExec, Created, "can only create exec sessions on running containers: container state improper"},
		{OpAttach, Initialized, "you can only attach to running containers"},
		{OpTop, Paused, "top can only be used on running containers"},
		{OpRemove, Running, "cannot remove container c1 as it is running - running or paused containers cannot be removed without force: container state improper"},
		{OpRemove, Paused, "cannot remove container c1 as it is paused - running or paused containers cannot be removed without force: container state improper"},
		{OpCleanup, Running, "container c1 is running or paused, refusing to clean up: container state improper"},
	} {
		t.Run(string(tc.op)+"/"+string(tc.state), func(t *testing.T) {
			_, err := Check(tc.op, "c1", tc.state)
			require.EqualError(t, err, tc.want)
		})
	}
}

func TestStatesThatRowsMayHave(t *testing.T) {
	for _, s := range every {
		require.Equal(t, s != Unknown && s != "walking", s.Valid(), s)
	}
}

func TestStatesWithAProcess(t *testing.T) {
	for i, want := range "FFTTTTFFFFF" {
		require.Equal(t, want == 'T', every[i].HasProcess(), every[i])
	}
}
