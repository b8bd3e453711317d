package cmdutil

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"reflect"
	"strings"

	"github.com/containers/common/pkg/report"
)

// ListFormat says how a list command prints its rows.
type ListFormat struct {
	// Command names the command in template errors: its last word.
	Command string
	// Format is the value of --format: "" for Default, a JSON request, or a
	// template, possibly with a "table " prefix.
	Format string
	// Default is the template used without --format, without its range:
	// "{{.ID}}\t{{.Name}}\n". Its columns are aligned.
	Default string
	// Headers names columns whose heading is not the field name in upper
	// case. Keys are field names or method names.
	Headers map[string]string
	// NoHeading leaves the header row away; UserHeading prints it above a user's
	// template too.
	NoHeading   bool
	UserHeading bool
	// Indent is the number of blanks per level of JSON; 0 prints one line.
	Indent int
	// JSON is printed for a JSON request instead of the rows, where these
	// have another shape.
	JSON any
}

// Raw is embedded in rows whose JSON has another shape than what templates see of
// them: it makes {{json .}} print the object that a JSON request lists.
type Raw struct{ object any }

// RawOf is a Raw that prints object.
func RawOf(object any) Raw { return Raw{object} }

// MarshalJSON returns the object's JSON. Characters such as < are not escaped.
func (r Raw) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	err := PrintJSON(&out, r.object, 0)
	return out.Bytes(), err
}

// RenderList prints rows the way --format asks for. Rows is never printed as
// JSON null. Output before a template error may already be out.
func RenderList[T any](out io.Writer, f ListFormat, rows []T) error {
	if rows == nil {
		rows = []T{}
	}
	if report.IsJSON(f.Format) {
		if f.JSON != nil {
			return PrintJSON(out, f.JSON, f.Indent)
		}
		return PrintJSON(out, rows, f.Indent)
	}
	origin, text := report.OriginUser, f.Format
	if text == "" {
		origin, text = report.OriginPodman, "{{range .}}"+strings.TrimSuffix(f.Default, "\n")+"\n{{end -}}"
	}
	formatter, err := report.New(out, f.Command).Parse(origin, text)
	if err != nil {
		return err
	}
	if (formatter.RenderHeaders || f.UserHeading) && !f.NoHeading {
		if err := formatter.Execute(headings[T](f.Headers)); err != nil {
			return err
		}
	}
	return execute(formatter, rows)
}

// execute prints data, and what is printed before an error too.
func execute(formatter *report.Formatter, data any) error {
	err := formatter.Execute(data)
	return cmp.Or(err, formatter.Flush())
}

// heading is the row of column names. A placeholder with an argument is a method
// here as it is of the rows: of a map it would be an error.
type heading map[string]string

// Label heads the column of one label.
func (heading) Label(key string) string { return strings.ToUpper(key) }

// headings makes a row of column names. A row type may be a struct or a
// pointer to one.
func headings[T any](named map[string]string) []heading {
	row := reflect.TypeFor[T]()
	if row.Kind() == reflect.Pointer {
		row = row.Elem()
	}
	var rows []heading
	for _, names := range report.Headers(reflect.New(row).Interface(), named) {
		rows = append(rows, names)
	}
	return rows
}

// RenderOne prints one object: as JSON on request, else by template, with
// fallback as the template when format is empty. Columns of the fallback, and of
// a table, are aligned.
func RenderOne(out io.Writer, command, format, fallback string, indent int, object any) error {
	if report.IsJSON(format) {
		return PrintJSON(out, object, indent)
	}
	origin := report.OriginUnknown
	if format == "" {
		origin, format = report.OriginPodman, fallback
	}
	formatter, err := report.New(out, command).Parse(origin, format)
	if err != nil {
		return err
	}
	if strings.HasPrefix(format, "table ") {
		object = []any{object} // a table ranges over its rows
	}
	return execute(formatter, object)
}

// IsJSON says whether a --format value asks for JSON.
func IsJSON(format string) bool { return report.IsJSON(format) }

// PrintJSON prints value and a newline. Characters such as < are not escaped.
// Indent is the number of blanks per level; 0 prints one line.
func PrintJSON(out io.Writer, value any, indent int) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	if indent > 0 {
		encoder.SetIndent("", strings.Repeat(" ", indent))
	}
	return encoder.Encode(value)
}
