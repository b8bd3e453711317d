package kube

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestQuantity(t *testing.T) {
	for _, test := range []struct {
		text         string
		value, milli int64
	}{
		{"0", 0, 0}, {"1", 1, 1000}, {"500m", 1, 500}, {"0.5", 1, 500}, {".5", 1, 500}, {"2.", 2, 2000}, {"1k", 1000, 1000000},
		{"64Mi", 64 << 20, 64000 << 20}, {"1.5Gi", 3 << 29, 1500 << 30}, {"1e3", 1000, 1000000}, {"1E3", 1000, 1000000},
		{"1M", 1000000, 1000000000}, {"100u", 1, 1}, {"1n", 1, 1}, {"-3", -3, -3000},
	} {
		q, err := ParseQuantity(test.text)
		require.NoError(t, err, test.text)
		value, err := q.Value()
		require.NoError(t, err, test.text)
		milli, err := q.MilliValue()
		require.NoError(t, err, test.text)
		require.Equal(t, []int64{test.value, test.milli}, []int64{value, milli}, test.text)
	}
	for _, text := range []string{"", "x", "1x", "1Mb", "Mi", ".", "1mi", "1 k"} {
		_, err := ParseQuantity(text)
		require.EqualError(t, err, `"`+text+`" is not a quantity such as 500m, 1.5 or 64Mi`)
	}
	huge, err := ParseQuantity("100E")
	require.NoError(t, err)
	_, err = huge.Value()
	require.EqualError(t, err, "quantity cannot be represented as int64: 100E")
	none, err := Quantity{}.Value()
	require.NoError(t, err)
	require.Zero(t, none)
}

func TestQuantityIsReadAndWritten(t *testing.T) {
	var list ResourceList
	require.NoError(t, json.Unmarshal([]byte(`{"cpu": 2, "memory": "64Mi", "half": 0.5, "none": null}`), &list))
	require.Equal(t, []string{"2", "64Mi", "0.5", ""}, []string{list["cpu"].String(), list["memory"].String(), list["half"].String(), list["none"].String()})
	require.Error(t, json.Unmarshal([]byte(`{"cpu": "two"}`), &list))
	for q, want := range map[*Quantity]string{
		ptr(NewBytes(64 << 20)): `"64Mi"`, ptr(NewBytes(1000)): `"1000"`, ptr(NewBytes(3 << 10)): `"3Ki"`, ptr(NewBytes(0)): `"0"`,
		ptr(NewMilliQuantity(250)): `"250m"`, ptr(NewMilliQuantity(2000)): `"2"`,
	} {
		text, err := json.Marshal(q)
		require.NoError(t, err)
		require.Equal(t, want, string(text))
	}
}

func TestIntOrString(t *testing.T) {
	var ports []IntOrString
	require.NoError(t, json.Unmarshal([]byte(`[80, "81", "http"]`), &ports))
	require.Equal(t, []IntOrString{{Int: 80}, {Int: 81}, {Name: "http"}}, ports)
	text, err := json.Marshal(ports)
	require.NoError(t, err)
	require.JSONEq(t, `[80, 81, "http"]`, string(text))
	require.Error(t, json.Unmarshal([]byte(`[{}]`), &ports))
}

func ptr[T any](v T) *T { return &v }
