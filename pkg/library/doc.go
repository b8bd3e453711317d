// Package library is all that is done with images beyond making containers of
// those that are there: pulling, pushing, loading, saving, listing, removing,
// committing. It is a thin cover over github.com/containers/common/libimage, the
// library podman and buildah use, on top of a store of package image.
//
// It is a package of its own for what it brings along. libimage knows every way
// an image can come and go: registries, signatures, encryption, archives. That is
// two thirds of the program, and takes longer to initialize than most commands
// take to run. So nothing imports it but the commands on images, and the engine
// is handed it as an interface: podctl is built a second time without it (see
// cmd/podctl/part.go), and becomes the whole program when it is needed.
//
// What it does not do: it knows no database and no pods. What it must know of
// podctl's containers it asks through [image.Hooks]. It prints nothing; progress
// goes to the writer a caller hands in.
//
// Locks: those of containers/storage, as in package image.
package library
