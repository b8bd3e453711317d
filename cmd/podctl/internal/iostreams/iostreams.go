package iostreams

import (
	"bytes"
	"io"
	"os"

	"golang.org/x/term"
)

// DefaultWidth is the width assumed where no terminal tells another.
const DefaultWidth = 80

// IOStreams is where a command reads from and writes to.
type IOStreams struct {
	// In is standard input.
	In io.Reader
	// Out takes results. The global flag --out replaces it by a file.
	Out io.Writer
	// ErrOut takes errors, warnings and logs: all but results and questions.
	ErrOut io.Writer
	// ContainerOut takes what an attached container prints. It stays the
	// real standard output when --out redirects Out.
	ContainerOut io.Writer

	forced *terminals
}

// terminals are terminal facts set by a test instead of asked of the kernel.
type terminals struct {
	in, out, errOut bool
	width           int
}

// System returns the streams of this process. It makes no system call;
// whether a stream is a terminal is asked when somebody wants to know.
func System() *IOStreams {
	return &IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr, ContainerOut: os.Stdout}
}

// Test returns streams over three buffers, none of them a terminal. What an
// attached container prints goes to out too.
func Test() (ios *IOStreams, in, out, errOut *bytes.Buffer) {
	in, out, errOut = &bytes.Buffer{}, &bytes.Buffer{}, &bytes.Buffer{}
	ios = &IOStreams{In: in, Out: out, ErrOut: errOut, ContainerOut: out, forced: &terminals{width: DefaultWidth}}
	return ios, in, out, errOut
}

// ForceTerminals states which streams count as terminals and how wide they
// are. For tests.
func (s *IOStreams) ForceTerminals(in, out, errOut bool, width int) {
	s.forced = &terminals{in: in, out: out, errOut: errOut, width: width}
}

// InIsTerminal says whether a person types the input.
func (s *IOStreams) InIsTerminal() bool {
	if s.forced != nil {
		return s.forced.in
	}
	return isTerminal(s.In)
}

// OutIsTerminal says whether a person reads the results.
func (s *IOStreams) OutIsTerminal() bool {
	if s.forced != nil {
		return s.forced.out
	}
	return isTerminal(s.Out)
}

// ErrIsTerminal says whether a person reads the errors.
func (s *IOStreams) ErrIsTerminal() bool {
	if s.forced != nil {
		return s.forced.errOut
	}
	return isTerminal(s.ErrOut)
}

// Width returns the columns of the terminal behind Out, or [DefaultWidth].
func (s *IOStreams) Width() int {
	if s.forced != nil {
		return s.forced.width
	}
	f, ok := s.Out.(*os.File)
	if !ok {
		return DefaultWidth
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width <= 0 {
		return DefaultWidth
	}
	return width
}

// File returns the open file behind a stream, for the few who need a
// descriptor: raw terminal mode, window sizes, handing a stream to a process.
// It returns false for buffers.
func File(stream any) (*os.File, bool) {
	f, ok := stream.(*os.File)
	return f, ok
}

func isTerminal(stream any) bool {
	f, ok := File(stream)
	return ok && term.IsTerminal(int(f.Fd()))
}
