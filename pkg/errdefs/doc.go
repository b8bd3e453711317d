// Package errdefs holds the few classes of errors podctl tells apart and the
// sentinel texts users see at the end of an error line.
//
// A class ([ErrNotFound], [ErrExists], ...) is what code decides on: use
// errors.Is with a class to choose an exit code or a retry. A sentinel
// ([ErrNoSuchPod], [ErrCtrState], ...) is a class with the exact words of the
// command-line contract; it is wrapped last, so that the line reads outer
// context first, sentinel last. The package imports nothing.
package errdefs
