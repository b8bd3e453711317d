// Package specflags turns the flags of create, run and pod create into the
// engine's option structs.
//
// A group of flags about one subject is a small unexported struct with two
// methods: bind defines the flags, apply checks their values and writes them
// into a configuration. [ContainerFlags] and [PodFlags] are made of such
// groups, and share those that containers and pods have in common.
//
// Invariants:
//   - What nobody asked for stays the zero value; the engine completes it.
//   - The groups that containers and pods share, health and limits write only
//     what was given on the command line: a field that was not asked for keeps
//     what it had, so they can be laid over a configuration that exists.
//   - Nothing here looks at pods, images, volumes or networks; what needs a
//     look-up is checked by the engine.
//   - What is read of the host comes through [Env].
//
// The texts of errors are a contract with scripts: they are spelled as
// podman's command line spells them.
package specflags
