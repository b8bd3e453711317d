// Package cmdutil is what every command of podctl is made with: the factory
// that hands out streams and the engine, the global flags, argument checks,
// flag value types, tables and --format, prompts, and the one place where an
// error becomes text and an exit code.
//
// It knows no verb. Nothing here opens a database, an image store or a
// network: what a command needs of these it asks the factory for, when it
// runs. All values are for one command line and one goroutine.
//
// The texts in this package are a contract with scripts: they are spelled as
// podman's command line spells them.
package cmdutil
