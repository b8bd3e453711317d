package cmdutil

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// WriteColumns writes rows so that their columns stand below each other.
func WriteColumns(to io.Writer, rows [][]string) error {
	const minWidth, tabWidth, padding = 12, 2, 2
	w := tabwriter.NewWriter(to, minWidth, tabWidth, padding, ' ', 0)
	for _, row := range rows {
		if _, err := fmt.Fprintln(w, strings.Join(row, "\t")); err != nil {
			return err
		}
	}
	return w.Flush()
}
