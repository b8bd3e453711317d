package cmdutil

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

type row struct {
	ID     string
	Name   string
	Labels map[string]string
}

// Count is a method column: its heading must be named.
func (row) Count() int { return 2 }

// Label is a column with an argument.
func (r row) Label(key string) string { return r.Labels[key] }

func listFormat(format string) ListFormat {
	return ListFormat{
		Command: "ps",
		Format:  format,
		Default: "{{.ID}}\t{{.Name}}\t{{.Count}}\n",
		Headers: map[string]string{"ID": "pod id", "Count": "# of containers"},
		Indent:  2,
	}
}

func TestRenderList(t *testing.T) {
	rows := []row{{ID: "0123456789ab", Name: "web", Labels: map[string]string{"a": "<b>"}}, {ID: "x", Name: "a-name-beyond-twelve"}}
	tests := []struct {
		name, format string
		rows         []row
		want         string
	}{
		{"default_is_a_table", "", rows, "" +
			"POD ID        NAME                  # OF CONTAINERS\n" +
			"0123456789ab  web                   2\n" +
			"x             a-name-beyond-twelve  2\n"},
		{"default_without_rows_has_its_header", "", nil, "POD ID      NAME        # OF CONTAINERS\n"},
		{"a_template_runs_for_each_row", "{{.ID}} {{.Name}}", rows, "0123456789ab web\nx a-name-beyond-twelve\n"},
		{"a_template_without_rows_prints_nothing", "{{.ID}}", nil, ""},
		{"typed_escapes_count", `{{.ID}}\t{{.Name}}\nx`, rows[1:], "x\ta-name-beyond-twelve\nx\n"},
		{"own_range_is_kept", "{{range .}}<{{.ID}}>{{end}}", rows, "<0123456789ab><x>\n"},
		{"table_prefix_brings_headers_and_columns", "table {{.ID}} {{.Count}}", rows, "" +
			"POD ID        # OF CONTAINERS\n" +
			"0123456789ab  2\n" +
			"x             2\n"},
		{"a_label_is_headed_by_its_key", `table {{.ID}} {{.Label "a"}}`, rows, "" +
			"POD ID        A\n" +
			"0123456789ab  <b>\n" +
			"x             \n"},
		{"functions", `{{upper .Name}} {{lower "A"}} {{title "ab"}} {{join (split "a,b" ",") "-"}} {{truncate .ID 3}} [{{pad "x" 1 2}}]`, rows[:1], "WEB a Ab a-b 012 [ x  ]\n"},
		{"json_function", "{{json .Labels}}", rows[:1], `{"a":"<b>"}` + "\n"},
		{"json_dot_is_a_template", "{{json .}}", rows[1:], `{"ID":"x","Name":"a-name-beyond-twelve","Labels":null}` + "\n"},
		{"json", "json", rows[:1], "[\n  {\n    \"ID\": \"0123456789ab\",\n    \"Name\": \"web\",\n    \"Labels\": {\n      \"a\": \"<b>\"\n    }\n  }\n]\n"},
		{"json_in_braces", " {{ json }} ", nil, "[]\n"},
		{"json_without_rows_is_an_empty_list", "json", nil, "[]\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			require.NoError(t, RenderList(&out, listFormat(test.format), test.rows))
			require.Equal(t, test.want, out.String())
		})
	}
}

func TestRenderListErrors(t *testing.T) {
	tests := []struct {
		name, format, want, out string
	}{
		{"unclosed_string", `{{"x`, "template: ps:1: unterminated quoted string", ""},
		{"unknown_function", "{{x .ID}}", `template: ps:1: function "x" not defined`, ""},
		{"unknown_field", "{{.Nope}}", `template: ps:1:13: executing "ps" at <.Nope>: can't evaluate field Nope in type cmdutil.row`, ""},
		{"text_before_the_unknown_field_is_out", "{{.ID}} {{.Nope}}", `template: ps:1:21: executing "ps" at <.Nope>: can't evaluate field Nope in type cmdutil.row`, "x "},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			require.EqualError(t, RenderList(&out, listFormat(test.format), []row{{ID: "x"}}), test.want)
			require.Equal(t, test.out, out.String())
		})
	}
}

func TestRenderListOptions(t *testing.T) {
	f := listFormat("")
	f.NoHeading = true
	var out bytes.Buffer
	require.NoError(t, RenderList(&out, f, []*row{{ID: "x", Name: "web"}}))
	require.Equal(t, "x           web         2\n", out.String())

	f = listFormat("json")
	f.JSON = []int{1}
	f.Indent = 0
	out.Reset()
	require.NoError(t, RenderList(&out, f, []row{}))
	require.Equal(t, "[1]\n", out.String())
}

func TestRenderOne(t *testing.T) {
	const fallback = "Name:\t{{.Name}}\nA longer key:\t{{.ID}}\n"
	for format, want := range map[string]string{
		"":          "Name:          web\nA longer key:  x\n",
		"{{.Name}}": "web\n",
		"json":      `{"ID":"x","Name":"web","Labels":null}` + "\n",
	} {
		var out bytes.Buffer
		require.NoError(t, RenderOne(&out, "version", format, fallback, 0, row{ID: "x", Name: "web"}))
		require.Equal(t, want, out.String())
	}
}

func TestRenderListPrintsARowAsItsRawObject(t *testing.T) {
	type shown struct {
		Raw
		Name string
	}
	rows := []shown{{RawOf(map[string]string{"name": "<web>"}), "WEB"}}
	var out bytes.Buffer
	require.NoError(t, RenderList(&out, ListFormat{Command: "ps", Format: "{{.Name}} {{json .}}"}, rows))
	require.Equal(t, "WEB {\"name\":\"<web>\"}\n", out.String())
}
