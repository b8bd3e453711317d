package container

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/errdefs"
)

func TestParseIDMaps(t *testing.T) {
	sub := IDMappings{UID: []IDMap{{0, 300000, 65536}}, GID: []IDMap{{0, 400000, 65536}}}
	user := IDMappings{UID: []IDMap{{0, 1000, 1}, {1, 100000, 65536}}, GID: []IDMap{{0, 1000, 1}, {1, 100000, 65536}}}
	for _, tc := range []struct {
		name           string
		uids, gids     []string
		in             IDRanges
		wantUID, wantG []IDMap
	}{
		{"one_list_is_both", []string{"0:1000:10"}, nil, IDRanges{}, []IDMap{{0, 1000, 10}}, []IDMap{{0, 1000, 10}}},
		{"groups_are_both", nil, []string{"0:1000:10"}, IDRanges{}, []IDMap{{0, 1000, 10}}, []IDMap{{0, 1000, 10}}},
		{"two_lists", []string{"0:1000:10"}, []string{"0:2000:5"}, IDRanges{}, []IDMap{{0, 1000, 10}}, []IDMap{{0, 2000, 5}}},
		{"a_length_is_one", []string{"0:1000"}, nil, IDRanges{}, []IDMap{{0, 1000, 1}}, []IDMap{{0, 1000, 1}}},
		{"sorted", []string{"5:9:1", "0:100:5"}, nil, IDRanges{}, []IDMap{{0, 100, 5}, {5, 9, 1}}, []IDMap{{0, 100, 5}, {5, 9, 1}}},
		{"names_alone", nil, nil, IDRanges{Base: sub}, sub.UID, sub.GID},
		{"given_replaces_names", []string{"0:7:1"}, nil, IDRanges{Base: sub}, []IDMap{{0, 7, 1}}, []IDMap{{0, 7, 1}}},
		{
			"plus_adds_to_names", []string{"+7:77:1"}, nil, IDRanges{Base: sub},
			[]IDMap{{0, 300000, 7}, {7, 77, 1}, {8, 300008, 65528}}, []IDMap{{0, 400000, 7}, {7, 77, 1}, {8, 400008, 65528}},
		},
		{
			"plus_adds_to_everything", []string{"+u5:9"}, []string{"0:0:10"}, IDRanges{},
			// Neither 5 in the container nor 9 on the host can be mapped twice.
			[]IDMap{{0, 0, 5}, {5, 9, 1}, {6, 6, 3}, {10, 10, math.MaxUint32 - 10}}, []IDMap{{0, 0, 10}},
		},
		{"kinds", []string{"u0:1000:10", "g0:2000:10"}, nil, IDRanges{}, []IDMap{{0, 1000, 10}}, []IDMap{{0, 2000, 10}}},
		{"kinds_in_the_other_list", []string{"0:1000:10"}, []string{"g0:2000:10", "u50:50:1"}, IDRanges{}, []IDMap{{0, 1000, 10}, {50, 50, 1}}, []IDMap{{0, 2000, 10}}},
		{"at_means_the_hosts", []string{"0:@100005:2"}, nil, IDRanges{Parent: user}, []IDMap{{0, 6, 2}}, []IDMap{{0, 6, 2}}},
		{"at_means_nothing_for_root", []string{"0:@5:2"}, nil, IDRanges{}, []IDMap{{0, 5, 2}}, []IDMap{{0, 5, 2}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := ParseIDMaps(tc.uids, tc.gids, tc.in)
			require.NoError(t, err)
			require.Equal(t, &IDMappings{UID: tc.wantUID, GID: tc.wantG}, got)
		})
	}
	for _, tc := range []struct{ name, uid, want string }{
		{"no_host", "0", `uidmap "0": want CTR:HOST[:LEN]: invalid argument`},
		{"too_much", "0:1:2:3", `uidmap "0:1:2:3": want CTR:HOST[:LEN]: invalid argument`},
		{"no_number", "0:x:1", `uidmap "0:x:1": "x" is not a number of IDs: invalid argument`},
		{"negative", "0:-1:1", `uidmap "0:-1:1": "-1" is not a number of IDs: invalid argument`},
		{"empty", "0:1:0", `uidmap "0:1:0": the length is 0: invalid argument`},
		{"too_high", "0:4294967290:10", `uidmap "0:4294967290:10": the range ends above the highest ID: invalid argument`},
		{"not_ours", "0:@5:1", `uidmap "0:@5:1": not all of these IDs are yours to map: invalid argument`},
		{"no_root", "1:5:1", "uidmap: the container's ID 0 is not mapped: add 0:HOST: invalid argument"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := ParseIDMaps([]string{tc.uid}, []string{"0:1"}, IDRanges{Parent: user})
			require.EqualError(t, err, tc.want)
			require.ErrorIs(t, err, errdefs.ErrInvalidArgument)
		})
	}
	_, err := ParseIDMaps([]string{"0:1000:10", "9:5:1"}, nil, IDRanges{})
	require.EqualError(t, err, "uidmap: the ranges 0:1000:10 and 9:5:1 overlap: invalid argument")
	_, err = ParseIDMaps([]string{"0:1000:10", "20:1005:1"}, nil, IDRanges{})
	require.EqualError(t, err, "uidmap: the ranges 0:1000:10 and 20:1005:1 overlap: invalid argument")
}

func TestParseUserNSOptions(t *testing.T) {
	auto, err := ParseAutoOptions("size=2000,uidmapping=0:5:1,gidmapping=1:6:2,uidmapping=9:9")
	require.NoError(t, err)
	require.Equal(t, AutoOptions{Size: 2000, Additional: IDMappings{UID: []IDMap{{0, 5, 1}, {9, 9, 1}}, GID: []IDMap{{1, 6, 2}}}}, auto)
	_, err = ParseAutoOptions("size=2000,colour")
	require.EqualError(t, err, `option "colour" of user namespace mode auto: no such option: invalid argument`)
	_, err = ParseAutoOptions("size=many")
	require.EqualError(t, err, `option "size=many" of user namespace mode auto: "many" is not a number of IDs: invalid argument`)

	keep, err := ParseKeepIDOptions("uid=5,gid=6,size=7")
	require.NoError(t, err)
	require.Equal(t, uint32(5), *keep.UID)
	require.Equal(t, uint32(6), *keep.GID)
	require.Equal(t, uint32(7), keep.Size)
	_, err = ParseKeepIDOptions("uid=me")
	require.EqualError(t, err, `option "uid=me" of user namespace mode keep-id: "me" is not a number of IDs: invalid argument`)
}

func TestKeepID(t *testing.T) {
	for _, tc := range []struct {
		name                 string
		own, available, size uint32
		want                 []IDMap
	}{
		{"in_the_middle", 1000, 65537, 0, []IDMap{{0, 1, 1000}, {1000, 0, 1}, {1001, 1001, 64536}}},
		{"root", 0, 65537, 0, []IDMap{{0, 0, 1}, {1, 1, 65536}}},
		{"above_all", 1_000_000, 65537, 0, []IDMap{{0, 1, 65536}, {1_000_000, 0, 1}}},
		{"limited", 1000, 65537, 500, []IDMap{{0, 1, 499}, {1000, 0, 1}}},
		{"nothing_else", 1000, 1, 0, []IDMap{{1000, 0, 1}}},
	} {
		t.Run(tc.name, func(t *testing.T) { require.Equal(t, tc.want, KeepID(tc.own, tc.available, tc.size)) })
	}
	require.Equal(t, []IDMap{{0, 1, 65536}}, NoMap(65537))
}

func TestHostIDs(t *testing.T) {
	maps := &IDMappings{UID: []IDMap{{0, 1000, 10}, {10, 5, 1}}, GID: []IDMap{{0, 2000, 10}}}
	require.Equal(t, []uint32{1000, 1009, 5, 77}, []uint32{maps.HostUID(0), maps.HostUID(9), maps.HostUID(10), maps.HostUID(77)})
	require.Equal(t, uint32(2003), maps.HostGID(3))
	require.Equal(t, uint32(3), (*IDMappings)(nil).HostGID(3))
	uids, gids := (*IDMappings)(nil).OCI()
	require.Empty(t, uids)
	require.Empty(t, gids)
}
