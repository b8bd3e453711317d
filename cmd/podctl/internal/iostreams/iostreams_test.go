package iostreams

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTestStreams(t *testing.T) {
	ios, in, out, errOut := Test()
	in.WriteString("typed")
	got := make([]byte, 5)
	_, err := ios.In.Read(got)
	require.NoError(t, err)
	require.Equal(t, "typed", string(got))

	_, _ = ios.Out.Write([]byte("result"))
	_, _ = ios.ErrOut.Write([]byte("warning"))
	require.Equal(t, "result", out.String())
	require.Equal(t, "warning", errOut.String())
	require.False(t, ios.InIsTerminal() || ios.OutIsTerminal() || ios.ErrIsTerminal())
	require.Equal(t, DefaultWidth, ios.Width())

	ios.ForceTerminals(true, false, true, 132)
	require.True(t, ios.InIsTerminal())
	require.False(t, ios.OutIsTerminal())
	require.True(t, ios.ErrIsTerminal())
	require.Equal(t, 132, ios.Width())
}

func TestStreamsThatAreNoTerminals(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "out"))
	require.NoError(t, err)
	defer f.Close()
	ios := System()
	ios.In, ios.Out, ios.ErrOut = f, f, nil
	require.False(t, ios.InIsTerminal() || ios.OutIsTerminal() || ios.ErrIsTerminal())
	require.Equal(t, DefaultWidth, ios.Width())

	file, ok := File(ios.Out)
	require.True(t, ok)
	require.Same(t, f, file)
	_, ok = File(&struct{}{})
	require.False(t, ok)
}
