package cmdutil

import (
	"fmt"
	"strconv"
)

// Nothing stands in tables for an amount that is not there.
const Nothing = "--"

// AmountPair shows two amounts of bytes: "1.2kB / 648B" or, when both are zero,
// "-- / --". size is units.HumanSize or units.BytesSize.
func AmountPair(a, b uint64, size func(float64) string) string {
	if a == 0 && b == 0 {
		return Nothing + " / " + Nothing
	}
	return size(float64(a)) + " / " + size(float64(b))
}

// Percent shows a percentage with two digits.
func Percent(p float64) string { return fmt.Sprintf("%.2f%%", p) }

// Count shows a number, "--" for zero.
func Count(n uint64) string {
	if n == 0 {
		return Nothing
	}
	return strconv.FormatUint(n, 10)
}
