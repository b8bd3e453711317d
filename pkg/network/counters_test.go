package network

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseCounters(t *testing.T) {
	const heading = "Inter-|   Receive                                                |  Transmit\n" +
		" face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n"
	for name, tc := range map[string]struct {
		text           string
		received, sent uint64
		fails          bool
	}{
		"the_loopback_interface_does_not_count": {heading + "    lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0       0          0\n", 0, 0, false},
		"interfaces_are_added_up": {heading +
			"  eth0:    1116      14    0    0    0     0          0         0      446       5    0    0    0     0       0          0\n" +
			"  eth1:4        1    0    0    0     0          0         0        6       1    0    0    0     0       0          0\n", 1120, 452, false},
		"what_is_no_number_is_an_error": {heading + "eth0: x 0 0 0 0 0 0 0 0 0\n", 0, 0, true},
		"nothing":                       {"", 0, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			received, sent, err := parseCounters(tc.text)
			require.Equal(t, tc.fails, err != nil)
			require.Equal(t, [2]uint64{tc.received, tc.sent}, [2]uint64{received, sent})
		})
	}
}

func TestCounters(t *testing.T) {
	for name, pid := range map[string]int{"our_own_traffic_is_nobody's": os.Getpid(), "a_process_that_is_gone_has_none": 1 << 30} {
		t.Run(name, func(t *testing.T) {
			received, sent, err := Counters(pid)
			require.NoError(t, err)
			require.Zero(t, received+sent)
		})
	}
}
